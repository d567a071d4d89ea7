// `npm run bench`: the benchmarks, see bench/. `-- --quick` takes under two minutes, `-- --only verify-nats,junk` runs some.
import { join } from 'node:path';
import { installWhatIsMissing, pinnedNode, root, run } from './bootstrap.mjs';

await installWhatIsMissing();
const program = (...path) => [pinnedNode, '--conditions=@tollgate/source', join(root, ...path)];
const prepared = await run(program('tools', 'stack', 'src', 'testing', 'prepare.ts'));
if (prepared.code !== 0) process.exit(prepared.code);
const { code, interrupted } = await run([...program('bench', 'main.ts'), ...process.argv.slice(2)]);
// A run that was interrupted has not stopped its servers.
await run(program('tools', 'stack', 'src', 'testing', 'sweep.ts'));
process.exit(interrupted ? 130 : code);

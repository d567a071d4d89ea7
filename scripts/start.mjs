// `npm start`: see tools/stack.
import { join } from 'node:path';
import { installWhatIsMissing, pinnedNode, root, run } from './bootstrap.mjs';

await installWhatIsMissing();
const launcher = join(root, 'tools', 'stack', 'src', 'start.ts');
// Node strips the types itself, and packages of this repository are taken from their sources: nothing to build first.
const { code } = await run([pinnedNode, '--conditions=@tollgate/source', launcher], { ipc: true });
process.exit(code);

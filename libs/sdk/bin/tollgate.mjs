#!/usr/bin/env node
// Runs on whatever Node the machine has (20 and later) and hands over to the pinned one of this repository.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const wantedMajor = 24;
const pinnedNode = fileURLToPath(new URL('../../../node_modules/node/bin/node', import.meta.url));
const main = new URL('../dist/cli/main.js', import.meta.url);

if (!existsSync(main)) {
  process.stderr.write('Tollgate is not built yet: run `npm start` or `npm run build` once in its repository.\n');
  process.exitCode = 1;
} else if (Number(process.versions.node.split('.')[0]) >= wantedMajor) {
  const { run } = await import(main);
  process.exitCode = await run(process.argv.slice(2));
} else if (!existsSync(pinnedNode)) {
  process.stderr.write(
    `Tollgate needs Node ${wantedMajor} or later: run \`npm ci\` in its repository, which installs one.\n`,
  );
  process.exitCode = 1;
} else {
  const script = fileURLToPath(import.meta.url);
  const child = spawnSync(pinnedNode, [script, ...process.argv.slice(2)], { stdio: 'inherit' });
  if (child.signal) process.kill(process.pid, child.signal);
  process.exitCode = child.status ?? 1;
}

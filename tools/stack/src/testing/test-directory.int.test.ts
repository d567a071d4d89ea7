import { expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from '../processes.ts';
import { spawnLauncher } from './launcher-process.ts';
import { prepareDataDirectory, testEnvironment } from './start-stack.ts';
import { sweep, testRoot } from './test-directory.ts';

it('stops the servers and removes the directory of a test process that is gone', async () => {
  // A process that has ended: its id stands for that of a test run that was killed.
  const { pid } = spawnSync('true');
  const directory = join(testRoot(), `tollgate-test-${pid}-killed-1`);
  await prepareDataDirectory(directory);
  const launcher = spawnLauncher(await testEnvironment(directory));
  try {
    const { launcherPid } = await launcher.ready();
    await sweep();
    expect(isAlive(launcherPid)).toBe(false);
    expect(existsSync(directory)).toBe(false);
    const commands = spawnSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).stdout;
    expect(commands).not.toContain(directory);
  } finally {
    launcher.kill('SIGTERM');
    await launcher.exited;
  }
});

import { expect, it } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from '../processes.ts';
import { spawnLauncher } from './launcher-process.ts';
import { prepareDataDirectory, testEnvironment } from './start-stack.ts';
import { sweep, testRoot } from './test-directory.ts';

it('stops the servers and removes the directory of a test process that is gone', async () => {
  // Stands for a test run that is killed once its stack is there: until then nobody else may sweep the directory away.
  const run = spawn('sleep', ['120']);
  const directory = join(testRoot(), `tollgate-test-${run.pid}-killed-1`);
  await prepareDataDirectory(directory);
  const launcher = spawnLauncher(await testEnvironment(directory));
  try {
    const { launcherPid } = await launcher.ready();
    run.kill('SIGKILL');
    await once(run, 'exit');
    await sweep();
    expect(isAlive(launcherPid)).toBe(false);
    expect(existsSync(directory)).toBe(false);
    const commands = spawnSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).stdout;
    expect(commands).not.toContain(directory);
  } finally {
    run.kill('SIGKILL');
    launcher.kill('SIGTERM');
    await launcher.exited;
  }
});

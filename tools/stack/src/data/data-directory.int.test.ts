import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { processStart } from '../processes.ts';
import { makeTestDirectory, removeTestDirectory } from '../testing/test-directory.ts';
import { LAYOUT_VERSION, openDataDirectory } from './data-directory.ts';

describe('openDataDirectory', () => {
  let directory: string;
  beforeEach(async () => {
    directory = join(await makeTestDirectory('data'), 'made', 'here');
  });
  afterEach(() => removeTestDirectory(join(directory, '..', '..')));

  it('makes the directory and refuses a second launcher until the first has released it', () => {
    const first = openDataDirectory(directory);
    expect(() => openDataDirectory(directory)).toThrow(
      `A stack is already running on ${directory} (process ${process.pid}): stop it first, or set TOLLGATE_DATA_DIR to another directory.`,
    );
    first.release();
    openDataDirectory(directory).release();
    expect(readdirSync(directory)).toEqual(['layout-version']);
  });

  it.each([
    ['whose process is gone', { pid: 2 ** 22 + 1, start: 'then' }],
    ['whose process id belongs to another process now', { pid: process.pid, start: 'before the reboot' }],
    ['that is empty, as after a power failure', ''],
  ])('takes over a lock %s', (_case, content) => {
    openDataDirectory(directory).release();
    const lock = join(directory, 'launcher.lock');
    writeFileSync(lock, content === '' ? '' : JSON.stringify(content));
    const data = openDataDirectory(directory);
    expect(JSON.parse(readFileSync(lock, 'utf8'))).toEqual({ pid: process.pid, start: processStart(process.pid) });
    data.release();
    expect(readdirSync(directory)).toEqual(['layout-version']);
  });

  it('says so when the directory cannot be made', () => {
    openDataDirectory(directory).release();
    const inside = join(directory, 'layout-version', 'inside');
    expect(() => openDataDirectory(inside)).toThrow(`The data directory ${inside} cannot be written`);
  });

  it('releases only its own lock', () => {
    const data = openDataDirectory(directory);
    const lock = join(directory, 'launcher.lock');
    writeFileSync(lock, 'of another launcher');
    data.release();
    expect(readFileSync(lock, 'utf8')).toBe('of another launcher');
  });

  it('refuses a directory of another layout version with one sentence, and gives the lock back', () => {
    openDataDirectory(directory).release();
    writeFileSync(join(directory, 'layout-version'), '999\n');
    expect(() => openDataDirectory(directory)).toThrow(
      `${directory} has layout version 999 and this Tollgate uses version ${LAYOUT_VERSION}: use the Tollgate that made it, or move the directory away to start afresh.`,
    );
    expect(readdirSync(directory)).toEqual(['layout-version']);
  });

  it('does not take a directory for its own that holds a database of unknown origin', () => {
    openDataDirectory(directory).release();
    writeFileSync(join(directory, 'layout-version'), '');
    writeFileSync(join(directory, 'postgres'), '');
    expect(() => openDataDirectory(directory)).toThrow('layout version unknown');
  });
});

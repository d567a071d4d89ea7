import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { loadOrCreateSecret } from './secret-file.ts';

it('a secret file is made once, for its owner alone, and gives the same to all who start at once', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'tollgate-secret-'));
  try {
    const path = join(directory, 'deeper', 'secret');
    const found = await Promise.all(Array.from({ length: 8 }, () => loadOrCreateSecret(path)));
    expect(new Set(found).size).toBe(1);
    expect(found[0]).toMatch(/^[\w-]{43}$/);
    expect(await loadOrCreateSecret(path)).toBe(found[0]);
    expect(statSync(path).mode & 0o077).toBe(0);
    expect(await loadOrCreateSecret(join(directory, 'other'))).not.toBe(found[0]);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

import { createHash, verify } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { openCheckpoint, signCheckpoint } from './checkpoint.ts';
import { cosign, cosignedAt, openCosignature, withCosignature } from './cosignature.ts';
import { leafHash } from './hashes.ts';
import { formatVerifierKey, generateSigningKey, parseVerifierKey, readSigningKey } from './keys.ts';

const log = readSigningKey(generateSigningKey(), 'tollgate-audit');
const witness = readSigningKey(generateSigningKey(), 'tollgate-witness', 'cosignature');
const text = { origin: 'tollgate-audit/org_1', size: 7, root: leafHash('root') };
const note = signCheckpoint(text, log);
const at = 1_767_225_600;
const cosigned = withCosignature(note, cosign(note, witness, at));

describe('a cosignature', () => {
  it('is what the text of the standard says, byte by byte', () => {
    const line = cosign(note, witness, at);
    const [, base64 = ''] = /^\u2014 tollgate-witness ([A-Za-z0-9+/=]+)\n$/.exec(line) ?? [];
    const bytes = Buffer.from(base64, 'base64');
    const raw = witness.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
    const hash = createHash('sha256').update(Buffer.concat([Buffer.from('tollgate-witness\n\u0004'), raw]));
    expect(bytes.length).toBe(4 + 8 + 64);
    expect(bytes.subarray(0, 4)).toEqual(hash.digest().subarray(0, 4));
    expect(bytes.readBigUInt64BE(4)).toBe(BigInt(at));
    const message = `cosignature/v1\ntime ${at}\ntollgate-audit/org_1\n7\n${text.root.toString('base64')}\n`;
    expect(verify(null, Buffer.from(message), witness.publicKey, bytes.subarray(12))).toBe(true);
  });

  it('stands beside the signature of the log, and each is checked with its own key', () => {
    expect(openCheckpoint(cosigned, log)).toEqual(text);
    expect(openCosignature(cosigned, parseVerifierKey(formatVerifierKey(witness)))).toBe(at);
    const later = withCosignature(cosigned, cosign(note, witness, at + 60));
    expect(openCosignature(later, witness)).toBe(at + 60);
  });

  it('is refused when it is missing, of another, of another checkpoint, or altered', () => {
    const other = readSigningKey(generateSigningKey(), 'tollgate-witness', 'cosignature');
    expect([cosignedAt(note, witness), cosignedAt(cosigned, other), cosignedAt(cosigned, witness)]).toEqual([
      null,
      null,
      at,
    ]);
    expect(() => openCosignature(note, witness)).toThrow('The note is not cosigned by tollgate-witness+');
    expect(() => openCosignature(cosigned, other)).toThrow('is not cosigned by');
    const shorter = signCheckpoint({ ...text, size: 6 }, log);
    expect(() => openCosignature(withCosignature(shorter, cosign(note, witness, at)), witness)).toThrow('was altered');
    const line = cosign(note, witness, at);
    const bytes = Buffer.from(line.split(' ')[2] as string, 'base64');
    for (const index of [11, 12, bytes.length - 1]) {
      const altered = Buffer.from(bytes);
      altered[index] = (altered[index] as number) ^ 1;
      const wrong = `\u2014 tollgate-witness ${altered.toString('base64')}\n`;
      expect(() => openCosignature(withCosignature(note, wrong), witness)).toThrow('was altered');
    }
  });

  it('is made and checked with the key of a witness alone', () => {
    expect(() => cosign(note, log, at)).toThrow('is the key of a log');
    expect(() => openCosignature(cosigned, log)).toThrow('is the key of a log');
  });
});

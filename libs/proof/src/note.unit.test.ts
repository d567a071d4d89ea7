import { describe, expect, it } from '@jest/globals';
import { emptyRoot } from './hashes.ts';
import { formatCheckpoint, openCheckpoint, parseCheckpoint, signCheckpoint } from './checkpoint.ts';
import { formatVerifierKey, generateSigningKey, parseVerifierKey, readSigningKey } from './keys.ts';
import { openNote, signNote } from './note.ts';

const key = readSigningKey(generateSigningKey(), 'tollgate-audit');
const other = readSigningKey(generateSigningKey(), 'tollgate-audit');

describe('a signed note', () => {
  /** The example of https://pkg.go.dev/golang.org/x/mod/sumdb/note, whose signature is not ours. */
  const petervkey = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
  const petersText =
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
  const petersNote = `${petersText}\n\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`;

  it('of somebody else is read', () => {
    const peter = parseVerifierKey(petervkey);
    expect(openNote(petersNote, peter)).toBe(petersText);
    expect(formatVerifierKey(peter)).toBe(petervkey);
    expect(() => openNote(petersNote.replace('think', 'thank'), peter)).toThrow('one of them was altered');
  });

  it('is opened with the public key as text, and is the same each time', () => {
    const note = signNote('one\ntwo\n', key);
    expect(signNote('one\ntwo\n', key)).toBe(note);
    expect(openNote(note, parseVerifierKey(formatVerifierKey(key)))).toBe('one\ntwo\n');
  });

  it('may have signatures of others too', () => {
    const cosigned = signNote('text\n', key) + signNote('text\n', other).slice('text\n\n'.length);
    expect([openNote(cosigned, key), openNote(cosigned, other)]).toEqual(['text\n', 'text\n']);
  });

  it('is refused when another key signed it, or nobody', () => {
    expect(() => openNote(signNote('text\n', other), key)).toThrow(
      /^The note is signed by tollgate-audit\+[0-9a-f]{8} and not by/,
    );
    for (const none of [
      '',
      'text\n',
      'text\n\n',
      'text\n\nno signature\n',
      `text\n\n\u2014 name AAAA\n`,
      signNote('text\n', key).trimEnd(),
    ])
      expect(() => openNote(none, key)).toThrow();
    expect(() => signNote('no line break', key)).toThrow('ends with a line break');
  });
});

describe('a key', () => {
  it('is refused when its id or its form is wrong, and never quoted', () => {
    const text = formatVerifierKey(key);
    expect(() => parseVerifierKey(text.replace('tollgate', 'tollgote'))).toThrow('was altered');
    expect(() => parseVerifierKey('nonsense')).toThrow('name+id+key');
    expect(() => readSigningKey('canary', 'name')).toThrow('The signing key is no PEM private key.');
    expect(() => readSigningKey(generateSigningKey(), 'two words')).toThrow('no blanks');
  });
});

describe('a checkpoint', () => {
  const checkpoint = { origin: 'tollgate-audit/org_1', size: 5, root: emptyRoot() };

  it('is three lines, signed', () => {
    const text = `tollgate-audit/org_1\n5\n${emptyRoot().toString('base64')}\n`;
    expect(formatCheckpoint(checkpoint)).toBe(text);
    expect(openCheckpoint(signCheckpoint(checkpoint, key), key)).toEqual(checkpoint);
    expect(parseCheckpoint(`${text}an extension\n`)).toEqual(checkpoint);
  });

  it.each(['', 'origin\n', 'origin\n05\nAAAA\n', 'origin\n5\nAAAA\n', `\n5\n${emptyRoot().toString('base64')}\n`])(
    'is none: %j',
    (text) => expect(() => parseCheckpoint(text)).toThrow('holds no checkpoint'),
  );
});

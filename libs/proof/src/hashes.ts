import { createHash } from 'node:crypto';

/** Bytes of a SHA-256 hash. */
export const hashBytes = 32;

const leafPrefix = Buffer.of(0);
const nodePrefix = Buffer.of(1);

/** The hash of a leaf: SHA-256(0x00 || data), RFC 6962 section 2.1. Text is taken as UTF-8. */
export function leafHash(data: Uint8Array | string): Buffer {
  return createHash('sha256').update(leafPrefix).update(data).digest();
}

/** The hash of an inner node: SHA-256(0x01 || left || right), RFC 6962 section 2.1. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  return createHash('sha256').update(nodePrefix).update(left).update(right).digest();
}

/** The root of the tree without leaves: SHA-256 of nothing. */
export function emptyRoot(): Buffer {
  return createHash('sha256').digest();
}

/** Whether two hashes are the same. Nothing here is secret, so time does not matter. */
export function sameHash(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}

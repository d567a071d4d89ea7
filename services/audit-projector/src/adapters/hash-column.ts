import { hashBytes } from '@tollgate/proof';

/** Several hashes as they lie in one `bytea`: one behind the other. */
export function joinHashes(hashes: readonly Uint8Array[]): Buffer {
  return Buffer.concat(hashes);
}

export function splitHashes(column: Buffer): Buffer[] {
  return Array.from({ length: column.length / hashBytes }, (_, at) =>
    column.subarray(at * hashBytes, (at + 1) * hashBytes),
  );
}

import { createHash } from 'node:crypto';
import type { ClientBase } from '@tollgate/event-log';

/** Texts that are prepared at most: a projection has some dozens, and one that makes its texts up must not fill the server. */
const textsMax = 200;
const names = new Map<string, string>();

/**
 * The same transaction, whose statements with values Postgres parses and plans once for each connection and not in every batch.
 */
export function prepared(tx: ClientBase): ClientBase {
  const query = (text: unknown, values?: unknown) => {
    const name = typeof text === 'string' && Array.isArray(values) ? nameOf(text) : undefined;
    return name === undefined
      ? tx.query(text as string, values as unknown[])
      : tx.query({ name, text: text as string, values: values as unknown[] });
  };
  return Object.create(tx, { query: { value: query } }) as ClientBase;
}

function nameOf(text: string): string | undefined {
  const known = names.get(text);
  if (known !== undefined || names.size >= textsMax) return known;
  const name = `projection ${createHash('sha256').update(text).digest('base64url').slice(0, 22)}`;
  names.set(text, name);
  return name;
}

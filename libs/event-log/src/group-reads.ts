import { setImmediate as endOfTurn } from 'node:timers/promises';

interface Waiting<K, V> {
  readonly keys: readonly K[];
  resolve(values: Map<K, V>): void;
  reject(error: unknown): void;
}

/**
 * Reads of one turn of the event loop go together, and those that arrive while others are under way, as group commit does it
 * for writes: under load one statement serves many. A read never joins a load that was sent before it, so it sees what was
 * committed before it began.
 * @param load resolves to the values of keys, each asked for once; keys may be absent
 * @param keysMax of one load, unless a single read has more
 */
export function groupReads<K, V>(
  load: (keys: readonly K[]) => Promise<ReadonlyMap<K, V>>,
  keysMax = 500,
): (keys: readonly K[]) => Promise<Map<K, V>> {
  const waiting: Waiting<K, V>[] = [];
  let loading = false;

  function next(): Waiting<K, V>[] {
    let keys = 0;
    let count = 0;
    for (const read of waiting) {
      keys += read.keys.length;
      if (count > 0 && keys > keysMax) break;
      count += 1;
    }
    return waiting.splice(0, count);
  }

  async function run(): Promise<void> {
    loading = true;
    while (waiting.length > 0) {
      // Whoever was just answered may go on to read something else, and others come in the same turn.
      await endOfTurn();
      const reads = next();
      try {
        const values = await load([...new Set(reads.flatMap(({ keys }) => keys))]);
        for (const { keys, resolve } of reads) {
          const own = new Map<K, V>();
          for (const key of keys) if (values.has(key)) own.set(key, values.get(key)!);
          resolve(own);
        }
      } catch (error) {
        for (const { reject } of reads) reject(error);
      }
    }
    loading = false;
  }

  return (keys) =>
    new Promise((resolve, reject) => {
      waiting.push({ keys, resolve, reject });
      if (!loading) void run();
    });
}

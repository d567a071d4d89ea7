import { Injectable, type OnApplicationShutdown, Inject } from '@nestjs/common';
import type { Pool, PoolClient } from '@tollgate/event-log';
import { POOL } from '@tollgate/runtime';
import type { Leadership } from '../application/bookkeeping/ports.ts';

/** Advisory lock of the one clerk that writes the billing log. */
const CLERK_LOCK = 0x636c726b; // 'clrk'

/** Of all processes of the service one leads: a session lock in Postgres, which ends with its connection. */
@Injectable()
export class LeaderLock implements Leadership, OnApplicationShutdown {
  readonly #pool: Pool;
  #session: PoolClient | undefined;
  #asking: Promise<boolean> | undefined;

  constructor(@Inject(POOL) pool: Pool) {
    this.#pool = pool;
  }

  lead(): Promise<boolean> {
    this.#asking ??= this.#lead().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #lead(): Promise<boolean> {
    if (this.#session && (await stillThere(this.#session))) return true;
    this.#drop(new Error('the connection with the lock is gone'));
    const session = await this.#pool.connect();
    try {
      const { rows } = await session.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [
        CLERK_LOCK,
      ]);
      if (rows[0]?.locked) this.#session = session;
      else session.release();
    } catch (error) {
      // A connection that is never given back is missing in the pool for good, and this is asked several times a second.
      session.release(error as Error);
      throw error;
    }
    return this.#session !== undefined;
  }

  async onApplicationShutdown(): Promise<void> {
    // A lock that comes only now would stay with a connection that nobody closes.
    await this.#asking?.catch(() => undefined);
    // Closing the connection gives the lock back at once.
    this.#drop(new Error('the service ends'));
  }

  #drop(why: Error): void {
    this.#session?.release(why);
    this.#session = undefined;
  }
}

async function stillThere(session: PoolClient): Promise<boolean> {
  try {
    await session.query('SELECT 1');
    return true;
  } catch {
    return false;
  }
}

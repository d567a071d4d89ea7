import type { Kysely } from 'kysely';
import type { People, Person } from '../application/ports.ts';
import type { Database } from './database.ts';

export class PostgresPeople implements People {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  async find(accountIds: readonly string[]): Promise<ReadonlyMap<string, Person>> {
    if (accountIds.length === 0) return new Map();
    const rows = await this.#db
      .selectFrom('personal.people')
      .select(['account_id', 'name', 'email', 'external_subject'])
      .where('account_id', 'in', accountIds)
      .execute();
    return new Map(
      rows.map((row) => [row.account_id, { name: row.name, email: row.email, externalSubject: row.external_subject }]),
    );
  }

  async accountOf(orgId: string, externalSubject: string): Promise<string | null> {
    const row = await this.#db
      .selectFrom('personal.people')
      .select('account_id')
      .where('org_id', '=', orgId)
      .where('external_subject', '=', externalSubject)
      .executeTakeFirst();
    return row?.account_id ?? null;
  }

  async erase(accountId: string): Promise<void> {
    await this.#db.transaction().execute(async (tx) => {
      await tx.deleteFrom('personal.people').where('account_id', '=', accountId).execute();
      await tx.deleteFrom('personal.requests').where('account_id', '=', accountId).execute();
    });
  }

  async requests(
    requestIds: readonly string[],
  ): Promise<ReadonlyMap<string, { ip: string | null; userAgent: string | null }>> {
    if (requestIds.length === 0) return new Map();
    const rows = await this.#db
      .selectFrom('personal.requests')
      .select(['request_id', 'ip', 'user_agent'])
      .where('request_id', 'in', requestIds)
      .execute();
    return new Map(rows.map((row) => [row.request_id, { ip: row.ip, userAgent: row.user_agent }]));
  }
}

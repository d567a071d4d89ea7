import { Inject, Injectable } from '@nestjs/common';
import { TollgateError } from '@tollgate/contracts';
import { BalanceBook, type Command, type Settled } from './balance-book.ts';
import {
  BALANCE_NEWS,
  BALANCE_STORE,
  BALANCE_WRITER,
  MAIN_READER,
  type BalanceNews,
  type BalanceStore,
  type BalanceWriter,
  type MainReader,
} from './ports.ts';

/** Balances that are kept in memory; beyond, those that nobody uses are closed. */
const booksMax = 1_000;
/** Ids of charges whose organization is remembered. */
const placesMax = 100_000;

/** Finds the balance that a command is about, and gives it there. */
@Injectable()
export class BalanceBooks {
  readonly #books = new Map<string, BalanceBook>();
  /** Organizations of tokens and charges, which never change. */
  readonly #orgOf = new Map<string, string>();

  constructor(
    @Inject(MAIN_READER) private readonly main: MainReader,
    @Inject(BALANCE_STORE) private readonly store: BalanceStore,
    @Inject(BALANCE_WRITER) private readonly writer: BalanceWriter,
    @Inject(BALANCE_NEWS) private readonly news: BalanceNews,
  ) {}

  /** The log may be another state of itself: everything is read again before it is decided on. */
  forget(): void {
    this.#orgOf.clear();
    for (const book of this.#books.values()) book.forget();
  }

  /**
   * @param onlyOrg whoever acts for one organization sees nothing of the others
   * @throws TollgateError UNKNOWN_REFERENCE when there is no such token
   */
  async reserve(command: Extract<Command, { kind: 'reserve' }>, onlyOrg: string | null): Promise<Settled> {
    const { tokenId, chargeId } = command;
    const orgId = this.#orgOf.get(tokenId) ?? (await this.#orgOfToken(tokenId));
    if (orgId === null || (onlyOrg !== null && orgId !== onlyOrg))
      throw new TollgateError('UNKNOWN_REFERENCE', 'There is no such token. Take tokenId from the decision on it.', [
        { path: 'tokenId', message: 'names no token' },
      ]);
    this.#remember(tokenId, orgId);
    const settled = await this.#book(orgId).submit(command);
    this.#remember(`charge ${chargeId}`, orgId);
    return settled;
  }

  /** @throws TollgateError NOT_FOUND when there is no such charge */
  async close(command: Extract<Command, { kind: 'capture' | 'release' }>, onlyOrg: string | null): Promise<Settled> {
    const { chargeId } = command;
    const orgId = this.#orgOf.get(`charge ${chargeId}`) ?? (await this.store.find([chargeId])).get(chargeId)?.orgId;
    if (orgId === undefined || (onlyOrg !== null && orgId !== onlyOrg))
      throw new TollgateError('NOT_FOUND', `There is no charge ${chargeId}. Reserve it first with POST /v1/charges.`);
    this.#remember(`charge ${chargeId}`, orgId);
    return this.#book(orgId).submit(command);
  }

  settle(orgId: string): Promise<Settled> {
    return this.#book(orgId).submit({ kind: 'settle' });
  }

  async #orgOfToken(tokenId: string): Promise<string | null> {
    return (await this.main.read([{ kind: 'token', id: tokenId }])).of('token', tokenId)?.orgId ?? null;
  }

  #book(orgId: string): BalanceBook {
    const known = this.#books.get(orgId);
    if (known) return known;
    if (this.#books.size >= booksMax) for (const [id, { idle }] of this.#books) if (idle) this.#books.delete(id);
    const { main, store, writer, news } = this;
    const book = new BalanceBook(orgId, { main, store, writer, news });
    this.#books.set(orgId, book);
    return book;
  }

  #remember(id: string, orgId: string): void {
    if (this.#orgOf.size >= placesMax) this.#orgOf.clear();
    this.#orgOf.set(id, orgId);
  }
}

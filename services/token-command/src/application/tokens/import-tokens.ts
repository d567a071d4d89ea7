import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { type InputOf, isTollgateError, TollgateError, tokensImport } from '@tollgate/contracts';
import type { EventSource } from '@tollgate/event-log';
import { product } from '../../domain/product.ts';
import { createToken, credentialFormat, token } from '../../domain/token.ts';
import { CommandRunner, type Context, type StreamReference } from '../command-runner.ts';
import { importedTokenId } from '../ids.ts';
import { EVENT_SOURCE, READ_MODEL, TOKEN_LIST } from '../ports.ts';
import type { ReadModel } from '../read-model.ts';
import { pairingOf, streamsOf } from './pairing.ts';
import type { TokenList } from './ports.ts';
import { TokenPresenter } from './present.ts';

type Row = InputOf<typeof tokensImport>['tokens'][number];

@Handles(tokensImport)
export class ImportTokens implements OperationHandler<typeof tokensImport> {
  constructor(
    private readonly commands: CommandRunner,
    private readonly presenter: TokenPresenter,
    @Inject(TOKEN_LIST) private readonly list: TokenList,
    @Inject(READ_MODEL) private readonly readModel: ReadModel,
    @Inject(EVENT_SOURCE) private readonly source: EventSource,
  ) {}

  async execute(message: OperationMessage<typeof tokensImport>) {
    const { org, tokens: rows } = message.input;
    const ids = rows.map(({ digest }) => importedTokenId(digest));
    refuseRepeated(rows);
    const taken = await this.#inUse(rows.map(({ digest }) => digest));
    const create = (index: number, context: Context, now: string) => {
      const row = rows[index] as Row;
      if (taken.has(row.digest) || context.of(token, ids[index] as string).version > 0) throw digestInUse(index);
      return inRow(index, () => this.#create(row, ids[index] as string, org, context, now));
    };
    const outcome = await this.commands.run({
      operation: tokensImport,
      message,
      orgId: org,
      aggregate: token,
      id: ids[0] as string,
      restsOn: [[product, 'default'], ...ids.slice(1).map((id) => [token, id] as const), ...pairs(rows)],
      decide: (_, context, now) => create(0, context, now),
      also: (context, now) => ids.slice(1).map((id, index) => ({ id, events: create(index + 1, context, now) })),
    });
    return { tokens: await this.presenter.presentAll([outcome, ...outcome.others]), position: outcome.position };
  }

  #create(row: Row, tokenId: string, org: string, context: Context, now: string) {
    const { name, scope, digest, hint, expiresAt = null, acknowledgeBilling = false } = row;
    const { environment } = credentialFormat(context.of(product, 'default').state, undefined);
    const credential = { digest, hint, prefix: hint.slice(0, 8) };
    const command = {
      tokenId,
      name,
      scope,
      product: 'default',
      environment,
      expiresAt,
      acknowledgeBilling,
      credential,
    };
    return createToken({ status: 'none' }, { ...command, now, imported: true }, pairingOf(org, pairOf(row), context));
  }

  /** A digest of a token that exists is known only after its creation returned, so the read model of now has it. */
  async #inUse(digests: readonly string[]): Promise<ReadonlySet<string>> {
    await this.readModel.waitFor(await this.source.head());
    return new Set(await this.list.digestsInUse(digests));
  }
}

const pairOf = ({ accountId, scope }: Row) => ({ accountId, scope, teamId: null });

/** Each stream once: many rows share an account or a space. */
function pairs(rows: readonly Row[]): StreamReference[] {
  const all = rows.flatMap((row) => streamsOf(pairOf(row)));
  return [...new Map(all.map((reference) => [`${reference[0].category}-${reference[1]}`, reference])).values()];
}

/** Names the row in the paths of whatever is wrong with it. */
function inRow<T>(index: number, decide: () => T): T {
  try {
    return decide();
  } catch (error) {
    if (!isTollgateError(error)) throw error;
    const errors = (error.errors ?? [{ path: '', message: error.message }]).map(({ path, message }) => ({
      path: `tokens[${index}]${path === '' ? '' : `.${path}`}`,
      message,
    }));
    throw new TollgateError(error.code, `Row ${index + 1} of the import: ${error.message}`, errors);
  }
}

function refuseRepeated(rows: readonly Row[]): void {
  const first = new Map<string, number>();
  rows.forEach(({ digest }, index) => {
    if (first.has(digest)) throw digestInUse(index);
    first.set(digest, index);
  });
}

const digestInUse = (index: number) =>
  new TollgateError(
    'DIGEST_IN_USE',
    `Row ${index + 1} of the import has a digest that a token has already. Leave that row out. Nothing was imported.`,
    [{ path: `tokens[${index}].digest`, message: 'belongs to a token already' }],
  );

import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import {
  billingStatement,
  billingStatements,
  decodeCursor,
  encodeCursor,
  TollgateError,
  type OutputOf,
  type Statement,
} from '@tollgate/contracts';
import { openLedger } from '../open-ledger.ts';
import { LEDGERS, READ_MODEL, type Ledgers, type ReadModel } from '../ports.ts';
import { STATEMENTS, type IssuedStatement, type Statements } from './ports.ts';
import { statementAnswer } from './present.ts';

const list = billingStatements.name;

/** The statements of an organization in their order. */
@Handles(billingStatements)
export class ListStatements implements OperationHandler<typeof billingStatements> {
  constructor(
    @Inject(LEDGERS) private readonly ledgers: Ledgers,
    @Inject(READ_MODEL) private readonly readModel: ReadModel,
    @Inject(STATEMENTS) private readonly statements: Statements,
  ) {}

  async execute({ input }: OperationMessage<typeof billingStatements>): Promise<OutputOf<typeof billingStatements>> {
    const { org: orgId, limit, cursor, atLeast } = input;
    await openLedger(this.ledgers, this.readModel, { orgId, atLeast });
    const after = cursor === undefined ? 0 : Number(decodeCursor(list, orgId, cursor, ['number'])[0]);
    const found = await this.statements.list(orgId, after, limit + 1);
    const shown = found.slice(0, limit);
    const last = found.length > limit ? shown.at(-1) : undefined;
    return {
      items: shown.map(statementAnswer),
      nextCursor: last ? encodeCursor(list, orgId, [last.closing.no]) : null,
    };
  }
}

/** One statement. */
@Handles(billingStatement)
export class GetStatement implements OperationHandler<typeof billingStatement> {
  constructor(
    @Inject(LEDGERS) private readonly ledgers: Ledgers,
    @Inject(READ_MODEL) private readonly readModel: ReadModel,
    @Inject(STATEMENTS) private readonly statements: Statements,
  ) {}

  async execute({ input }: OperationMessage<typeof billingStatement>): Promise<Statement> {
    await openLedger(this.ledgers, this.readModel, { orgId: input.org, atLeast: input.atLeast });
    return statementAnswer(await issuedStatement(this.statements, input.org, input.no));
  }
}

/** @throws TollgateError NOT_FOUND while the statement is not issued */
export async function issuedStatement(statements: Statements, orgId: string, no: number): Promise<IssuedStatement> {
  const [found] = await statements.list(orgId, no - 1, 1);
  if (found?.closing.no === no) return found;
  throw new TollgateError(
    'NOT_FOUND',
    `Statement ${no} is not issued. GET /v1/orgs/${orgId}/billing/statements lists what is.`,
  );
}

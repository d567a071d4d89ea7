import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { balanceRemoveCap, balanceSetCap, type SpendingCap } from '@tollgate/contracts';
import { balance, setCap } from '../../domain/balance.ts';
import { token } from '../../domain/token.ts';
import { CommandRunner } from '../command-runner.ts';
import { presentSettings } from './present.ts';

type Operation = typeof balanceSetCap | typeof balanceRemoveCap;

async function run(
  commands: CommandRunner,
  operation: Operation,
  message: OperationMessage<Operation>,
  cap: SpendingCap | null,
) {
  const { org: orgId, tok: tokenId } = message.input;
  const outcome = await commands.run({
    operation,
    message,
    orgId,
    aggregate: balance,
    id: orgId,
    restsOn: [[token, tokenId]],
    decide: (state, context) => setCap(state, { orgId, tokenId, token: context.of(token, tokenId).state, cap }),
  });
  return presentSettings(orgId, outcome);
}

@Handles(balanceSetCap)
export class SetCap implements OperationHandler<typeof balanceSetCap> {
  constructor(private readonly commands: CommandRunner) {}

  execute(message: OperationMessage<typeof balanceSetCap>) {
    const { amountMicros, period } = message.input;
    return run(this.commands, balanceSetCap, message, { amountMicros, period });
  }
}

@Handles(balanceRemoveCap)
export class RemoveCap implements OperationHandler<typeof balanceRemoveCap> {
  constructor(private readonly commands: CommandRunner) {}

  execute(message: OperationMessage<typeof balanceRemoveCap>) {
    return run(this.commands, balanceRemoveCap, message, null);
  }
}

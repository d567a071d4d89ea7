import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { tokensGet } from '@tollgate/contracts';
import type { StreamReader } from '@tollgate/event-log';
import { fold } from '../../domain/aggregate.ts';
import { token } from '../../domain/token.ts';
import { streamName } from '../command-runner.ts';
import { LogPosition } from '../log-position.ts';
import { STREAMS } from '../ports.ts';
import { tokenFor } from '../visibility.ts';
import { TokenPresenter } from './present.ts';

@Handles(tokensGet)
export class GetToken implements OperationHandler<typeof tokensGet> {
  constructor(
    @Inject(STREAMS) private readonly streams: StreamReader,
    private readonly presenter: TokenPresenter,
    private readonly position: LogPosition,
  ) {}

  async execute({ input: { org, tok, atLeast }, call }: OperationMessage<typeof tokensGet>) {
    await this.position.reaches(atLeast);
    const folded = fold(token, await this.streams.readStream(streamName(token, tok)));
    tokenFor(call, org)(folded.state);
    return this.presenter.present(folded);
  }
}

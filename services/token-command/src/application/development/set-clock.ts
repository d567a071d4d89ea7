import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { devSetClock } from '@tollgate/contracts';
import { clock, moveClock } from '../../domain/clock.ts';
import { AuthorityClock } from '../authority-clock.ts';
import { CommandRunner } from '../command-runner.ts';
import { RevocationBarrier } from '../leases/revocation-barrier.ts';

/** The one stream of the development clock. */
export const developmentClockId = 'development';

/** Injection token of `Closings`. */
export const CLOSINGS = Symbol('Closings');

/** What falls due by the clock elsewhere. */
export interface Closings {
  /** Waits until the billing periods that are due at the authority time of a position are closed. */
  dueAt(position: number): Promise<unknown>;
}

@Handles(devSetClock)
export class SetClock implements OperationHandler<typeof devSetClock> {
  constructor(
    private readonly commands: CommandRunner,
    private readonly barrier: RevocationBarrier,
    private readonly authority: AuthorityClock,
    @Inject(CLOSINGS) private readonly closings: Closings,
  ) {}

  async execute(message: OperationMessage<typeof devSetClock>) {
    const { now } = message.input;
    const outcome = await this.commands.run({
      operation: devSetClock,
      message,
      orgId: null,
      aggregate: clock,
      id: developmentClockId,
      decide: (state) => moveClock(state, { now, wallMs: this.authority.wallMs() }),
    });
    const { offsetMs } = outcome.state;
    this.authority.advanceTo(offsetMs);
    // Tokens expire by it, so it narrows like a revoke.
    const barrier = await this.barrier.run(outcome.position);
    await this.closings.dueAt(outcome.position);
    return { clock: { now: this.authority.now(), offsetMs }, position: outcome.position, barrier };
  }
}

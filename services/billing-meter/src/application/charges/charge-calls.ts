import { Injectable } from '@nestjs/common';
import type { CallContext } from '@tollgate/bus';
import type { chargesCapture, chargesRelease, chargesReserve, InputOf, OutputOf } from '@tollgate/contracts';
import type { Charge, Step } from '../../domain/balance.ts';
import { BalanceBooks } from './books.ts';
import { chargeAnswer, declineOf, openingAnswer } from './present.ts';

type Answer = OutputOf<typeof chargesReserve>;

/** What the data plane asks for. Answered below Nest's pipeline: a paid call waits for two of these. */
@Injectable()
export class ChargeCalls {
  constructor(private readonly books: BalanceBooks) {}

  /** @throws TollgateError INSUFFICIENT_BALANCE, SPENDING_CAP_EXCEEDED, TOKEN_NOT_LIVE when it is declined */
  async reserve(input: InputOf<typeof chargesReserve>, call: CallContext): Promise<Answer> {
    const { maxAmountMicros = null, ...asked } = input;
    const command = { kind: 'reserve', ...asked, maxAmountMicros, by: callerOf(call) } as const;
    const { charge } = await this.books.reserve(command, onlyOrgOf(call));
    const decline = declineOf(charge as Charge);
    if (decline) throw decline;
    return { charge: openingAnswer(charge as Charge), position: (charge as Charge).opening.position };
  }

  async capture({ id, amountMicros }: InputOf<typeof chargesCapture>, call: CallContext): Promise<Answer> {
    const command = { kind: 'capture', chargeId: id, amountMicros, by: callerOf(call) } as const;
    return closingAnswer((await this.books.close(command, onlyOrgOf(call))).charge as Charge);
  }

  async release({ id }: InputOf<typeof chargesRelease>, call: CallContext): Promise<Answer> {
    const command = { kind: 'release', chargeId: id, by: callerOf(call) } as const;
    return closingAnswer((await this.books.close(command, onlyOrgOf(call))).charge as Charge);
  }
}

/** Nothing follows the closing of a charge, so this is its answer for ever. */
function closingAnswer(charge: Charge): Answer {
  return { charge: chargeAnswer(charge), position: (charge.closing as Step<'ChargeCaptured'>).position };
}

const callerOf = ({ principal }: CallContext): string => principal?.id ?? 'unknown';

/** A JWT that is limited to an organization never reaches another. */
const onlyOrgOf = ({ principal }: CallContext): string | null => principal?.orgId ?? null;

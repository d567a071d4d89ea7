import { TollgateError, type Balance as BalanceAnswer, type Charge as ChargeAnswer } from '@tollgate/contracts';
import type { Balance, Charge } from '../../domain/balance.ts';
import type { MainFacts } from '../../domain/main-facts.ts';

/** A charge as it stands. */
export function chargeAnswer(charge: Charge): ChargeAnswer {
  const { closing, expiry } = charge;
  const opened = openingAnswer(charge);
  if (!closing) return expiry ? { ...opened, status: 'expired', closedAt: expiry.data.expiredAt } : opened;
  switch (closing.type) {
    case 'ChargeCaptured': {
      const { amountMicros, capturedAt } = closing.data;
      return { ...opened, status: 'captured', amountMicros, closedAt: capturedAt };
    }
    case 'ChargeUncollected': {
      const { amountMicros, attemptedAt } = closing.data;
      return { ...opened, status: 'uncollected', amountMicros, closedAt: attemptedAt };
    }
    case 'ChargeReleased':
      return { ...opened, status: 'released', closedAt: closing.data.releasedAt };
  }
}

/** A charge as its first request left it, whatever has become of it since. */
export function openingAnswer({ orgId, opening }: Charge): ChargeAnswer {
  const { chargeId: id, tokenId, tool, amountMicros: maxAmountMicros } = opening.data;
  const shared = { id, orgId, tokenId, tool, maxAmountMicros, amountMicros: null };
  if (opening.type === 'ChargeReserved') {
    const { reservedAt: createdAt, expiresAt } = opening.data;
    return { ...shared, status: 'reserved', reason: null, createdAt, expiresAt, closedAt: null };
  }
  const { reason, declinedAt: createdAt } = opening.data;
  return { ...shared, status: 'declined', reason, createdAt, expiresAt: null, closedAt: null };
}

const declines = {
  'insufficient-balance': ['INSUFFICIENT_BALANCE', 'The operator tops the balance up'],
  'spending-cap': ['SPENDING_CAP_EXCEEDED', 'An owner or admin raises the cap of the token, or its period ends'],
  'token-not-live': ['TOKEN_NOT_LIVE', 'The call is made with a token that holds'],
} as const;

/** The refusal of a declined charge: always the same for the same charge. */
export function declineOf({ opening }: Charge): TollgateError | null {
  if (opening.type !== 'ChargeDeclined') return null;
  const { chargeId, amountMicros, declinedAt, reason } = opening.data;
  const [code, remedy] = declines[reason];
  const detail = `The charge ${chargeId} of ${amountMicros} micro-units was declined at ${declinedAt}, for good. ${remedy}; then reserve under another id.`;
  return new TollgateError(code, detail);
}

export function balanceAnswer(
  orgId: string,
  balance: Balance,
  { currency }: MainFacts['organization'],
  { thresholdMicros, caps }: MainFacts['balance'],
): BalanceAnswer {
  return {
    orgId,
    currency,
    availableMicros: String(balance.available),
    heldMicros: String(balance.held),
    toppedUpMicros: String(balance.toppedUp),
    capturedMicros: String(balance.captured),
    uncollectedMicros: String(balance.uncollected),
    thresholdMicros,
    caps: [...caps].map(([tokenId, cap]) => ({ tokenId, ...cap })),
    version: balance.version,
  };
}

import type { BalanceSettings } from '@tollgate/contracts';
import type { Outcome } from '../command-runner.ts';
import type { BalanceState } from '../../domain/balance.ts';

export function presentSettings(
  orgId: string,
  { state, position }: Pick<Outcome<BalanceState>, 'state' | 'position'>,
): { settings: BalanceSettings; position: number } {
  const caps = [...state.caps].map(([tokenId, cap]) => ({ tokenId, ...cap }));
  return { settings: { orgId, thresholdMicros: state.thresholdMicros, caps }, position };
}

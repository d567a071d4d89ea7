import type { ExistingToken } from '../../domain/token.ts';
import { shownOnce } from '../tokens/present.ts';
import { seal } from './seal.ts';

/** How an agent's secret leaves: in clear, or sealed if the agent has a public key. Once, whichever. */
export async function deliver({ agent }: ExistingToken, outcome: { replayed: boolean }, secret: string | null) {
  if (agent === null || agent.publicKey === null) return shownOnce(outcome, secret);
  const { secret: toSeal, ...rest } = shownOnce(outcome, secret) as { secret: string | null };
  return { ...rest, sealedSecret: toSeal === null ? null : await seal(toSeal, agent.publicKey) };
}

import { z } from 'zod';
import { operation } from '../operation.ts';
import { Barrier, Instant, Position } from '../values.ts';

export const devSetClock = operation({
  name: 'dev.set-clock',
  service: 'token-command',
  kind: 'command',
  summary: "Move the authority's time forward, for the whole stack",
  http: { method: 'PUT', path: '/v1/dev/clock' },
  who: ['operator'],
  input: z.strictObject({ now: Instant }),
  output: z.object({
    clock: z.object({ now: z.string(), offsetMs: z.number().int() }),
    position: Position,
    barrier: Barrier,
  }),
  errors: ['CLOCK_MOVES_FORWARD_ONLY'],
  narrowing: true,
  developmentOnly: true,
  // A year of periods may fall due at once.
  timeoutMs: 290_000,
  example: {
    output: {
      clock: { now: '2027-01-14T09:30:00.000Z', offsetMs: 86_400_000 },
      position: 1234,
      barrier: { waitedMs: 4.2, verifiers: 2, mode: 'acknowledged' },
    },
  },
});

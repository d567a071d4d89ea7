import { z } from 'zod';
import { operation, type ServiceName } from '../operation.ts';

export const RebuildReport = z
  .object({
    projection: z.string(),
    position: z.number().int(),
    /** The rebuilt tables equal the running ones, byte for byte. */
    identical: z.boolean(),
    tables: z.array(
      z.object({ name: z.string(), rows: z.number().int(), liveDigest: z.string(), rebuiltDigest: z.string() }),
    ),
    differences: z.array(z.string()),
  })
  .meta({
    example: {
      projection: 'token-list',
      position: 1234,
      identical: true,
      tables: [
        {
          name: 'tokens',
          rows: 42,
          liveDigest: '5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef',
          rebuiltDigest: '5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef',
        },
      ],
      differences: [],
    },
  });
export type RebuildReport = z.infer<typeof RebuildReport>;

const rebuild = <const N extends string>(projection: N, service: ServiceName) =>
  operation({
    name: `projections.rebuild-${projection}`,
    service,
    kind: 'command',
    summary: `Rebuild the projection ${projection} beside the running one, compare, switch`,
    http: { method: 'POST', path: `/v1/projections/${projection}/rebuild` },
    who: ['operator'],
    input: z.strictObject({}),
    output: RebuildReport,
    timeoutMs: 280_000,
  });

export const rebuildTokenList = rebuild('token-list', 'token-command');
export const rebuildReplica = rebuild('replica', 'token-command');
export const rebuildSeats = rebuild('seats', 'billing-meter');
export const rebuildLedger = rebuild('ledger', 'billing-meter');
export const rebuildAudit = rebuild('audit', 'audit-projector');
export const rebuildCredentials = rebuild('credentials', 'auth-verifier');

/** What `tollgate projections rebuild NAME` knows. */
export const rebuildOperations = {
  'token-list': rebuildTokenList,
  replica: rebuildReplica,
  seats: rebuildSeats,
  ledger: rebuildLedger,
  audit: rebuildAudit,
  credentials: rebuildCredentials,
} as const;

import { Inject, Injectable } from '@nestjs/common';
import type { OperationMessage } from '@tollgate/bus';
import type { AnyOperation } from '@tollgate/contracts';
import type { StreamReader } from '@tollgate/event-log';
import { product } from '../../domain/product.ts';
import { credentialFormat, type ExistingToken, regenerateToken, theToken, token } from '../../domain/token.ts';
import { CommandRunner } from '../command-runner.ts';
import { RevocationBarrier } from '../leases/revocation-barrier.ts';
import { STREAMS } from '../ports.ts';
import { ofThisOrganization } from '../visibility.ts';
import { mint } from './mint.ts';
import { readToken } from './read-token.ts';

export interface Rotation {
  readonly operation: AnyOperation;
  readonly message: OperationMessage<AnyOperation>;
  readonly orgId: string;
  readonly tokenId: string;
  readonly reason: string | null;
  readonly overlapSeconds: number;
  /** Refuses tokens that may not be rotated in this way. */
  readonly permit: (existing: ExistingToken) => void;
}

/** Replaces a token's secret, by hand or for its agent: the same decision, the same barrier. */
@Injectable()
export class TokenRotation {
  constructor(
    private readonly commands: CommandRunner,
    private readonly barrier: RevocationBarrier,
    @Inject(STREAMS) private readonly streams: StreamReader,
  ) {}

  async run({ operation, message, orgId, tokenId, reason, overlapSeconds, permit }: Rotation) {
    // A token's product never changes, so it may be read before the command runs.
    const { product: key, environment } = await readToken(this.streams, orgId, tokenId);
    let secret: string | null = null;
    const outcome = await this.commands.run({
      operation,
      message,
      orgId,
      aggregate: token,
      id: tokenId,
      restsOn: [[product, key]],
      visible: ofThisOrganization(orgId, 'token'),
      decide: (state, context, now) => {
        permit(theToken(state));
        const minted = mint(credentialFormat(context.of(product, key).state, environment ?? undefined));
        secret = minted.secret;
        const overlapUntil =
          overlapSeconds === 0 ? null : new Date(Date.parse(now) + overlapSeconds * 1000).toISOString();
        return regenerateToken(state, { credential: minted.credential, reason, overlapUntil, now });
      },
    });
    const barrier = await this.barrier.run(outcome.position);
    return { outcome, secret: secret as string | null, barrier };
  }
}

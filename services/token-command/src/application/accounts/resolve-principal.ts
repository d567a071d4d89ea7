import { Inject, Injectable } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { AccountId, principalsResolve } from '@tollgate/contracts';
import type { StreamReader } from '@tollgate/event-log';
import type { PrincipalQuestion, PrincipalResolver, ResolvedAccount } from '@tollgate/identity';
import { account } from '../../domain/account.ts';
import { fold } from '../../domain/aggregate.ts';
import { membership, membershipId } from '../../domain/membership.ts';
import { streamName } from '../command-runner.ts';
import { type People, PEOPLE, STREAMS } from '../ports.ts';

/** Finds the account behind a JWT's subject in the streams themselves, so that a role that was taken away counts at once. */
@Injectable()
export class StreamPrincipalResolver implements PrincipalResolver {
  constructor(
    @Inject(STREAMS) private readonly streams: StreamReader,
    @Inject(PEOPLE) private readonly people: People,
  ) {}

  resolve({ claims, orgId, spaceId }: PrincipalQuestion): Promise<ResolvedAccount | null> {
    return this.find(orgId, claims.sub, spaceId);
  }

  async find(orgId: string, subject: string, spaceId: string | null): Promise<ResolvedAccount | null> {
    const id = AccountId.safeParse(subject).success ? subject : await this.people.accountOf(orgId, subject);
    if (id === null) return null;
    const own = streamName(account, id);
    const ofSpace = spaceId === null ? null : streamName(membership, membershipId(spaceId, id));
    const streams = await this.streams.readStreams(ofSpace ? [own, ofSpace] : [own]);
    const { state } = fold(account, streams.get(own) ?? []);
    if (state.status === 'none' || state.orgId !== orgId) return null;
    const member = ofSpace ? fold(membership, streams.get(ofSpace) ?? []).state : membership.initial;
    return {
      id,
      kind: state.kind,
      role: state.role,
      active: state.status === 'active',
      administersSpace: member.status === 'member' && member.administers,
    };
  }
}

@Handles(principalsResolve)
export class ResolvePrincipal implements OperationHandler<typeof principalsResolve> {
  constructor(private readonly resolver: StreamPrincipalResolver) {}

  async execute({ input: { org, subject, space } }: OperationMessage<typeof principalsResolve>) {
    return { account: await this.resolver.find(org, subject, space ?? null) };
  }
}

import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { auditRecord, type InputOf, type OutputOf, TollgateError } from '@tollgate/contracts';
import { containsSecret } from '@tollgate/credential';
import type { AppendRequest, StreamReader } from '@tollgate/event-log';
import { fold } from '../../domain/aggregate.ts';
import { token } from '../../domain/token.ts';
import { streamName } from '../command-runner.ts';
import { keyOwner, keyReused } from '../idempotency.ts';
import { STREAMS } from '../ports.ts';
import { metaOf } from '../provenance.ts';
import { RequestHash } from '../request-hash.ts';
import { Recorder } from './recorder.ts';

type Message = OperationMessage<typeof auditRecord>;
type Activity = InputOf<typeof auditRecord>['records'][number];
type Answer = OutputOf<typeof auditRecord>;

/** Records what others saw a token do: an event each, by the token and not by who reports it. */
@Handles(auditRecord)
export class RecordActivity implements OperationHandler<typeof auditRecord> {
  constructor(
    @Inject(STREAMS) private readonly streams: StreamReader,
    private readonly recorder: Recorder,
    private readonly hash: RequestHash,
  ) {}

  async execute(message: Message): Promise<Answer> {
    const { records } = message.input;
    requireNoSecret(records);
    const org = await this.#organizationOf(records, message.call.principal?.orgId);
    return this.#append(org, message);
  }

  async #append(org: string, { input, call }: Message): Promise<Answer> {
    const reporter = call.principal?.id ?? 'unknown';
    const recorded = input.records.length;
    const requestHash = this.hash.of(input);
    // The actor stands in what an append says of all its events, so each token has an append of its own …
    const byToken = [...Map.groupBy(input.records, ({ tokenId }) => tokenId)];
    let position = 0;
    for (const [part, [tokenId, own]] of byToken.entries()) {
      const result = await this.recorder.record({
        stream: `activity-${org}.${tokenId}`,
        orgId: org,
        events: own.map((record) => ({ type: 'ActivityRecorded', data: dataOf(record, reporter) })),
        meta: metaOf({ type: 'token', id: tokenId }, call.requestId),
        ...keyOf(org, part, call, requestHash),
      });
      if (result.replayed && result.requestHash !== requestHash) throw keyReused();
      position = Math.max(position, result.replayed ? (result.replay as number) : Math.max(...result.positions));
    }
    return { org, recorded, position };
  }

  /** All tokens are there, and of one organization, which is the caller's own if it has one. */
  async #organizationOf(records: readonly Activity[], limitedTo: string | undefined): Promise<string> {
    const names = [...new Set(records.map(({ tokenId }) => streamName(token, tokenId)))];
    const streams = await this.streams.readStreams(names);
    const owners = records.map(({ tokenId }) => {
      const { state } = fold(token, streams.get(streamName(token, tokenId)) ?? []);
      return state.status === 'none' ? null : state.orgId;
    });
    const org = limitedTo ?? owners[0] ?? null;
    const wrong = owners.flatMap((owner, index) => (owner === null || owner !== org ? [index] : []));
    if (org !== null && wrong.length === 0) return org;
    throw new TollgateError(
      'UNKNOWN_REFERENCE',
      'Send records of tokens that exist and belong to one organization; a call for each organization.',
      wrong.map((index) => ({ path: `records[${index}].tokenId`, message: 'is no token of that organization' })),
    );
  }
}

function dataOf(record: Activity, reportedBy: string) {
  const { tokenId, decisionId, action, outcome, reason, target, spaceId, at, context } = record;
  return {
    ...{ tokenId, decisionId: decisionId ?? null, action, outcome, reason: reason ?? null, target: target ?? null },
    ...{ spaceId: spaceId ?? null, doneAt: at ?? null, details: context ?? null, reportedBy },
  };
}

/** … and a part of the key. A call that ended between two of them is completed by its repetition. */
function keyOf(
  orgId: string,
  part: number,
  call: Message['call'],
  requestHash: string,
): Pick<AppendRequest, 'idempotency'> {
  if (call.idempotencyKey === null) return {};
  return {
    idempotency: {
      orgId,
      caller: keyOwner(call),
      operation: part === 0 ? auditRecord.name : `${auditRecord.name} ${part}`,
      key: call.idempotencyKey,
      requestHash,
      answer: (positions) => Math.max(...positions),
    },
  };
}

function requireNoSecret(records: readonly Activity[]): void {
  const found = records.flatMap((record, index) => (textsIn(record).some(containsSecret) ? [index] : []));
  if (found.length === 0) return;
  throw new TollgateError(
    'SECRET_IN_RECORD',
    'The log keeps what is recorded for ever. Leave the secret out, name the token by its id, and revoke or regenerate it if others saw it.',
    found.map((index) => ({ path: `records[${index}]`, message: 'contains the secret of a token' })),
  );
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [name, ...textsIn(inner)]);
}

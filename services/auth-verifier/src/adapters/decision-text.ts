import type { Decision } from '@tollgate/contracts';

/**
 * The JSON of a decision, as `JSON.stringify` writes it, for the decisions that verifiers make: ASCII. Of one that accepts,
 * every field is known and none holds what JSON would escape (ids, instants and words of ours), so it is put together by
 * hand in a tenth of the time.
 */
export function decisionText(decision: Decision): string {
  return decision.valid && decision.previousSecret === undefined ? acceptedText(decision) : JSON.stringify(decision);
}

function acceptedText(decision: Decision): string {
  const { code, tokenId, orgId, account, scope, spaces, teamId, expiresAt, decisionId } = decision;
  const { id, kind } = account as NonNullable<typeof account>;
  let list = '';
  for (const space of spaces as readonly string[]) list += list === '' ? `"${space}"` : `,"${space}"`;
  return (
    `{"valid":true,"code":"${code}","tokenId":"${tokenId}","orgId":"${orgId}","account":{"id":"${id}","kind":"${kind}"}` +
    `,"scope":"${scope}","spaces":[${list}],"teamId":${quoted(teamId)},"expiresAt":${quoted(expiresAt)}` +
    `,"decisionId":"${decisionId}","position":${decision.position},"leaseRemainingMs":${decision.leaseRemainingMs}}`
  );
}

const quoted = (text: string | null | undefined) => (text === null ? 'null' : `"${text}"`);

import { partsOfMembershipKey, type Kind, type States } from './state.ts';

/**
 * Rows of a snapshot, in the order in which a verifier takes them: what is named before what names it where that matters. A
 * superseded digest comes after its token; see `Snapshot`.
 */
export const rowKinds = ['clock', 'product', 'team', 'account', 'membership', 'token', 'superseded'] as const;
export type RowKind = (typeof rowKinds)[number];

/** What `rowText` writes for a state, without its kind and key. */
export function rowText<K extends Kind>(kind: K, state: States[K]): string {
  return writers[kind](state);
}

/** The state in a row. The inverse of `rowText`. */
export function readRow<K extends Kind>(kind: K, key: string, text: string): States[K] {
  return readers[kind](key, text.split(' '));
}

/**
 * Fields separated by spaces, rows by semicolons: neither occurs in an id, a digest or a permission, and what may hold
 * anything is URI-encoded. It is read at a million rows in a few seconds, and needs no escape in JSON.
 */
const none = '-';
const json = (value: unknown) => encodeURIComponent(JSON.stringify(value));
const fromJson = (text: string | undefined) => JSON.parse(decodeURIComponent(text as string)) as never;
const orNone = (text: string | null) => (text === null || text === '' ? none : text);
const orNull = (text: string | undefined) => (text === none ? null : (text as string));

const writers: { readonly [K in Kind]: (state: States[K]) => string } = {
  clock: ({ offsetMs }) => String(offsetMs),
  product: ({ resources }) => json(resources),
  team: ({ policy, projects }) => `${json(policy)} ${json(projects)}`,
  account: ({ kind, active }) => `${kind} ${active ? 'active' : 'deactivated'}`,
  membership: ({ permissions }) => json(permissions),
  token: (token) =>
    [
      token.orgId,
      token.accountId,
      orNone(token.spaceId),
      token.product,
      orNone(token.environment),
      orNone(token.teamId),
      token.expiresAtMs === Infinity ? none : token.expiresAtMs,
      token.status,
      orNone(token.digest),
      ...(token.overlap ? [token.overlap.digest, token.overlap.untilMs] : []),
    ].join(' '),
};

const readers: { readonly [K in Kind]: (key: string, fields: readonly (string | undefined)[]) => States[K] } = {
  clock: (_, [offsetMs]) => ({ offsetMs: Number(offsetMs) }),
  product: (key, [resources]) => ({ key, resources: fromJson(resources) }),
  team: (id, [policy, projects]) => ({ id, policy: fromJson(policy), projects: fromJson(projects) }),
  account: (id, [kind, status]) => ({ id, kind: kind as 'member' | 'service', active: status === 'active' }),
  membership: (key, [permissions]) => ({ ...partsOfMembershipKey(key), permissions: fromJson(permissions) }),
  token: (
    id,
    [orgId, accountId, spaceId, product, environment, teamId, expiresAtMs, status, digest, previous, until],
  ) => ({
    id,
    orgId: orgId as string,
    accountId: accountId as string,
    spaceId: orNull(spaceId),
    product: product as string,
    environment: orNull(environment) as States['token']['environment'],
    teamId: orNull(teamId),
    expiresAtMs: expiresAtMs === none ? Infinity : Number(expiresAtMs),
    status: status as States['token']['status'],
    digest: orNull(digest) ?? '',
    overlap: previous === undefined ? null : { digest: previous, untilMs: Number(until) },
  }),
};

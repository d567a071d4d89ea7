import { hash } from 'node:crypto';
import { TollgateError } from '@tollgate/contracts';
import { createRemoteJWKSet, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import type { Claims } from './principal.ts';

export interface JwtVerifier {
  /**
   * @throws TollgateError UNAUTHENTICATED, with a detail that says what is wrong and never quotes the JWT
   * @throws TollgateError SERVICE_UNAVAILABLE when the issuer's keys cannot be fetched
   */
  verify(jwt: string): Promise<Claims>;
}

export interface JwtVerifierOptions {
  /** The `iss` that is trusted. Its keys are found by OpenID Connect discovery, at the first verification. */
  readonly issuer: string;
  readonly audience: string;
  /** Verified JWTs that are remembered, at most. */
  readonly rememberedMax?: number;
}

/** Asymmetric signatures only: a shared secret or `none` would let whoever verifies also sign. */
const algorithms = [
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'RS384',
  'RS512',
];
const jwtLengthMax = 16_384;
const fetchTimeoutMs = 2000;

/**
 * Verifies JWTs of one issuer (RFC 7519, OpenID Connect Discovery 1.0). A JWT that was verified once is remembered by its
 * SHA-256 until it expires, so that a busy caller costs one signature check.
 */
export function createJwtVerifier({ issuer, audience, rememberedMax = 10_000 }: JwtVerifierOptions): JwtVerifier {
  const keys = discoverLazily(issuer);
  const remembered = new Map<string, Claims>();

  return {
    async verify(jwt) {
      if (jwt.length > jwtLengthMax)
        throw unauthenticated('The JWT is too long to be one. Send a JWT of the configured issuer.');
      const digest = hash('sha256', jwt);
      const known = remembered.get(digest);
      if (known) {
        if (known.expiresAtMs > Date.now()) return known;
        remembered.delete(digest);
      }
      const claims = await verifyOnce(jwt, await keys(), issuer, audience);
      if (remembered.size >= rememberedMax) remembered.delete(remembered.keys().next().value as string);
      remembered.set(digest, claims);
      return claims;
    },
  };
}

/** The JWT of an `Authorization` header. @throws TollgateError UNAUTHENTICATED when there is none */
export function bearerOf(authorization: string | null | undefined): string {
  if (!authorization) throw unauthenticated('There is no Authorization header. Send "Authorization: Bearer <JWT>".');
  const match = /^Bearer +([^\s]+)\s*$/i.exec(authorization);
  if (!match) throw unauthenticated('The Authorization header has another form. Send "Authorization: Bearer <JWT>".');
  return match[1] as string;
}

async function verifyOnce(jwt: string, key: JWTVerifyGetKey, issuer: string, audience: string): Promise<Claims> {
  let payload: JWTPayload;
  try {
    // The tolerance is for `nbf` of issuers whose clock runs ahead; the expiry is compared strictly below.
    ({ payload } = await jwtVerify(jwt, key, {
      issuer,
      audience,
      algorithms,
      requiredClaims: ['sub', 'exp'],
      clockTolerance: 5,
    }));
  } catch (error) {
    throw explain(error);
  }
  const expiresAtMs = (payload.exp as number) * 1000;
  if (expiresAtMs <= Date.now()) throw unauthenticated('The JWT has expired. Get a new one from its issuer.');
  if (typeof payload.sub !== 'string' || payload.sub === '' || payload.sub.length > 200) {
    throw unauthenticated('The claim "sub" of the JWT must be a text of 1 to 200 characters.');
  }
  const { org } = payload;
  if (org !== undefined && typeof org !== 'string') throw unauthenticated('The claim "org" of the JWT must be a text.');
  return {
    sub: payload.sub,
    ...(org ? { org } : {}),
    scopes: scopesOf(payload['scope'] ?? payload['scp']),
    expiresAtMs,
  };
}

/** `scope` is space separated (RFC 8693); some issuers send a list. */
function scopesOf(scope: unknown): string[] {
  if (Array.isArray(scope)) return scope.filter((item): item is string => typeof item === 'string');
  return typeof scope === 'string' ? scope.split(' ').filter(Boolean) : [];
}

/** Fetches the discovery document once it is needed; a failure is forgotten, so that the next call tries again. */
function discoverLazily(issuer: string): () => Promise<JWTVerifyGetKey> {
  let discovery: Promise<JWTVerifyGetKey> | undefined;
  return () => {
    discovery ??= discover(issuer).catch((error: unknown) => {
      discovery = undefined;
      throw unreachable(error);
    });
    return discovery;
  };
}

async function discover(issuer: string): Promise<JWTVerifyGetKey> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const response = await fetch(url, {
    signal: AbortSignal.timeout(fetchTimeoutMs),
    headers: { accept: 'application/json' },
  });
  if (!response.ok) throw new Error(`${url} answered with status ${response.status}`);
  const document = (await response.json()) as { issuer?: unknown; jwks_uri?: unknown };
  if (document.issuer !== issuer) throw new Error(`${url} names another issuer than the one that is configured`);
  if (typeof document.jwks_uri !== 'string') throw new Error(`${url} names no jwks_uri`);
  return createRemoteJWKSet(new URL(document.jwks_uri), {
    timeoutDuration: fetchTimeoutMs,
    cooldownDuration: 5000,
    cacheMaxAge: 600_000,
  });
}

const reasons: Record<string, string> = {
  ERR_JWT_EXPIRED: 'The JWT has expired. Get a new one from its issuer.',
  ERR_JWKS_NO_MATCHING_KEY: 'The JWT was signed with a key that its issuer does not publish. Get a new one.',
  ERR_JWKS_MULTIPLE_MATCHING_KEYS: 'The JWT does not say which key signed it: its header needs a "kid".',
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: 'The signature of the JWT is wrong. Get a new one from its issuer.',
  ERR_JOSE_ALG_NOT_ALLOWED:
    'The JWT is signed with an algorithm that is not accepted. Use one with a public key, such as ES256.',
  ERR_JOSE_NOT_SUPPORTED:
    'The JWT is signed with an algorithm that is not accepted. Use one with a public key, such as ES256.',
  ERR_JWS_INVALID: 'The Authorization header holds no well-formed JWT.',
  ERR_JWT_INVALID: 'The Authorization header holds no well-formed JWT.',
};

const claimReasons: Record<string, string> = {
  iss: 'The JWT comes from another issuer than the one trusted here.',
  aud: 'The JWT is meant for another audience.',
  nbf: 'The JWT is not valid yet.',
  sub: 'The JWT has no claim "sub".',
  exp: 'The JWT has no claim "exp": one without an expiry is not accepted.',
};

function explain(error: unknown): TollgateError {
  const { code, claim } = error as { code?: unknown; claim?: unknown };
  if (code === 'ERR_JWT_CLAIM_VALIDATION_FAILED') {
    return unauthenticated(claimReasons[String(claim)] ?? 'A claim of the JWT is not acceptable.');
  }
  const reason = typeof code === 'string' ? reasons[code] : undefined;
  return reason ? unauthenticated(reason) : unreachable(error);
}

const unauthenticated = (detail: string): TollgateError => new TollgateError('UNAUTHENTICATED', detail);

const unreachable = (cause: unknown): TollgateError =>
  new TollgateError(
    'SERVICE_UNAVAILABLE',
    'The keys of the JWT issuer cannot be fetched right now. Try again shortly.',
    undefined,
    { cause },
  );

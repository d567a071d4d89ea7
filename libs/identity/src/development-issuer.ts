import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, SignJWT, type JWK } from 'jose';

/** An ES256 key pair; `kid` is its RFC 7638 thumbprint. It signs for whoever can read it, so it is for development only. */
export interface DevelopmentKey {
  readonly privateJwk: JWK;
  readonly publicJwk: JWK;
  readonly kid: string;
}

export interface DevelopmentJwtClaims {
  /** An account id, the name of a service, or `operator`. */
  readonly sub: string;
  readonly org?: string;
  /** Space separated. */
  readonly scope?: string;
  /** 3600 by default. */
  readonly expiresInSeconds?: number;
}

/** The key pair in `<dataDir>/dev-issuer.json`, made there (mode 0600) if there is none. Safe when two processes start at once. */
export async function loadOrCreateDevelopmentKey(dataDir: string): Promise<DevelopmentKey> {
  const path = join(dataDir, 'dev-issuer.json');
  const stored = await readFile(path, 'utf8').catch(() => undefined);
  if (stored) return developmentKeyOf(JSON.parse(stored) as JWK);
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  await mkdir(dataDir, { recursive: true });
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, `${JSON.stringify(await exportJWK(privateKey))}\n`, { mode: 0o600 });
  try {
    // The file appears whole or not at all, and the first one to appear stays: another process may be doing the same.
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft, { force: true });
  }
  return developmentKeyOf(JSON.parse(await readFile(path, 'utf8')) as JWK);
}

async function developmentKeyOf(privateJwk: JWK): Promise<DevelopmentKey> {
  const { d: _secret, ...publicPart } = privateJwk;
  const kid = await calculateJwkThumbprint(publicPart as JWK);
  return { privateJwk, publicJwk: { ...publicPart, kid, alg: 'ES256', use: 'sig' }, kid };
}

/** A JWT of the development issuer. */
export async function signDevelopmentJwt(
  key: DevelopmentKey,
  issuer: string,
  audience: string,
  { sub, org, scope, expiresInSeconds = 3600 }: DevelopmentJwtClaims,
): Promise<string> {
  const nowSeconds = Math.floor(Date.now() / 1000);
  return new SignJWT({ ...(org ? { org } : {}), ...(scope ? { scope } : {}) })
    .setProtectedHeader({ alg: 'ES256', kid: key.kid, typ: 'JWT' })
    .setSubject(sub)
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt(nowSeconds)
    .setExpirationTime(nowSeconds + expiresInSeconds)
    .setJti(randomUUID())
    .sign(await importJWK(key.privateJwk, 'ES256'));
}

/**
 * What the development issuer serves: `configuration` at `<issuer>/.well-known/openid-configuration`, `jwks` at
 * `<issuer>/jwks`. Only the fields that a verifier of JWTs reads.
 */
export function developmentIssuerDocuments(
  key: DevelopmentKey,
  issuer: string,
): { configuration: object; jwks: { keys: JWK[] } } {
  return {
    configuration: {
      issuer,
      jwks_uri: `${issuer}/jwks`,
      id_token_signing_alg_values_supported: ['ES256'],
      response_types_supported: ['none'],
      subject_types_supported: ['public'],
    },
    jwks: { keys: [key.publicJwk] },
  };
}

import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importJWK, SignJWT, UnsecuredJWT } from 'jose';
import {
  developmentIssuerDocuments,
  loadOrCreateDevelopmentKey,
  signDevelopmentJwt,
  type DevelopmentKey,
} from './development-issuer.ts';
import { bearerOf, createJwtVerifier, type JwtVerifier } from './jwt-verifier.ts';

const audience = 'tollgate';
let directory: string;
let key: DevelopmentKey;
let otherKey: DevelopmentKey;
let server: Server;
let issuer: string;
let verifier: JwtVerifier;
let answering = true;
let requests = 0;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tollgate-identity-'));
  key = await loadOrCreateDevelopmentKey(join(directory, 'a'));
  otherKey = await loadOrCreateDevelopmentKey(join(directory, 'b'));
  server = createServer((request, response) => {
    requests += 1;
    const { configuration, jwks } = developmentIssuerDocuments(key, issuer);
    const document = { '/.well-known/openid-configuration': configuration, '/jwks': jwks }[request.url ?? ''];
    response
      .writeHead(document && answering ? 200 : 503, { 'content-type': 'application/json', connection: 'close' })
      .end(JSON.stringify(document));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  verifier = createJwtVerifier({ issuer, audience });
});

afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  await rm(directory, { recursive: true });
});

const nowSeconds = (): number => Math.floor(Date.now() / 1000);
async function signed(claims: Record<string, unknown>): Promise<string> {
  const jwt = new SignJWT({ iss: issuer, aud: audience, sub: 'x', exp: nowSeconds() + 60, ...claims });
  return jwt.setProtectedHeader({ alg: 'ES256', kid: key.kid }).sign(await importJWK(key.privateJwk, 'ES256'));
}

describe('a JWT of the trusted issuer', () => {
  it('says who calls, for which organization, with which scopes, until when', async () => {
    const claims = await verifier.verify(
      await signDevelopmentJwt(key, issuer, audience, { sub: 'acc_1', org: 'org_1', scope: 'billing:read audit:read' }),
    );
    expect(claims).toMatchObject({ sub: 'acc_1', org: 'org_1', scopes: ['billing:read', 'audit:read'] });
    expect(Math.abs(claims.expiresAtMs - Date.now() - 3_600_000)).toBeLessThan(5000);
  });

  it('needs neither organization nor scope', async () => {
    const claims = await verifier.verify(await signDevelopmentJwt(key, issuer, audience, { sub: 'acc_1' }));
    expect(claims).not.toHaveProperty('org');
    expect(claims.scopes).toEqual([]);
  });

  it('is verified without asking the issuer again, and not beyond its expiry', async () => {
    const jwt = await signDevelopmentJwt(key, issuer, audience, { sub: 'acc_1', expiresInSeconds: 2 });
    await verifier.verify(jwt);
    const before = requests;
    await verifier.verify(jwt);
    expect(requests).toBe(before);
    const wallClock = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 2_000);
    try {
      await expect(verifier.verify(jwt)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    } finally {
      wallClock.mockRestore();
    }
  });
});

describe('a JWT is refused, without being quoted,', () => {
  it.each<[string, () => Promise<string>, string]>([
    ['when it has expired', () => signed({ exp: nowSeconds() - 1 }), 'expired'],
    ['when it never expires', () => signed({ exp: undefined }), 'no claim "exp"'],
    ['when it is not valid yet', () => signed({ nbf: nowSeconds() + 60 }), 'not valid yet'],
    ['when it is for another audience', () => signed({ aud: 'other' }), 'another audience'],
    ['when it comes from another issuer', () => signed({ iss: 'https://other.example' }), 'another issuer'],
    ['when it names nobody', () => signed({ sub: undefined }), 'no claim "sub"'],
    ['when its subject is too long', () => signed({ sub: 'x'.repeat(201) }), '"sub"'],
    ['when its organization is no text', () => signed({ org: 7 }), '"org"'],
    [
      'when another key signed it',
      () => signDevelopmentJwt(otherKey, issuer, audience, { sub: 'x' }),
      'does not publish',
    ],
    [
      'when another key signed it under our key id',
      () => signDevelopmentJwt({ ...otherKey, kid: key.kid }, issuer, audience, { sub: 'x' }),
      'signature',
    ],
    [
      'when a part was changed',
      async () => (await signed({})).replace(/\.[^.]+\./, `.${btoa('{"sub":"operator"}').replace(/=+$/, '')}.`),
      'signature',
    ],
    [
      'when nobody signed it',
      async () =>
        new UnsecuredJWT({ sub: 'x' }).setIssuer(issuer).setAudience(audience).setExpirationTime('1h').encode(),
      'algorithm',
    ],
    [
      'when a shared secret signed it',
      () =>
        new SignJWT({ sub: 'x' })
          .setProtectedHeader({ alg: 'HS256', kid: key.kid })
          .sign(new TextEncoder().encode(JSON.stringify(key.publicJwk))),
      'algorithm',
    ],
    ['when it is no JWT', async () => 'canary', 'well-formed'],
    ['when it is far too long', async () => 'x'.repeat(20_000), 'too long'],
  ])('%s', async (_what, make, detail) => {
    const jwt = await make();
    const error = await verifier.verify(jwt).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ code: 'UNAUTHENTICATED', message: expect.stringContaining(detail) });
    expect((error as Error).message).not.toContain(jwt);
  });

  it.each([[null], [''], ['Bearer'], ['Basic abc'], ['Bearer a b']])('when the header is %p', (header) => {
    expect(() => bearerOf(header)).toThrow('Send "Authorization: Bearer <JWT>"');
  });
});

describe('an issuer that cannot be reached', () => {
  it('makes the check unavailable, not the JWT invalid; and is asked again', async () => {
    const fresh = createJwtVerifier({ issuer, audience });
    const jwt = await signed({});
    answering = false;
    await expect(fresh.verify(jwt)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    answering = true;
    await expect(fresh.verify(jwt)).resolves.toMatchObject({ sub: 'x' });
  });

  it('also when nobody listens', async () => {
    const nowhere = createJwtVerifier({ issuer: 'http://127.0.0.1:1', audience });
    await expect(nowhere.verify(await signed({}))).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  });
});

describe('the development key', () => {
  it('is the same for all who start at once, and readable by its owner only', async () => {
    const shared = join(directory, 'shared');
    const keys = await Promise.all(Array.from({ length: 8 }, () => loadOrCreateDevelopmentKey(shared)));
    expect(new Set(keys.map(({ kid }) => kid)).size).toBe(1);
    expect(await readdir(shared)).toEqual(['dev-issuer.json']);
    expect((await stat(join(shared, 'dev-issuer.json'))).mode & 0o777).toBe(0o600);
  });

  it('publishes no private part', () => {
    expect(JSON.stringify(developmentIssuerDocuments(key, issuer))).not.toContain(key.privateJwk.d);
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createToken, openOrganization, type TestToken } from './testing/organization.ts';
import { startStage, until, type Stage } from './testing/stage.ts';

let stage: Stage;
let token: TestToken;

beforeAll(async () => {
  stage = await startStage(async (authority) => {
    await openOrganization(authority);
    // More than one page of the log.
    for (let i = 0; i < 1500; i++) token = await createToken(authority);
    authority.readable = false;
  });
});

afterAll(() => stage?.stop());

describe('a verifier that starts while the log cannot be read', () => {
  it('is alive, not ready, and decides nothing', async () => {
    expect((await stage.get('/healthz')).status).toBe(200);
    expect(await stage.get('/readyz')).toMatchObject({
      status: 503,
      text: expect.stringContaining('the log cannot be read yet'),
    });
    expect(await stage.post('/v1/verify', { token: token.secret })).toMatchObject({
      status: 503,
      body: { code: 'UNDECIDABLE' },
    });
    expect(await stage.post('/v1/verify', { token: token.secret, strict: true })).toMatchObject({
      status: 503,
      body: { code: 'UNDECIDABLE' },
    });
  });

  it('asks for no lease, so no narrowing change waits for it', () => {
    expect(stage.authority.leases.size).toBe(0);
  });

  it('reads the whole log and decides, once it can', async () => {
    stage.authority.readable = true;
    await until('the service is ready', async () => (await stage.get('/readyz')).status === 200);
    expect((await stage.post('/v1/verify', { token: token.secret })).body).toMatchObject({
      valid: true,
      tokenId: token.id,
      position: token.position,
    });
    expect(stage.authority.leases.size).toBe(1);
  });
});

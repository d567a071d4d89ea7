import { describe, expect, it } from '@jest/globals';
import { resolve } from 'node:path';
import { readConfig } from './config.ts';

describe('readConfig', () => {
  it('has a default for everything', () => {
    expect(readConfig({})).toMatchObject({
      dataDir: resolve('.tollgate'),
      host: '127.0.0.1',
      httpPort: 8080,
      verifierPort: 8081,
      natsPort: undefined,
      postgresPort: undefined,
      natsUrl: undefined,
      databaseUrl: undefined,
      dev: true,
      issuer: 'http://127.0.0.1:8080/dev/issuer',
      audience: 'tollgate',
    });
  });

  it('puts the development issuer where the control plane is', () => {
    expect(readConfig({ TOLLGATE_HTTP_PORT: '9000' }).issuer).toBe('http://127.0.0.1:9000/dev/issuer');
    expect(readConfig({ TOLLGATE_OIDC_ISSUER: 'https://id.example' }).issuer).toBe('https://id.example');
  });

  it('refuses the development switch in production, where it is off by itself', () => {
    const outside = { NODE_ENV: 'production', TOLLGATE_OIDC_ISSUER: 'https://id.example' };
    expect(readConfig(outside).dev).toBe(false);
    expect(() => readConfig({ ...outside, TOLLGATE_DEV: '1' })).toThrow(
      'TOLLGATE_DEV=1 is refused with NODE_ENV=production',
    );
    expect(() => readConfig({ NODE_ENV: 'production' })).toThrow('set TOLLGATE_OIDC_ISSUER to yours');
    expect(() => readConfig({ TOLLGATE_DEV: '0' })).toThrow('set TOLLGATE_OIDC_ISSUER to yours');
  });

  it.each(['http', '0', '65536', '-1', '80.5', ' 80', '8e3'])(
    'refuses the port "%s" with the name of the variable',
    (port) => {
      expect(() => readConfig({ TOLLGATE_NATS_PORT: port })).toThrow(
        `TOLLGATE_NATS_PORT is "${port}" and must be a port number from 1 to 65535.`,
      );
    },
  );

  it('refuses one port for two servers', () => {
    expect(() => readConfig({ TOLLGATE_HTTP_PORT: '9000', TOLLGATE_VERIFIER_PORT: '9000' })).toThrow('are both 9000');
  });
});

import { createServer } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { freePort } from './ports.ts';

describe('free ports', () => {
  it('that one process draws lie close together, apart from those of processes that start beside it', async () => {
    const ports = await Promise.all(Array.from({ length: 50 }, () => freePort()));
    expect(Math.max(...ports) - Math.min(...ports)).toBeLessThan(100);
  });

  it('are drawn once each, although nobody listens on the ones before yet', async () => {
    const ports = new Set<number>();
    for (let n = 0; n < 50; n++) ports.add(await freePort());
    expect(ports.size).toBe(50);
  });

  it('are found elsewhere when all of them are taken', async () => {
    const near = new Set<number>();
    const port = await freePort();
    for (let n = port - 100; n <= port + 100; n++) near.add(n);
    expect(near.has(await freePort('127.0.0.1', near))).toBe(false);
  });

  it('have nobody listening', async () => {
    const port = await freePort();
    const server = createServer();
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
    await new Promise((resolve) => server.close(resolve));
  });
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServiceHandle, TestStack } from '@tollgate/stack';
import { debianFile } from '../support/debian-file.ts';
import { Link } from './link.ts';

/** Rate of a slow clock. The promise holds down to L/(L + M) = 0.89. */
const slowRate = 0.95;

/** One verifier process behind a link of its own; only what it says to NATS goes through the link. */
export interface Verifier {
  readonly name: string;
  readonly handle: ServiceHandle;
  readonly link: Link;
  /** `slow`: all its clocks run at 0.95 of the machine's. `jumping`: its wall clock can be set. */
  readonly clock: 'true' | 'slow' | 'jumping';
  /** Sets the wall clock this far from the machine's, seconds. Only where it jumps. */
  setWallClock?(offsetSeconds: number): void;
}

export interface Fleet {
  readonly verifiers: readonly Verifier[];
  /** Why no clock is tampered with, if none is. */
  readonly clocksLeftAlone: string | null;
  stop(): Promise<void>;
}

/** Starts the verifiers, a third of them with slow clocks and a third with wall clocks that jump if libfaketime can be had. */
export async function startFleet(stack: TestStack, count: number): Promise<Fleet> {
  const directory = mkdtempSync(join(tmpdir(), 'tollgate-chaos-'));
  const natsPort = Number(new URL(stack.state.natsUrl).port);
  let faketime: string | null = null;
  let clocksLeftAlone: string | null = null;
  try {
    faketime = await debianFile('libfaketime', (path) => path.endsWith('/libfaketimeMT.so.1'));
  } catch (error) {
    clocksLeftAlone = `libfaketime cannot be had: ${(error as Error).message.trim()}`;
  }
  const start = async (index: number): Promise<Verifier> => {
    const name = `v${index + 1}`;
    const clock = faketime === null ? 'true' : (['true', 'slow', 'jumping'] as const)[index % 3]!;
    const file = join(directory, name);
    const setWallClock = (offsetSeconds: number) =>
      writeFileSync(file, `${offsetSeconds < 0 ? '' : '+'}${offsetSeconds}\n`);
    setWallClock(0);
    const link = await Link.to(natsPort);
    const env = { TOLLGATE_NATS_URL: link.url, ...clockEnvironment(clock, faketime ?? '', file) };
    const handle = await stack.spawn('auth-verifier', env);
    return { name, handle, link, clock, ...(clock === 'jumping' ? { setWallClock } : {}) };
  };
  // The stack's own verifier is behind no link.
  await stack.service('auth-verifier').stop();
  const verifiers: Verifier[] = [];
  for (let index = 0; index < count; index += 2) {
    const pair = [index, index + 1].filter((each) => each < count).map(start);
    verifiers.push(...(await Promise.all(pair)));
  }
  return {
    verifiers,
    clocksLeftAlone,
    async stop() {
      await Promise.all(verifiers.map(({ link }) => link.close()));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function clockEnvironment(clock: Verifier['clock'], library: string, file: string): Record<string, string> {
  if (clock === 'slow') return { LD_PRELOAD: library, FAKETIME: `+0 x${slowRate}` };
  if (clock === 'jumping') {
    return {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_CACHE_DURATION: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
  }
  return {};
}

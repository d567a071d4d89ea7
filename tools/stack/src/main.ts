import { once } from 'node:events';
import { resolve } from 'node:path';
import type { StackState } from '@tollgate/contracts';
import { StartError } from './files.ts';
import { launch, type LaunchOptions } from './launch.ts';
import { createOutput } from './output.ts';

/** What a newcomer may paste once the stack runs. */
function commandsToTry(state: StackState): string[] {
  const elsewhere = state.dataDir === resolve('.tollgate') ? '' : `TOLLGATE_DATA_DIR=${state.dataDir} `;
  return [
    `curl -s ${state.httpUrl}/readyz`,
    `${elsewhere}npx tollgate orgs create --name Acme --plan pro --currency EUR --time-zone Europe/Berlin`,
    'npx tollgate --help',
  ];
}

/**
 * `npm start`: runs the stack in the foreground until Ctrl-C (or SIGTERM, or the end of the terminal), then stops it in
 * order. Ends the process: 0 after a stop that was asked for, 1 if the stack could not be started.
 */
export async function main(
  options: Partial<Pick<LaunchOptions, 'services' | 'build' | 'readyTimeoutMs'>> = {},
): Promise<never> {
  const startedAt = performance.now();
  // The terminal may be gone: there is nobody left to tell, and the stack still has to be stopped.
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);
  const output = createOutput((text) => void process.stdout.write(text));
  const asked = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // The same Ctrl-C arrives several times (from the terminal, from npm, from the bootstrap): it counts once.
    process.on(signal, () => asked.abort());
  }
  process.on('disconnect', () => asked.abort());
  let exitCode = 0;
  process.on('uncaughtException', (error) => {
    console.error(error);
    exitCode = 1;
    asked.abort();
  });
  try {
    const stack = await launch({ ...options, env: process.env, output, signal: asked.signal });
    printReady(stack.state, performance.now() - startedAt, output.line);
    if (!asked.signal.aborted) await once(asked.signal, 'abort');
    output.line('\nStopping …');
    await stack.stop();
    output.line('stopped');
  } catch (error) {
    if (asked.signal.aborted) {
      output.line('stopped');
    } else {
      console.error(error instanceof StartError ? error.message : error);
      exitCode = 1;
    }
  }
  process.exit(exitCode);
}

function printReady(state: StackState, tookMs: number, line: (text: string) => void): void {
  line(`
Tollgate is ready after ${(tookMs / 1000).toFixed(1)} s.

  control plane  ${state.httpUrl}
  data plane     ${state.verifierUrl}
  NATS           ${state.natsUrl.replace(/\/\/.*@/, '//')}
  Postgres       ${state.postgres}
  data and logs  ${state.dataDir}

Try:
${commandsToTry(state)
  .map((command) => `  ${command}`)
  .join('\n')}

Ctrl-C stops it; the data stays.`);
}

import type { StackState } from '@tollgate/contracts';
import { write } from '../process.ts';
import { runningStack } from '../stack.ts';

/** `tollgate env`: every address of the running stack as shell exports. */
export function env(): void {
  write(
    Object.entries(environmentOf(runningStack()))
      .map(([name, value]) => `export ${name}=${quote(value)}`)
      .join('\n'),
  );
}

/** The variables that lead to a stack. */
export function environmentOf(state: StackState): Record<string, string> {
  const services = Object.entries(state.services).flatMap(([name, { url, metricsUrl }]) => {
    const variable = `TOLLGATE_${name.toUpperCase().replaceAll('-', '_')}`;
    return [
      [`${variable}_HEALTH_URL`, url],
      [`${variable}_METRICS_URL`, metricsUrl],
    ];
  });
  return {
    TOLLGATE_HTTP_URL: state.httpUrl,
    TOLLGATE_VERIFIER_URL: state.verifierUrl,
    TOLLGATE_HTTP_PORT: portOf(state.httpUrl),
    TOLLGATE_VERIFIER_PORT: portOf(state.verifierUrl),
    TOLLGATE_NATS_URL: state.natsUrl,
    TOLLGATE_NATS_PORT: portOf(state.natsUrl),
    TOLLGATE_POSTGRES_PORT: portOf(`postgres://${state.postgres}`),
    TOLLGATE_DATA_DIR: state.dataDir,
    ...Object.fromEntries(services),
  };
}

const defaultPorts: Readonly<Record<string, string>> = {
  'http:': '80',
  'https:': '443',
  'nats:': '4222',
  'postgres:': '5432',
};

function portOf(url: string): string {
  const { port, protocol } = new URL(url);
  return port === '' ? (defaultPorts[protocol] ?? '') : port;
}

/** For POSIX shells: what is not plainly harmless stands in single quotes. */
function quote(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}

import { fork, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, credsAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import { subjectOf, tokensVerify, type Decision } from '@tollgate/contracts';
import { createUserCreds, type NatsAccountKeys } from '@tollgate/identity';
import { startStack, type ServiceHandle, type TestStack } from '@tollgate/stack';
import pg from 'pg';
import { callersOf, type Callers } from '../test/support/api.ts';
import { accountOf, populationRows, secretOf, spacesOf } from './population.ts';
import { Requester } from './requester.ts';

export const verifySubject = subjectOf(tokensVerify);
const rowsPerStatement = 10_000;

/** A stack of its own, with every service a process, and a client beside it. */
export interface Stage {
  readonly stack: TestStack;
  readonly callers: Callers;
  readonly nc: NatsConnection;
  /** For other programs that are to use the bus as this one does. */
  readonly creds: string;
  readonly requester: Requester;
  /** The administrator's connections to the stack's Postgres. */
  readonly admin: pg.Pool;
  /** Runs a program of this directory beside the stack until the end; resolves once it says that it is ready. */
  run(program: string, ...args: string[]): Promise<unknown>;
  stop(): Promise<void>;
}

export async function startStage(): Promise<Stage> {
  const stack = await startStack();
  const callers = await callersOf(stack);
  const creds = await unlimitedCreds(stack);
  const nc = await connect({ servers: stack.state.natsUrl, authenticator: credsAuthenticator(Buffer.from(creds)) });
  const admin = new pg.Pool({ connectionString: stack.secrets.databaseAdminUrl, max: 4 });
  const children: ChildProcess[] = [];
  return {
    stack,
    callers,
    nc,
    creds,
    requester: new Requester(nc),
    admin,
    run(program, ...args) {
      const path = fileURLToPath(new URL(program, import.meta.url));
      const child = fork(path, args, { execArgv: ['--conditions=@tollgate/source'] });
      children.push(child);
      return new Promise((resolve, reject) => {
        child.once('message', resolve);
        child.once('exit', (code) => reject(new Error(`${program} ended with ${code}`)));
      });
    },
    async stop() {
      for (const child of children) child.kill();
      await nc.close();
      await admin.end();
      await stack.stop();
    },
  };
}

/** A NATS user who may use every subject. */
function unlimitedCreds({ state }: TestStack): Promise<string> {
  const keys = JSON.parse(readFileSync(state.natsAccountKeysFile as string, 'utf8')) as NatsAccountKeys;
  const all = { allow: ['>'] };
  return createUserCreds(keys, 'bench', { publish: all, subscribe: all });
}

/**
 * Puts a population into the rows that verifiers begin with. It is in no event: a bootstrap from a snapshot does not read
 * them, and writing a million would take this bench longer than all that it measures.
 */
export async function seed({ admin }: Stage, tokens: number): Promise<void> {
  const live = await admin.query<{ generation: number }>(
    `SELECT generation FROM tokens.projection_checkpoints WHERE name = 'replica' AND live`,
  );
  const table = `tokens.replica__${live.rows[0]!.generation}`;
  let rows: [number[], string[], string[]] = [[], [], []];
  const write = async () => {
    // The product `default` is there already.
    const text = `INSERT INTO ${table} SELECT * FROM unnest($1::smallint[], $2::text[], $3::text[]) ON CONFLICT DO NOTHING`;
    await admin.query(text, rows);
    rows = [[], [], []];
  };
  for (const { kind, key, state } of populationRows(tokens)) {
    rows[0].push(kind);
    rows[1].push(key);
    rows[2].push(state);
    if (rows[0].length === rowsPerStatement) await write();
  }
  await write();
  await admin.query(`VACUUM ANALYZE ${table}`);
}

/** Bytes of physical memory that a process holds, and the most that it ever held. */
export function memoryOf({ pid }: ServiceHandle): { residentBytes: number; peakBytes: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const bytes = (name: string) => 1024 * Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]);
  return { residentBytes: bytes('VmRSS'), peakBytes: bytes('VmHWM') };
}

/** The body of a verification of a token of the population. */
export function verifyBody(token: number): Uint8Array {
  const [space] = spacesOf(accountOf(token));
  return Buffer.from(JSON.stringify({ token: secretOf(token), space, resource: 'agents', operation: 'list' }));
}

/** So many bodies, of tokens chosen by chance. */
export function verifyBodies(count: number, tokens: number): Uint8Array[] {
  return Array.from({ length: count }, () => verifyBody(Math.floor(Math.random() * tokens)));
}

/** The answer to one of these bodies, which must be a token that holds. */
export async function sampleAnswer(stage: Stage, body: Uint8Array): Promise<Uint8Array> {
  const answer = await stage.requester.request(verifySubject, body);
  const decision = JSON.parse(Buffer.from(answer).toString()) as Decision;
  if (!decision.valid) throw new Error(`The population is not there: ${JSON.stringify(decision)}`);
  return answer;
}

/** Lets caches, compilers and the log's consumers come to rest. */
export const settle = (ms = 300): Promise<void> => sleep(ms);

import type { AnyOperation } from '@tollgate/contracts';
import { TollgateClient, type CallOptions } from '../client.ts';
import { chooseCaller, jwtOf } from './callers.ts';
import { CommandFailure, UsageError } from './failures.ts';
import { knownStack } from './stack.ts';

/**
 * Calls an operation of the stack that `TOLLGATE_HTTP_URL` and `TOLLGATE_VERIFIER_URL` name, else of the data directory.
 * `options` are the parsed options `as`, `idempotencyKey`, `ifMatch`.
 */
export async function callOperation(
  operation: AnyOperation,
  input: Record<string, unknown>,
  options: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  const { client, callOptions } = await clientFor(operation, input, options);
  return client.call(operation, input, callOptions);
}

/** As `callOperation`, but gives the response itself: for answers that are text and may be long. */
export async function openOperation(
  operation: AnyOperation,
  input: Record<string, unknown>,
  options: Readonly<Record<string, unknown>>,
): Promise<Response> {
  const { client, callOptions } = await clientFor(operation, input, options);
  return client.open(operation, input, callOptions);
}

async function clientFor(
  operation: AnyOperation,
  input: Record<string, unknown>,
  options: Readonly<Record<string, unknown>>,
): Promise<{ client: TollgateClient; callOptions: CallOptions }> {
  const state = knownStack();
  const url = process.env['TOLLGATE_HTTP_URL'] ?? state?.httpUrl;
  const verifierUrl = process.env['TOLLGATE_VERIFIER_URL'] ?? state?.verifierUrl;
  if (!url || !verifierUrl) {
    throw new CommandFailure(
      'There is no stack here: start one with `npm start`, or set TOLLGATE_HTTP_URL and TOLLGATE_VERIFIER_URL.',
    );
  }
  const org = input['org'] as string | undefined;
  const caller = chooseCaller(operation, { as: options['as'] as string | undefined, org, env: process.env });
  const client = new TollgateClient({ url, verifierUrl, token: await jwtOf(caller, state) });
  const callOptions = {
    ...(options['idempotencyKey'] === undefined ? {} : { idempotencyKey: options['idempotencyKey'] as string }),
    ...(options['ifMatch'] === undefined ? {} : { ifMatch: versionOf(options['ifMatch'] as string) }),
  };
  return { client, callOptions };
}

function versionOf(text: string): number {
  if (!/^\d+$/.test(text)) throw new UsageError('--if-match takes the version of the resource, such as 3.');
  return Number(text);
}

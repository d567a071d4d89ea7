import { AsyncLocalStorage } from 'node:async_hooks';

const requests = new AsyncLocalStorage<string>();

/** Runs `run` so that every log line written from within carries this `requestId`. */
export function withRequest<T>(requestId: string, run: () => T): T {
  return requests.run(requestId, run);
}

/** The id of the request in whose service the code runs, if any. */
export function currentRequestId(): string | undefined {
  return requests.getStore();
}

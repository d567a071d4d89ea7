import * as contracts from '@tollgate/contracts';
import type { AnyOperation, OutputOf, RequestOf } from '@tollgate/contracts';
import type { CallOptions } from './client.ts';

type Contracts = typeof contracts;

/** Public operations by their names: `{'tokens.create': …}`. Those between services are left out. */
type Operations = {
  [
    K in keyof Contracts as Contracts[K] extends {
      name: infer N extends string;
      internal?: infer Internal;
      input: unknown;
    }
      ? true extends Internal
        ? never
        : N
      : never
  ]: Contracts[K];
};

type GroupOf<Name> = Name extends `${infer Group}.${string}` ? Group : never;

type CamelCase<Text extends string> = Text extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Text;

type Call<Op> = Op extends AnyOperation
  ? (input: RequestOf<Op>, options?: CallOptions) => Promise<OutputOf<Op>>
  : never;

/** `tokens.verify-batch` becomes `tokens.verifyBatch(input, options)`. */
export type Namespaces = {
  readonly [Group in GroupOf<keyof Operations>]: {
    readonly [Name in keyof Operations as Name extends `${Group}.${infer Rest}` ? CamelCase<Rest> : never]: Call<
      Operations[Name]
    >;
  };
};

/** What makes the calls of the namespaces. */
interface Caller {
  call(operation: AnyOperation, input: never, options?: CallOptions): Promise<unknown>;
}

/** One object per group of operations, each with one function per operation that has a route. */
export function namespaces(client: Caller): Namespaces {
  const groups: Record<string, Record<string, unknown>> = {};
  for (const operation of contracts.allOperations) {
    if (operation.internal) continue;
    const [group, rest] = operation.name.split('.') as [string, string];
    const name = rest.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
    (groups[group] ??= {})[name] = (input: never, options?: CallOptions) => client.call(operation, input, options);
  }
  return groups as unknown as Namespaces;
}

import { z } from 'zod';
import type { ErrorCode } from './errors.ts';

export type ServiceName =
  'api-gateway' | 'token-command' | 'auth-verifier' | 'billing-meter' | 'audit-projector' | 'witness';

export type Role = 'owner' | 'admin' | 'member';

/**
 * Who may call an operation; one match is enough.
 * `operator` holds the scope `platform:operate`. `owner`, `admin`, `member` are roles of an active account in the
 * organization that the input names. `space-administrator` administers the space that the input names.
 * `scope:…` is a scope of the caller's JWT. `caller` is any bus user whose permissions cover the subject.
 */
export type Caller = 'operator' | Role | 'space-administrator' | `scope:${string}` | 'caller';

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** An input is always a flat object: path parameters, then query (GET, DELETE) or body fields. */
export type InputSchema = z.ZodObject<z.ZodRawShape>;

export interface Operation<I extends InputSchema = InputSchema, O extends z.ZodType = z.ZodType> {
  /** `tokens.create`: the subject is `tollgate.v1.tokens.create`. */
  readonly name: string;
  readonly service: ServiceName;
  /** A command changes the log, a query reads. Commands take `Idempotency-Key` and `If-Match`. */
  readonly kind: 'command' | 'query';
  readonly summary: string;
  /**
   * The HTTP route: `/v1/orgs/:org/tokens`. Absent: bus only.
   * `door` names the HTTP server: `control` is the api-gateway (default), `data` the auth-verifier.
   */
  readonly http?: {
    readonly method: HttpMethod;
    readonly path: string;
    readonly status?: number;
    readonly door?: 'control' | 'data';
    /** The body is a JSON list, and this field of the input takes it. */
    readonly listField?: string;
    /**
     * The answer over HTTP is not JSON but text of one of these media types. The output is then a `RawPage`: the gateway
     * sends its `body`, and the bodies that follow, as one stream.
     */
    readonly raw?: readonly string[];
  };
  readonly who: readonly Caller[];
  readonly input: I;
  readonly output: O;
  readonly errors?: readonly ErrorCode[];
  /** How long a caller waits for the answer; 10 000 unless it says otherwise. Less than 300 000, at which HTTP clients give up. */
  readonly timeoutMs?: number;
  /** Takes access away: answers after the barrier, with `position` and `barrier`. */
  readonly narrowing?: boolean;
  /** Between services only: the subject is `tollgate.internal.<name>`, no JWT is needed and no outside user may call it. */
  readonly internal?: boolean;
  /** Exists only while `TOLLGATE_DEV=1`. */
  readonly developmentOnly?: boolean;
  /** What `exampleOf` cannot put together from the examples of the schemas, and what tells more than those. */
  readonly example?: { readonly input?: Partial<z.input<I>>; readonly output?: z.input<O> };
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the element type of lists of operations of every shape
export type AnyOperation = Operation<any, any>;

/** What the handler receives (defaults applied). */
export type InputOf<Op extends AnyOperation> = z.output<Op['input']>;
/** What a client sends. */
export type RequestOf<Op extends AnyOperation> = z.input<Op['input']>;
export type OutputOf<Op extends AnyOperation> = z.output<Op['output']>;

/** What only the type of a definition keeps: its name, and whether it stays between services. The SDK is typed by both. */
export interface OperationIdentity<N extends string, Internal extends boolean> {
  readonly name: N;
  readonly internal?: Internal;
}

/** Defines an operation. Everything else (route, subject, OpenAPI, SDK, CLI types) is derived from the value it returns. */
export function operation<
  const N extends string,
  const I extends InputSchema,
  const O extends z.ZodType,
  const Internal extends boolean = false,
>(definition: Operation<I, O> & OperationIdentity<N, Internal>): Operation<I, O> & OperationIdentity<N, Internal> {
  return definition;
}

/** The NATS subject on which an operation is served. */
export function subjectOf(op: Pick<AnyOperation, 'name' | 'internal'>): string {
  return op.internal ? `tollgate.internal.${op.name}` : `tollgate.v1.${op.name}`;
}

/** The names of the path parameters: `/v1/orgs/:org/tokens/:tok` gives `['org', 'tok']`. */
export function pathParameters(path: string): string[] {
  return [...path.matchAll(/:([A-Za-z]+)/g)].map((match) => match[1] as string);
}

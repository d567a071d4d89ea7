import { invalidInput } from '@tollgate/bus';
import { pathParameters, type AnyOperation, type InputError } from '@tollgate/contracts';
import { maskSecrets } from '@tollgate/telemetry';

/** The parts of an HTTP request that carry an operation's input. */
export interface RequestParts {
  readonly params: Readonly<Record<string, string>>;
  /** As parsed: a repeated name has an array, which no operation takes and the receiver refuses. */
  readonly query: Readonly<Record<string, unknown>>;
  /** Parsed JSON; undefined when the body was empty. */
  readonly body: unknown;
}

/** Deeper bodies are refused: everything behind the gateway may walk the input recursively. */
const depthMax = 32;

/**
 * The flat input of an operation: path parameters, then query fields (GET, DELETE) or body fields (others).
 * An empty body counts as `{}`. Throws INVALID_INPUT when the body is no JSON object, is nested deeper than 32 levels,
 * names what the path already says, or when fields come where the method has none. Types and unknown fields
 * are the receiver's to check.
 */
export function inputOf(operation: AnyOperation, parts: RequestParts): Record<string, unknown> {
  const { method, path, listField } = operation.http as NonNullable<AnyOperation['http']>;
  const fromQuery = method === 'GET' || method === 'DELETE';
  const body = bodyFields(listField && Array.isArray(parts.body) ? { [listField]: parts.body } : parts.body);
  const fields = fromQuery ? parts.query : body;
  const misplaced = Object.keys(fromQuery ? body : parts.query);
  const inPath = pathParameters(path);
  const errors: InputError[] = [
    ...misplaced.map((name) => ({
      path: shown(name),
      message: fromQuery ? `belongs into the query: a ${method} has no body` : 'belongs into the body, not the query',
    })),
    ...inPath
      .filter((name) => Object.hasOwn(fields, name))
      .map((name) => ({ path: name, message: 'is given by the path and must not be repeated' })),
  ];
  if (errors.length > 0) throw invalidInput(errors);

  // A null prototype and own properties: `__proto__` is a field like any other, which the receiver does not know.
  const input: Record<string, unknown> = Object.create(null);
  for (const name of inPath) input[name] = parts.params[name];
  for (const [name, value] of Object.entries(fields)) input[name] = value;
  return input;
}

function bodyFields(body: unknown): Record<string, unknown> {
  if (body === undefined) return {};
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw invalidInput([{ path: '', message: 'the body must be a JSON object' }]);
  }
  const tooDeep = Object.entries(body).find(([, value]) => isDeeperThan(value, depthMax - 1));
  if (tooDeep) throw invalidInput([{ path: shown(tooDeep[0]), message: `is nested deeper than ${depthMax} levels` }]);
  return body as Record<string, unknown>;
}

/** Stops at the limit, so that its own recursion is bounded too. */
function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((child) => isDeeperThan(child, levels - 1));
}

/** Names come from the client: masked in case one is a secret, and only then cut, since half a one would not be known. */
function shown(name: string): string {
  return maskSecrets(name).slice(0, 200);
}

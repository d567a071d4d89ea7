import { z } from 'zod';
import type { AnyOperation } from './operation.ts';

/** Ids as examples name them, so that they tell one story. */
export const exampleIds = {
  org: 'org_01jd0000000000000000000000',
  space: 'spc_01jd0000000000000000000000',
  account: 'acc_01jd0000000000000000000000',
  team: 'tea_01jd0000000000000000000000',
  project: 'prj_01jd0000000000000000000000',
  token: 'tok_01jd0000000000000000000000',
  agent: 'agt_01jd0000000000000000000000',
  line: 'lin_01jd0000000000000000000000',
} as const;

/**
 * A request to an operation, and its answer if that is JSON. Both are what the definition says, and where it says
 * nothing, they are put together from the examples of the schemas (`.meta({ example })`): of a request what it must have.
 */
export function exampleOf({ input, output, http, example }: AnyOperation): {
  readonly input: Readonly<Record<string, unknown>>;
  readonly output?: unknown;
} {
  const given = example?.input ?? {};
  const missing = requiredOf(input).filter((name) => !(name in given));
  const request = { ...(sampleOf(input, missing) as object), ...given };
  if (example?.output !== undefined) return { input: request, output: example.output };
  return output.type === 'never' || http?.raw ? { input: request } : { input: request, output: sampleOf(output) };
}

const requiredOf = (input: z.ZodObject): readonly string[] =>
  Object.entries(input.shape).flatMap(([name, schema]) => (z.safeParse(schema, undefined).success ? [] : [name]));

/** An example of a schema, from the examples in it. Throws a RangeError where there is none. */
function sampleOf(schema: z.core.$ZodType, fields?: readonly string[]): unknown {
  const meta = z.globalRegistry.get(schema) as { example?: unknown } | undefined;
  if (meta && 'example' in meta) return meta.example;
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case 'object':
      return Object.fromEntries(
        Object.entries(def.shape)
          .filter(([name, field]) => fields?.includes(name) ?? field._zod.optout !== 'optional')
          .map(([name, field]) => [name, named(name, () => sampleOf(field))]),
      );
    case 'array':
      return [sampleOf(def.element)];
    case 'nullable':
      return null;
    case 'default':
      return sampleOf(def.innerType);
    case 'pipe':
      return sampleOf(def.in);
    case 'enum':
      return Object.values(def.entries)[0];
    case 'literal':
      return def.values[0];
    case 'union':
      return sampleOf(def.options[0] as z.core.$ZodType);
    case 'number':
      return 1;
    case 'boolean':
      return false;
    case 'record':
      return {};
    default:
      throw new RangeError(`no example of a ${def.type}`);
  }
}

/** Says which field lacks an example. */
function named<T>(name: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new RangeError(`${name}: ${(error as Error).message}`, { cause: error });
  }
}

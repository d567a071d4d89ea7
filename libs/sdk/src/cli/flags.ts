import { UsageError } from './failures.ts';

/** The part of JSON Schema (as zod writes it) that flags are made from. */
export interface Schema {
  /** `['string', 'null']` is one way to write a nullable text, `anyOf` the other. */
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly default?: unknown;
}

/** One command-line option and the place of its value in the input. */
export interface Flag {
  /** `space-id`, without the dashes in front. */
  readonly name: string;
  /** `['scope', 'spaceId']`. */
  readonly path: readonly string[];
  readonly kind: 'text' | 'number' | 'boolean' | 'list' | 'json';
  readonly required: boolean;
  readonly choices?: readonly string[];
  /** The input takes null too, which is written `none`. */
  readonly nullable?: boolean;
  /** The value that the server takes when the option is left out. */
  readonly defaultValue?: unknown;
  /** Belongs to one variant of a choice: `--space-id` needs `--scope single-space`. */
  readonly variant?: { readonly flag: string; readonly value: string; readonly required: boolean };
}

/** The word for an empty list and for no value, where the input takes that. */
const nothing = 'none';

/**
 * The options for an input schema, fields of `omit` left out. Nested objects become `--billing-anchor`, a choice between
 * object shapes becomes `--scope single-space --space-id …`, lists of text are repeated in the singular (`--permission`),
 * and what has no simple form is given as JSON. Fields that may be anything have no option.
 */
export function flagsOf(schema: Schema, omit: readonly string[] = []): Flag[] {
  return Object.entries(schema.properties ?? {})
    .filter(([field]) => !omit.includes(field))
    .flatMap(([field, property]) => {
      const required = schema.required?.includes(field) ?? false;
      return fieldFlags(kebab(field), [field], property, required);
    });
}

function fieldFlags(name: string, path: readonly string[], whole: Schema, required: boolean): Flag[] {
  const schema = withoutNull(whole);
  const discriminator = discriminatorOf(schema);
  if (discriminator) return variantFlags(name, path, schema, discriminator, required);
  if (schema.type === 'object' && schema.properties) {
    return Object.entries(schema.properties).flatMap(([field, property]) =>
      fieldFlags(`${name}-${kebab(field)}`, [...path, field], property, false),
    );
  }
  const base = {
    name,
    path,
    required,
    ...(schema.default === undefined ? {} : { defaultValue: schema.default }),
    ...(schema === whole ? {} : { nullable: true }),
  };
  if (schema.enum) return [{ ...base, kind: 'text', choices: schema.enum.map(String) }];
  if (schema.type === 'array' && schema.items?.type === 'string') {
    return [{ ...base, name: name.replace(/s$/, ''), kind: 'list' }];
  }
  const kinds: Record<string, Flag['kind']> = {
    string: 'text',
    number: 'number',
    integer: 'number',
    boolean: 'boolean',
  };
  const kind = kinds[String(schema.type)];
  if (kind) return [{ ...base, kind }];
  return Object.keys(schema).length === 0 ? [] : [{ ...base, kind: 'json' }];
}

function variantFlags(
  name: string,
  path: readonly string[],
  schema: Schema,
  discriminator: string,
  required: boolean,
): Flag[] {
  const variants = (schema.oneOf ?? []).map((variant) => ({
    variant,
    value: String(variant.properties?.[discriminator]?.const),
  }));
  const choice: Flag = {
    name,
    path: [...path, discriminator],
    kind: 'text',
    required,
    choices: variants.map(({ value }) => value),
  };
  const fields = variants.flatMap(({ variant, value }) =>
    Object.entries(variant.properties ?? {})
      .filter(([field]) => field !== discriminator)
      .flatMap(([field, property]) =>
        fieldFlags(kebab(field), [...path, field], property, false).map((flag) => ({
          ...flag,
          variant: { flag: name, value, required: variant.required?.includes(field) ?? false },
        })),
      ),
  );
  return [choice, ...fields];
}

/** The property that has a different constant in each of the schema's variants. */
function discriminatorOf(schema: Schema): string | undefined {
  const [first, ...others] = schema.oneOf ?? [];
  const names = Object.keys(first?.properties ?? {});
  return names.find((name) => [first, ...others].every((variant) => variant?.properties?.[name]?.const !== undefined));
}

function withoutNull(schema: Schema): Schema {
  const isNullable = (types: readonly unknown[]) => types.length === 2 && types.includes('null');
  if (Array.isArray(schema.type) && isNullable(schema.type)) {
    return { ...schema, type: schema.type.find((type) => type !== 'null') as string };
  }
  if (!schema.anyOf || !isNullable(schema.anyOf.map(({ type }) => type))) return schema;
  return schema.anyOf.find(({ type }) => type !== 'null') as Schema;
}

/** The value of an option as it stood on the command line; `previous` is what a repeated option had before. */
export function readFlag(flag: Flag, text: string, previous: unknown): unknown {
  if (flag.nullable && text === nothing) return null;
  switch (flag.kind) {
    case 'list':
      return text === nothing ? [] : [...((previous as string[] | undefined) ?? []), text];
    case 'number': {
      const value = Number(text);
      if (text.trim() === '' || !Number.isFinite(value)) throw new UsageError(`--${flag.name} takes a number.`);
      return value;
    }
    case 'json':
      try {
        return JSON.parse(text) as unknown;
      } catch {
        throw new UsageError(`--${flag.name} takes JSON.`);
      }
    default:
      return text;
  }
}

/**
 * The input for values by option name. Throws UsageError when a variant's option comes without its choice, or is missing
 * with it.
 */
export function inputFrom(flags: readonly Flag[], values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const input: Record<string, unknown> = {};
  for (const flag of flags) {
    const value = values[flag.name];
    if (flag.variant) checkVariant(flag, value, values[flag.variant.flag]);
    if (value !== undefined) place(input, flag.path, value);
  }
  return input;
}

function checkVariant(flag: Flag, value: unknown, chosen: unknown): void {
  const { flag: choice, value: wanted, required } = flag.variant as NonNullable<Flag['variant']>;
  if (value !== undefined && chosen !== wanted) {
    throw new UsageError(`--${flag.name} goes with --${choice} ${wanted}.`);
  }
  if (value === undefined && chosen === wanted && required) {
    throw new UsageError(`--${choice} ${wanted} needs --${flag.name}.`);
  }
}

function place(input: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [field, ...rest] = path as [string, ...string[]];
  if (rest.length === 0) {
    input[field] = value;
    return;
  }
  place((input[field] ??= {}) as Record<string, unknown>, rest, value);
}

/** `accountId` becomes `account-id`. */
export function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

import * as contracts from '@tollgate/contracts';
import { z } from 'zod';

/** A JSON Schema (2020-12) as OpenAPI 3.1 takes it. */
export type JsonSchema = Record<string, unknown>;

const named = z.registry<{ id: string }>();
for (const [name, value] of Object.entries(contracts)) {
  if (isObjectSchema(value)) named.add(value, { id: name });
}

/**
 * Turns zod schemas into OpenAPI schemas. What `libs/contracts` exports by a name (Token, Account …) becomes a component
 * and is referred to; `components` holds those met so far.
 */
export class SchemaWriter {
  readonly components: Record<string, JsonSchema> = {};

  /** What a client sends: defaults are optional, transformations not applied yet. */
  input(schema: z.ZodType): JsonSchema {
    return this.#write(schema, 'input');
  }

  /** What a client receives. Objects are open: fields may be added to answers, so a client must not refuse them. */
  output(schema: z.ZodType): JsonSchema {
    return this.#write(schema, 'output');
  }

  #write(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
    const {
      $schema: _,
      $defs,
      ...written
    } = z.toJSONSchema(schema, {
      io,
      metadata: named,
      unrepresentable: 'any',
      override: ({ zodSchema, jsonSchema }) => {
        if (io === 'output' && isObjectSchema(zodSchema)) delete jsonSchema.additionalProperties;
      },
    }) as JsonSchema & { $defs?: Record<string, JsonSchema> };
    for (const [name, definition] of Object.entries($defs ?? {})) this.components[name] = refer(definition);
    // A schema that has a name itself comes inline from zod; here it is a component like the others.
    const name = named.get(schema)?.id;
    if (name === undefined) return refer(written);
    this.components[name] = refer(written);
    return { $ref: `#/components/schemas/${name}` };
  }
}

function isObjectSchema(value: unknown): value is z.ZodObject {
  return value instanceof z.ZodObject;
}

/** Points `#/$defs/Token` at the component; the schema's own `id` would be a second name for it. */
function refer(schema: JsonSchema): JsonSchema {
  const { id: _, ...rest } = schema;
  return JSON.parse(JSON.stringify(rest).replaceAll('"#/$defs/', '"#/components/schemas/')) as JsonSchema;
}

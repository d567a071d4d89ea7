import { z } from 'zod';
import { operation } from '../operation.ts';
import {
  atLeast,
  CurrencyCode,
  Environment,
  Instant,
  listQuery,
  MicrosText,
  Name,
  page,
  Plan,
  Position,
  ProductKey,
  ProductResource,
  ScopeType,
  ToolName,
  WebUrl,
} from '../values.ts';

/** What a token opens: how its secret begins, its resources with their routes, its MCP server and its prices. */
export const Product = z
  .object({
    key: ProductKey,
    name: z.string(),
    tokenPrefix: z.string(),
    environments: z.array(Environment),
    mcpUrl: z.string().nullable(),
    resources: z.array(ProductResource),
    prices: z.object({
      /** Per full period and seat. A price without a currency holds in whatever currency the organization has. */
      seats: z.array(
        z.object({
          plan: Plan,
          scope: ScopeType,
          price: z.object({ amount: z.string(), currency: z.string().nullable() }),
          effectiveFrom: z.string(),
        }),
      ),
      /** Per call, in micro-units of the organization's currency. */
      tools: z.array(z.object({ tool: z.string(), priceMicros: z.string(), effectiveFrom: z.string() })),
    }),
    createdAt: z.string(),
    version: z.number().int(),
  })
  .meta({
    example: {
      key: 'shop',
      name: 'Shop API',
      tokenPrefix: 'shop',
      environments: ['live', 'test'],
      mcpUrl: 'https://mcp.shop.example/mcp',
      resources: [{ name: 'orders', operations: [{ name: 'list', method: 'GET', path: '/api/orders' }] }],
      prices: {
        seats: [
          {
            plan: 'pro',
            scope: 'multi-space',
            price: { amount: '2500', currency: 'EUR' },
            effectiveFrom: '2027-01-01T00:00:00.000Z',
          },
        ],
        tools: [{ tool: 'orders.export', priceMicros: '2000', effectiveFrom: '2027-01-01T00:00:00.000Z' }],
      },
      createdAt: '2027-01-14T09:30:00.000Z',
      version: 1,
    },
  });
export type Product = z.infer<typeof Product>;

const Word = z
  .string()
  .max(60)
  .regex(/^[a-z][a-z0-9-]*$/, 'must be lower-case letters, digits and dashes');

/** RFC 3986 path characters without `*`; `{name}` for one segment; a last `*` for one or more. */
const RoutePath = z
  .string()
  .max(500)
  .regex(
    /^(\/([A-Za-z0-9._~!$&'()+,=:@-]+|\{[A-Za-z][A-Za-z0-9]*\}))*(\/\*?)?$/,
    'must look like /api/agents/{id}, with {name} for one segment and a last * for any',
  )
  .regex(/^\/(?!.*\/\/)/, 'must begin with / and have no empty segment')
  .regex(/^(?!.*\/\.{1,2}(\/|$))/, 'must have no . or .. segment');

const Operation = z
  .strictObject({
    name: Word,
    method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']).optional(),
    path: RoutePath.optional(),
  })
  .superRefine(({ method, path }, context) => {
    if ((method === undefined) === (path === undefined)) return;
    const [given, missing] = method === undefined ? ['path', 'method'] : ['method', 'path'];
    context.addIssue({ code: 'custom', path: [missing], message: `is needed beside "${given}", or leave both out` });
  });
const Resource = z
  .strictObject({ name: Word, operations: z.array(Operation).min(1).max(100) })
  .superRefine(({ operations }, context) =>
    refuseRepeated(
      operations.map(({ name }) => name),
      (index) => ['operations', index, 'name'],
      context,
    ),
  );

type Issues = z.RefinementCtx;

function refuseRepeated(
  values: readonly (string | null)[],
  pathOf: (index: number) => (string | number)[],
  context: Issues,
  message = 'is there twice',
): void {
  for (const [index, value] of values.entries()) {
    if (value === null || values.indexOf(value) === index) continue;
    context.addIssue({ code: 'custom', path: pathOf(index), message });
  }
}

/** Two operations behind one route could not be told apart by a call. The names of parameters do not matter. */
function refuseAmbiguous(resources: readonly z.infer<typeof Resource>[], context: Issues): void {
  const places = resources.flatMap(({ operations }, resource) =>
    operations.map(({ method, path }, operation) => ({ resource, operation, method, path })),
  );
  refuseRepeated(
    places.map(({ method, path }) =>
      path === undefined ? null : `${method} ${path.replaceAll(/\{\w+\}/g, '{}').replace(/(.)\/$/, '$1')}`,
    ),
    (index) => {
      const { resource, operation } = places[index] as (typeof places)[number];
      return [resource, 'operations', operation, 'path'];
    },
    context,
    'is the route of another operation already',
  );
}

const Resources = z
  .array(Resource)
  .min(1)
  .max(100)
  .superRefine((resources, context) => {
    refuseRepeated(
      resources.map(({ name }) => name),
      (index) => [index, 'name'],
      context,
    );
    refuseAmbiguous(resources, context);
  });

const operator = { service: 'token-command', who: ['operator'] } as const;

export const productsCreate = operation({
  ...operator,
  name: 'products.create',
  kind: 'command',
  summary: 'Register a product: the beginning of its secrets, its resources and their HTTP routes',
  http: { method: 'POST', path: '/v1/products', status: 201 },
  input: z.strictObject({
    key: ProductKey,
    name: Name,
    /** Secrets begin with it. */
    tokenPrefix: z
      .string()
      .max(12)
      .regex(/^[a-z][a-z0-9]*$/, 'must be a lower-case letter, then lower-case letters and digits'),
    /** With none, a secret has no environment part. */
    environments: z
      .array(Environment)
      .refine((names) => new Set(names).size === names.length, 'must not repeat an environment')
      .default(['live', 'test']),
    mcpUrl: WebUrl.optional(),
    resources: Resources,
  }),
  output: z.object({ product: Product, position: Position }),
  errors: ['ALREADY_EXISTS'],
  example: {
    input: {
      key: 'shop',
      name: 'Shop API',
      tokenPrefix: 'shop',
      environments: ['live', 'test'],
      mcpUrl: 'https://mcp.shop.example/mcp',
      resources: [
        {
          name: 'orders',
          operations: [
            { name: 'list', method: 'GET', path: '/api/orders' },
            { name: 'get', method: 'GET', path: '/api/orders/{id}' },
            { name: 'export' },
          ],
        },
      ],
    },
  },
});

export const productsList = operation({
  ...operator,
  name: 'products.list',
  kind: 'query',
  summary: 'List the products, oldest first',
  http: { method: 'GET', path: '/v1/products' },
  input: z.strictObject({ ...listQuery, atLeast }),
  output: page(Product),
});

export const productsGet = operation({
  ...operator,
  name: 'products.get',
  kind: 'query',
  summary: 'Read a product with its prices',
  http: { method: 'GET', path: '/v1/products/:key' },
  input: z.strictObject({ key: ProductKey, atLeast }),
  output: Product,
  example: { input: { key: 'default' } },
});

export const productsUpdate = operation({
  ...operator,
  name: 'products.update',
  kind: 'command',
  summary: 'Rename a product, or change its MCP server',
  http: { method: 'PATCH', path: '/v1/products/:key' },
  input: z.strictObject({
    key: ProductKey,
    name: Name.optional(),
    /** null: it has no MCP server of its own. */
    mcpUrl: WebUrl.nullable().optional(),
  }),
  output: z.object({ product: Product, position: Position }),
  errors: ['VERSION_MISMATCH'],
  example: { input: { mcpUrl: 'https://mcp.shop.example/mcp' } },
});

export const productsSetPrice = operation({
  ...operator,
  name: 'products.set-price',
  kind: 'command',
  summary: 'Set the price of a seat (plan, scope, price) or of a tool call (tool, priceMicros) from an instant on',
  http: { method: 'PUT', path: '/v1/products/:key/prices' },
  input: z.strictObject({
    key: ProductKey,
    plan: Plan.optional(),
    scope: ScopeType.optional(),
    /** Of a seat, in minor units per full period. */
    price: z
      .strictObject({
        amount: z.string().regex(/^\d{1,18}$/, 'must be a digit string of minor units'),
        currency: CurrencyCode,
      })
      .optional(),
    tool: ToolName.optional(),
    /** Of one call, in micro-units of the organization's currency. */
    priceMicros: MicrosText.optional(),
    /** Not in the past: what was billed stays as it is. */
    effectiveFrom: Instant,
  }),
  output: z.object({ product: Product, position: Position }),
  errors: ['PRICE_IN_PAST', 'VERSION_MISMATCH'],
  example: {
    input: {
      key: 'default',
      plan: 'pro',
      scope: 'multi-space',
      price: { amount: '3100', currency: 'EUR' },
      effectiveFrom: '2027-01-01T00:00:00.000Z',
    },
  },
});

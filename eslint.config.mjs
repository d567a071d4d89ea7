import js from '@eslint/js';
import nx from '@nx/eslint-plugin';
import prettier from 'eslint-config-prettier';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

// The boundary rule reads Nx's project graph from its cache and switches itself off, with a warning only, when there is
// none. So the graph is made here, before the first file is linted: a fresh clone is checked like any other.
process.env['NX_DAEMON'] ??= 'false';
const { createProjectGraphAsync } = await import('@nx/devkit');
await createProjectGraphAsync({ exitOnError: false });

/** Which library may import which. Whatever stands here is the architecture; a new line is a decision. */
const libraryDependencies = {
  contracts: [],
  telemetry: [],
  credential: [],
  proration: [],
  proof: [],
  identity: ['contracts'],
  'event-log': ['contracts', 'telemetry'],
  bus: ['contracts', 'telemetry', 'identity'],
  projection: ['contracts', 'telemetry', 'event-log'],
  runtime: ['contracts', 'telemetry', 'identity', 'event-log', 'bus'],
  verifier: ['contracts', 'credential'],
  // Replica, feed and lease in one process: what auth-verifier is, and what an embedded verifier brings along.
  'verifier-host': ['contracts', 'credential', 'telemetry', 'event-log', 'verifier'],
  // verifier-host for createEmbeddedVerifier alone: it is loaded when that is called.
  sdk: ['contracts', 'credential', 'proof', 'proration', 'identity', 'verifier-host'],
};

const services = ['api-gateway', 'token-command', 'auth-verifier', 'billing-meter', 'audit-projector', 'witness'];

const depConstraints = [
  { sourceTag: 'type:service', onlyDependOnLibsWithTags: ['type:lib'] },
  { sourceTag: 'type:tool', onlyDependOnLibsWithTags: ['type:lib', 'type:tool'] },
  { sourceTag: 'type:lib', onlyDependOnLibsWithTags: ['type:lib'] },
  ...Object.entries(libraryDependencies).map(([name, allowed]) => ({
    sourceTag: `scope:${name}`,
    onlyDependOnLibsWithTags: allowed.map((dependency) => `scope:${dependency}`),
  })),
];

/** Tests start real servers with `@tollgate/stack`, which itself depends on libraries: not a cycle of the product. */
const boundaryOptions = {
  depConstraints,
  ignoredCircularDependencies: [['tag:type:tool', '*']],
  enforceBuildableLibDependency: false,
};

/** A service by its package name: services export nothing, so Nx alone would take the name for an unknown package. */
const serviceImports = {
  regex: `^@tollgate/(${services.join('|')})($|/)`,
  message:
    'Services never import one another, and libraries never import services: they meet in @tollgate/contracts and on the bus.',
};

const impureGlobals = [
  'performance',
  'process',
  'crypto',
  'fetch',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
];
const clockMessage = 'Pure code reads no clock and no randomness: time, ids and random bytes arrive with the command.';

/** For code that must give the same answer every time it is run: domains fold the same events for ever. */
const pure = {
  'no-restricted-globals': ['error', ...impureGlobals.map((name) => ({ name, message: clockMessage }))],
  'no-restricted-syntax': [
    'error',
    ...[
      'MemberExpression[object.name="Date"][property.name="now"]',
      'NewExpression[callee.name="Date"][arguments.length=0]',
      'CallExpression[callee.name="Date"]',
      'MemberExpression[object.name="Math"][property.name="random"]',
      'MemberExpression[object.name="Temporal"][property.name="Now"]',
      'Identifier[name="globalThis"]',
    ].map((selector) => ({ selector, message: clockMessage })),
  ],
};

/** `no-restricted-imports` is replaced, not merged, by a later block: every block says the whole of its list. */
const restrictImports = (...patterns) => ({
  '@typescript-eslint/no-restricted-imports': ['error', { patterns: [serviceImports, ...patterns] }],
});

const infrastructure = {
  regex: '^(@nestjs/|@nats-io/|@opentelemetry/|pg($|/)|kysely($|/)|fastify($|/)|pino($|/))',
  message: 'This library is pure: whoever embeds it brings the framework, the database and the bus.',
};

export default defineConfig(
  globalIgnores(['**/dist/', '.nx/', '.tollgate*/', 'coverage/']),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    files: ['**/*.{mjs,js}'],
    languageOptions: {
      globals: Object.fromEntries(
        [
          'process',
          'console',
          'Buffer',
          'URL',
          'URLSearchParams',
          'fetch',
          'Headers',
          'performance',
          'AbortController',
          'AbortSignal',
        ]
          .concat(['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate', 'structuredClone'])
          .map((name) => [name, 'readonly']),
      ),
    },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommended],
    plugins: { '@nx': nx },
    languageOptions: { parserOptions: { project: './tsconfig.check.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@nx/enforce-module-boundaries': ['error', boundaryOptions],
      // The three type-aware rules that find real faults: a promise that nobody waits for loses its error.
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      eqeqeq: 'error',
      ...restrictImports(),
    },
  },
  {
    files: ['libs/{contracts,credential,proof,proration,verifier}/src/**/*.ts'],
    ignores: ['**/*.test.ts', '**/testing/**'],
    rules: restrictImports(infrastructure),
  },
  {
    files: ['libs/{credential,proof,proration}/src/**/*.ts'],
    ignores: ['**/*.test.ts'],
    rules: pure,
  },
  {
    // Imports point inwards: adapters, then application, then domain.
    files: ['services/*/src/application/**/*.ts'],
    ignores: ['**/*.test.ts', '**/testing/**'],
    rules: restrictImports({
      regex: '(^|/)adapters(/|$)',
      message: 'The application layer names a port; the module binds the adapter to it.',
    }),
  },
  {
    files: ['services/*/src/domain/**/*.ts'],
    ignores: ['**/*.test.ts', '**/testing/**'],
    rules: {
      ...restrictImports(
        {
          regex: '(^|/)(adapters|application)(/|$)',
          message: 'Imports point inwards: the domain knows neither the application nor the adapters.',
        },
        {
          regex: '^(?!\\.{1,2}/|@tollgate/(contracts|credential|proof|proration)$)',
          allowTypeImports: true,
          message:
            'The domain is pure: it imports itself, @tollgate/contracts, @tollgate/credential, @tollgate/proof and @tollgate/proration only.',
        },
      ),
      ...pure,
    },
  },
  {
    files: ['**/*.test.ts', '**/testing/**/*.ts'],
    rules: {
      // Tests look into JSON answers of every shape.
      '@typescript-eslint/no-explicit-any': 'off',
      // Tests start real servers, which libraries and services themselves know nothing of.
      '@nx/enforce-module-boundaries': ['error', { ...boundaryOptions, allow: ['^@tollgate/stack$'] }],
    },
  },
  prettier,
);

import { execFileSync } from 'node:child_process';
import { beforeAll, describe, expect, it } from '@jest/globals';

interface Case {
  says: string;
  filePath: string;
  text: string;
  /** Part of the message, or null when the snippet is legal. */
  refused: RegExp | null;
}

const domain = 'services/token-command/src/domain/example.ts';
const inDomain = (says: string, text: string, refused: RegExp | null): Case => ({
  says,
  filePath: domain,
  text,
  refused,
});
const importing = (from: string) => `import { it } from '${from}';\nexport const same = it;\n`;

const cases: Case[] = [
  // services
  {
    says: 'a service imports libraries',
    filePath: 'services/billing-meter/src/application/example.ts',
    text: importing('@tollgate/contracts') + `export { other } from '@tollgate/event-log';\n`,
    refused: null,
  },
  {
    says: 'a service imports another by its name',
    filePath: 'services/billing-meter/src/application/example.ts',
    text: importing('@tollgate/token-command'),
    refused: /Services never import one another/,
  },
  {
    says: 'a service imports another by its path',
    filePath: 'services/billing-meter/src/application/example.ts',
    text: importing('../../../token-command/src/domain/token.ts'),
    refused: /cannot be imported by a relative or absolute path/,
  },
  {
    says: 'a service imports a tool',
    filePath: 'services/billing-meter/src/adapters/example.ts',
    text: importing('@tollgate/stack'),
    refused: /tagged with "type:service" can only depend on libs tagged with "type:lib"/,
  },
  {
    says: 'a test imports the tool that starts its servers',
    filePath: 'services/billing-meter/src/adapters/example.int.test.ts',
    text: importing('@tollgate/stack'),
    refused: null,
  },
  {
    says: 'the application layer imports an adapter',
    filePath: 'services/billing-meter/src/application/example.ts',
    text: importing('../adapters/postgres.ts'),
    refused: /names a port/,
  },
  // libraries and tools
  {
    says: 'a library imports one it may depend on',
    filePath: 'libs/verifier/src/example.ts',
    text: importing('@tollgate/credential'),
    refused: null,
  },
  {
    says: 'a library imports one it may not depend on',
    filePath: 'libs/verifier/src/example.ts',
    text: importing('@tollgate/event-log'),
    refused: /tagged with "scope:verifier" can only depend on/,
  },
  {
    says: 'a library of no dependencies imports another',
    filePath: 'libs/proration/src/example.ts',
    text: importing('@tollgate/contracts'),
    refused: /tagged with "scope:proration" cannot depend on any libs/,
  },
  {
    says: 'a library imports a service by its name',
    filePath: 'libs/bus/src/example.ts',
    text: importing('@tollgate/token-command'),
    refused: /libraries never import services/,
  },
  {
    says: 'a library imports a service by its path',
    filePath: 'libs/bus/src/example.ts',
    text: importing('../../../services/token-command/src/main.ts'),
    refused: /cannot be imported by a relative or absolute path/,
  },
  {
    says: 'a tool imports a library',
    filePath: 'tools/stack/src/example.ts',
    text: importing('@tollgate/contracts'),
    refused: null,
  },
  ...['credential', 'proration', 'verifier', 'contracts'].flatMap((library) =>
    ['@nestjs/common', 'pg', '@nats-io/nats-core'].map((from) => ({
      says: `the pure library ${library} imports ${from}`,
      filePath: `libs/${library}/src/example.ts`,
      text: importing(from),
      refused: /This library is pure/,
    })),
  ),
  {
    says: 'the clock is read where a bill is computed',
    filePath: 'libs/proration/src/example.ts',
    text: 'export const now = Temporal.Now.instant();\n',
    refused: /reads no clock/,
  },
  // the domain
  inDomain(
    'the domain imports its neighbour and the contracts',
    importing('./token.ts') + `export * from '@tollgate/contracts';\n`,
    null,
  ),
  inDomain(
    'the domain reads a given time',
    'export const year = (at: string) => new Date(at).getUTCFullYear();\n',
    null,
  ),
  ...['@nestjs/common', 'pg', 'kysely', '@nats-io/nats-core', 'node:crypto', 'zod', '@tollgate/event-log'].map((from) =>
    inDomain(`the domain imports ${from}`, importing(from), /The domain is pure/),
  ),
  ...['../adapters/postgres.ts', '../application/ports.ts', '../../application/ports.ts'].map((from) =>
    inDomain(`the domain imports ${from}`, importing(from), /Imports point inwards/),
  ),
  ...[
    'Date.now()',
    'new Date()',
    'new Date',
    'Date()',
    'Math.random()',
    'performance.now()',
    'process.env',
    'crypto.randomUUID()',
    'globalThis.process',
    'setTimeout(() => {}, 1)',
    'Temporal.Now.instant()',
  ].map((expression) =>
    inDomain(`the domain evaluates ${expression}`, `export const it = ${expression};\n`, /reads no clock/),
  ),
];

describe('the boundaries between modules', () => {
  let answers: string[][];

  beforeAll(() => {
    const input = JSON.stringify(cases.map(({ filePath, text }) => ({ filePath, text })));
    const script = new URL('lint-snippets.mjs', import.meta.url).pathname;
    answers = JSON.parse(execFileSync(process.execPath, [script], { input, encoding: 'utf8' }));
  });

  it.each(cases.map((one, index) => ({ ...one, index, answer: one.refused ? 'refused' : 'allowed' })))(
    '$says: $answer',
    ({ index, refused }) => {
      const messages = answers[index] as string[];
      if (refused) expect(messages).toContainEqual(expect.stringMatching(refused));
      else expect(messages).toEqual([]);
    },
  );
});

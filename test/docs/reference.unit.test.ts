import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { withTables } from '../support/reference.ts';

const words = (document: string) => document.replaceAll(/[ -]+/g, ' ');

it('docs/reference.md says what the contracts say (npm run docs:reference writes it)', () => {
  const document = readFileSync(new URL('../../docs/reference.md', import.meta.url), 'utf8');
  // Prettier pads the columns of tables.
  expect(words(document)).toBe(words(withTables(document)));
});

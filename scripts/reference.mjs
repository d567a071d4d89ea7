// `npm run docs:reference`: the tables of docs/reference.md that are derived from the contracts. A test holds the file to them.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { withTables } from '../test/support/reference.ts';

const path = fileURLToPath(new URL('../docs/reference.md', import.meta.url));
writeFileSync(path, withTables(readFileSync(path, 'utf8')));

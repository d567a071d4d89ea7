/** A program (`npm run bench`): measures, prints the tables and, unless it is a quick or partial run, writes docs/benchmarks.md. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { benchAlternatives, startAlternatives, type Alternatives } from './alternatives.ts';
import { benchBilling } from './billing.ts';
import { benchAudit } from './audit.ts';
import { benchBootstrap } from './bootstrap.ts';
import { benchCharges } from './charges.ts';
import { benchDecide } from './decide.ts';
import { benchHttp } from './http.ts';
import { benchJunk } from './junk.ts';
import { benchMemory } from './memory.ts';
import { benchNats } from './nats.ts';
import { machineText, seconds, sectionText, type Section } from './report.ts';
import { benchRevocation } from './revocation.ts';
import { startStage, type Stage } from './stage.ts';
import { benchCreates, benchTokenList } from './tokens.ts';

const values = readOptions();
const quick = values.quick;
const only = values.only?.split(',');
/** A whole quick run stays below this; so that it does, a section that is added keeps to its share. */
const quickRunMs = 120_000;
const quickSectionMs = 15_000;
const startedMs = performance.now();
const million = 1_000_000;
/** Tokens that verifiers hold while they are measured. */
const population = quick ? 100_000 : million;
const document = new URL('../docs/benchmarks.md', import.meta.url);

let stage: Stage | undefined;
const staged = async () => (stage ??= await startStage());
let populated: Promise<Section> | undefined;
/** The stage, with a verifier that holds the population. Measures its bootstrap on the way. */
const populatedStage = async () => {
  populated ??= staged().then((started) => benchBootstrap(started, [population]));
  await populated;
  return staged();
};
let alternatives: Promise<Alternatives> | undefined;
const compared = async () =>
  (alternatives ??= populatedStage().then((started) => startAlternatives(started, population)));

/** In this order: what has a stack of its own before the stage is there, what needs few tokens first, what leaves many behind last. */
const benches: Readonly<Record<string, () => Promise<Section>>> = {
  decide: async () => benchDecide(quick),
  memory: () => benchMemory(quick ? [million] : [million, 10 * million]),
  billing: () => benchBilling(quick),
  revoke: async () => benchRevocation(await staged(), quick),
  bootstrap: async () => (await populatedStage(), populated!),
  'verify-nats': async () => benchNats(await populatedStage(), population, quick),
  'verify-http': async () => benchHttp(await populatedStage(), population, quick),
  alternatives: async () => benchAlternatives(await staged(), await compared(), population, quick),
  junk: async () => benchJunk(await populatedStage(), population, quick),
  charges: async () => benchCharges(await staged(), quick),
  creates: async () => benchCreates(await staged(), await compared(), quick),
  'token-list': async () => benchTokenList(await staged(), quick),
  audit: async () => benchAudit(await staged(), quick),
  ...(quick
    ? {}
    : { 'bootstrap-10m': async () => benchBootstrap(await populatedStage(), [10 * million], '1 million tokens') }),
};

const unknown = only?.find((name) => !(name in benches));
if (unknown !== undefined) refuse(`There is no benchmark ${unknown}. There are: ${Object.keys(benches).join(', ')}.`);

console.log(`${machineText()}\n`);
const texts: string[] = [];
const missed: string[] = [];
try {
  for (const [name, bench] of Object.entries(benches)) {
    if (only && !only.includes(name)) continue;
    const sinceMs = performance.now();
    const section = await bench();
    const text = sectionText(section);
    console.log(`${text}\n`);
    const tookMs = performance.now() - sinceMs;
    if (quick && tookMs > quickSectionMs)
      missed.push(`quick run: ${name} took ${seconds(tookMs)}, not ${seconds(quickSectionMs)}`);
    texts.push(text);
    if (!quick && !only) writeDocument();
    missed.push(
      ...section.rows.filter(({ reached }) => reached === false).map(({ what }) => `${section.title}: ${what}`),
    );
  }
} finally {
  (await alternatives?.catch(() => undefined))?.stop();
  await stage?.stop();
}
const tookMs = performance.now() - startedMs;
if (quick && tookMs > quickRunMs) missed.push(`quick run: took ${seconds(tookMs)}, not ${seconds(quickRunMs)}`);
console.log(`Took ${seconds(tookMs)}.`);
console.log(
  missed.length === 0 ? 'Every goal was reached.' : `Missed:\n${missed.map((goal) => `- ${goal}`).join('\n')}`,
);

/** After every table, so that a run that was ended early leaves what it had. */
function writeDocument(): void {
  const head = `# Benchmarks

Written by \`npm run bench\`. Each figure stands beside a floor that was measured in the same run on the same machine: compare
within a table, never across runs. A goal that was missed says **no**.

${machineText()}`;
  writeFileSync(document, `${[head, ...texts].join('\n\n')}\n`);
}

function readOptions() {
  try {
    return parseArgs({ options: { quick: { type: 'boolean', default: false }, only: { type: 'string' } } }).values;
  } catch (error) {
    return refuse(`${(error as Error).message}\nUsage: npm run bench -- [--quick] [--only name,name]`);
  }
}

function refuse(why: string): never {
  console.error(why);
  process.exit(2);
}

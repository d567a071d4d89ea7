import { readFileSync } from 'node:fs';
import { allOperations, pathParameters, type AnyOperation, type OutputOf } from '@tollgate/contracts';
import { Argument, Command, Option } from 'commander';
import { z } from 'zod';
import { callOperation, openOperation } from './call.ts';
import { confirm } from './confirm.ts';
import { UsageError } from './failures.ts';
import { flagsOf, inputFrom, readFlag, type Flag, type Schema } from './flags.ts';
import { fieldOf, inOrderOf, renderAnswer } from './output.ts';
import { setStatus, write } from './process.ts';
import { writeBody } from './stream.ts';

/** Input fields that stand without a flag, beside the ids of the path. */
const positionalFields: Readonly<Record<string, readonly string[]>> = { 'tokens.verify': ['token'] };

/** Operations that have a command of their own. */
const ownCommands: readonly string[] = ['audit.public-key', 'audit.witness-key', 'audit.export'];

const groupTexts: Readonly<Record<string, string>> = {
  orgs: 'organizations',
  accounts: 'accounts of an organization',
  spaces: 'spaces of an organization',
  members: 'accounts in a space and what they may do there',
  teams: 'teams: the policy and projects that their tokens inherit',
  projects: 'projects that teams may reach',
  products: 'what tokens open, and what it costs',
  tokens: 'tokens: issue, verify, change, revoke',
  agents: 'managed agents and their tokens',
  leaks: 'secrets found in the open',
  balance: 'the prepaid balance: top-ups, caps, what is left',
  charges: 'paid tool calls: reserve, capture, release',
  billing: 'seats, quotes, statements, what finance gets',
  audit: 'the audit log',
  dev: 'development only: the clock',
};

/** Adds `tollgate GROUP VERB` for every operation that has a route and an answer. */
export function addOperationCommands(program: Command): void {
  for (const operation of allOperations) {
    const [group, verb] = operation.name.split('.') as [string, string];
    // Operations that only ever refuse have no command; projections have one of their own.
    if (!operation.http || operation.output.type === 'never' || group === 'projections') continue;
    if (ownCommands.includes(operation.name)) continue;
    groupCommand(program, group).addCommand(operationCommand(operation, group, verb));
  }
}

/** The command of a group, made when it is first asked for. */
function groupCommand(program: Command, group: string): Command {
  const existing = program.commands.find((command) => command.name() === group);
  return existing ?? program.command(group).description(groupTexts[group] ?? group);
}

function operationCommand(operation: AnyOperation, group: string, verb: string): Command {
  const positionals = positionalsOf(operation, group);
  const takesOrg = 'org' in operation.input.shape && !positionals.includes('org');
  const flags = flagsOf(z.toJSONSchema(operation.input, { io: 'input', unrepresentable: 'any' }) as Schema, [
    ...positionals,
    'org',
  ]);
  const command = new Command(verb).description(operation.summary);
  for (const name of positionals) command.addArgument(new Argument(`<${argumentName(name)}>`, argumentText(name)));
  for (const flag of flags) command.addOption(optionOf(flag));
  if (takesOrg) command.addOption(new Option('--org <org>', 'the organization').env('TOLLGATE_ORG'));
  if (operation.kind === 'command') {
    if (operation.http?.method === 'POST')
      command.option('--idempotency-key <key>', 'repeat the same call without doing it twice');
    if (operation.errors?.includes('VERSION_MISMATCH'))
      command.option('--if-match <version>', 'only if the resource has this version');
  }
  if (needsConfirmation(verb)) command.option('--yes', 'do not ask for confirmation');
  command.option('--as <caller>', 'operator, acc_… or service:NAME[:scope,scope]; a JWT of the development issuer');
  command.addOption(new Option('--json', "print exactly the API's JSON").conflicts('print'));
  if (operation.http?.raw) command.option('--output <file>', 'write the answer to a file');
  else command.option('--print <field>', 'print one field of the answer alone, such as org.id: for scripts');
  return command.action(async (...args: unknown[]) => {
    // Commander passes the arguments, then the options, then the command.
    const options = args[positionals.length] as Record<string, unknown>;
    const values = Object.fromEntries(flags.map((flag) => [flag.name, options[optionKey(flag.name)]]));
    const input = inputFrom(flags, values);
    for (const [index, name] of positionals.entries()) input[name] = await argumentValue(args[index] as string);
    if (takesOrg) input['org'] = options['org'] ?? (isOptional(operation, 'org') ? undefined : missingOrg());
    if (needsConfirmation(verb) && !input['dryRun']) {
      await confirm([verb, ...positionals.map((name) => input[name])].join(' '), options['yes'] === true);
    }
    if (operation.http?.raw) return writeRaw(operation, await openOperation(operation, input, options), options);
    const answer = await callOperation(operation, input, options);
    write(await rendered(operation, answer, options));
    if (isRefusal(operation, answer)) setStatus(1);
  });
}

async function rendered(
  operation: AnyOperation,
  answer: unknown,
  options: Readonly<Record<string, unknown>>,
): Promise<string> {
  if (options['json']) return JSON.stringify(answer);
  if (options['print'] !== undefined) return fieldOf(answer, options['print'] as string);
  return renderAnswer(operation.name, inOrderOf(operation.output, answer));
}

/** The ids of the path in their order, without the organization (which is an option) except where it is the subject. */
function positionalsOf(operation: AnyOperation, group: string): string[] {
  const inPath = pathParameters(operation.http?.path ?? '').filter((name) => name !== 'org' || group === 'orgs');
  return [...inPath, ...(positionalFields[operation.name] ?? [])];
}

function optionOf(flag: Flag): Option {
  const required = flag.required ? ' (required)' : '';
  const fallback = flag.defaultValue === undefined ? '' : ` (default: ${String(flag.defaultValue)})`;
  const variant = flag.variant ? ` (with --${flag.variant.flag} ${flag.variant.value})` : '';
  const texts: Record<Flag['kind'], string> = {
    text: flag.nullable ? 'none for no value' : '',
    number: '',
    boolean: '',
    list: 'may be repeated; none for no entry',
    json: 'JSON, or @FILE that holds it',
  };
  const syntax =
    flag.kind === 'boolean' ? `--${flag.name}` : `--${flag.name} <${flag.kind === 'list' ? 'text' : flag.kind}>`;
  const option = new Option(syntax, `${texts[flag.kind]}${fallback}${variant}${required}`.trim());
  if (flag.choices) option.choices([...flag.choices]);
  else if (flag.kind !== 'boolean')
    option.argParser((text: string, previous: unknown) =>
      readFlag(flag, flag.kind === 'json' ? fileOr(text) : text, previous),
    );
  return option.makeOptionMandatory(flag.required);
}

/** A command line holds no more than some hundred kilobytes, so JSON may stand in a file: `@tokens.json`. */
function fileOr(text: string): string {
  if (!text.startsWith('@')) return text;
  try {
    return readFileSync(text.slice(1), 'utf8');
  } catch (error) {
    throw new UsageError(
      `${text.slice(1)} cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}.`,
    );
  }
}

function argumentName(field: string): string {
  return field === 'token' ? 'secret' : field;
}

function argumentText(field: string): string {
  return field === 'token' ? "the token's secret; - reads it from standard input" : '';
}

/** A secret on the command line shows up in process lists, so `-` takes it from standard input. */
async function argumentValue(text: string): Promise<string> {
  if (text !== '-') return text;
  const { readStandardInput } = await import('./process.ts');
  return (await readStandardInput()).trim();
}

/** Commander's key for `--space-id` is `spaceId`. */
function optionKey(name: string): string {
  return name.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function needsConfirmation(verb: string): boolean {
  return /^(revoke|deactivate|erase|retire)/.test(verb);
}

function isOptional(operation: AnyOperation, field: string): boolean {
  return (operation.input.shape as Record<string, z.ZodType>)[field]!.safeParse(undefined).success;
}

function missingOrg(): never {
  throw new UsageError('Say which organization: --org org_… or TOLLGATE_ORG=org_….');
}

/** Text goes out as it came, however long. JSON is laid out like any other answer unless it is for a script or a file. */
async function writeRaw(
  { name }: AnyOperation,
  response: Response,
  { json, output }: { readonly json?: boolean; readonly output?: string },
): Promise<void> {
  const isJson = response.headers.get('content-type')?.startsWith('application/json');
  if (isJson && !json && output === undefined) write(await renderAnswer(name, await response.json()));
  else await writeBody(response, output);
}

/** What answers 200 and is bad news for scripts all the same: a token that does not hold, books that do not agree. */
function isRefusal(operation: AnyOperation, answer: OutputOf<AnyOperation>): boolean {
  const { valid, agrees } = (answer ?? {}) as { valid?: boolean; agrees?: boolean };
  if (operation.name === 'billing.reconcile') return agrees === false;
  return operation.name === 'tokens.verify' && valid === false;
}

import { Command, CommanderError } from 'commander';
import { addAuditCommands } from './audit-commands.ts';
import { failureOf } from './failures.ts';
import { complain, exitStatus } from './process.ts';

/**
 * Runs the command line `argv` (without the program) and returns the exit status: 0 done, 1 refused or failed, 2 used in
 * a way it cannot be. Prints on stdout and stderr.
 */
export async function run(argv: readonly string[]): Promise<0 | 1 | 2> {
  const program = new Command('tollgate')
    .description('The authority for agent tokens.')
    .version('0.1.0')
    .option('--json', "print exactly the API's JSON; also after a command")
    .showHelpAfterError('(tollgate --help, or --help after a command, shows what there is)');
  // Once, however often this process runs a command line.
  process.stdout.off('error', endWithReader).on('error', endWithReader);
  try {
    if (needsOperations(argv)) {
      const { addOperationCommands } = await import('./operation-commands.ts');
      addOperationCommands(program);
    }
    addOwnCommands(program);
    throwInsteadOfExit(program);
    program.hook('preAction', (_, command) => {
      if (program.opts()['json']) command.setOptionValue('json', true);
    });
    await program.parseAsync([...argv], { from: 'user' });
    return exitStatus();
  } catch (error) {
    // Commander has said what was wrong; help that was asked for is no error.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const { status, text } = failureOf(error);
    complain(text);
    return status;
  }
}

/** Commands that work offline start quicker without the contracts, which only the others load. */
function needsOperations([group, verb]: readonly string[]): boolean {
  if (group === 'billing') return !['prorate', 'periods', 'recompute'].includes(verb ?? '');
  if (group === 'audit' && verb === 'verify') return false;
  return !['token', 'jwt', 'env', 'db', 'nats', 'projections'].includes(group ?? '');
}

function addOwnCommands(program: Command): void {
  const group = (name: string, text: string) =>
    program.commands.find((command) => command.name() === name) ?? program.command(name).description(text);

  const billing = group('billing', 'proration, offline');
  billing
    .command('prorate')
    .description('Prorate NDJSON lines from standard input, offline')
    .action(async () => (await import('./commands/billing-offline.ts')).billingProrate());
  billing
    .command('recompute')
    .description('Work exported statement lines out again (JSON from standard input) and compare; offline')
    .option('--steps', 'print the arithmetic of every line')
    .action(async (options) => (await import('./commands/billing-offline.ts')).billingRecompute(options));
  billing
    .command('periods')
    .description('Print the starts of billing periods, offline')
    .requiredOption('--anchor <time>', 'the start of the first period; a date is midnight in the time zone')
    .requiredOption('--time-zone <zone>', 'a tz database zone such as Europe/Berlin')
    .requiredOption('--interval <interval>', 'P1M or P1Y')
    .requiredOption('--count <number>', 'how many')
    .action(async (options) => (await import('./commands/billing-offline.ts')).billingPeriods(options));

  addAuditCommands(group('audit', 'the audit log'));

  group('token', "a secret's text, offline")
    .command('format')
    .description('Say whether a text is a well-formed secret, and its parts; offline')
    .argument('<secret>', '- reads it from standard input')
    .option('--json', 'print JSON')
    .action(async (secret, options) => (await import('./commands/token-format.ts')).tokenFormat(secret, options));

  program
    .command('jwt')
    .description('Print a JWT of the development issuer, valid for an hour')
    .option('--operator', 'of the platform operator')
    .option('--org <org>', 'limited to this organization')
    .option('--account <account>', 'of this account')
    .option('--service <name>', 'of a service')
    .option('--scope <scopes>', "the service's scopes, separated by spaces")
    .action(async (options) => (await import('./commands/jwt.ts')).jwt(options));

  program
    .command('env')
    .description('Print the addresses in use as shell exports')
    .action(async () => (await import('./commands/env.ts')).env());

  group('db', 'the Postgres in use')
    .command('url')
    .description("Print the connection string of a service's role")
    .option('--superuser', 'of the superuser; embedded Postgres only')
    .option('--service <name>', 'whose role', 'token-command')
    .action(async (options) => (await import('./commands/db-url.ts')).dbUrl(options));

  group('nats', 'the NATS server in use')
    .command('creds')
    .description('Print a NATS .creds file for an outside caller')
    .argument('<name>', 'a name for the user')
    .requiredOption(
      '--allow <grants>',
      'verify, embedded-verifier, events-feed, billing-feed, audit-feed, usage-feed, audit-records, charges; separated by commas',
    )
    .action(async (name, options) => (await import('./commands/nats-creds.ts')).natsCreds(name, options));

  group('projections', 'read models')
    .command('rebuild')
    .description('Rebuild a read model beside the running one, compare, switch')
    .argument('<name>', 'token-list, replica, seats, ledger, audit or credentials')
    .option('--as <caller>', 'operator or service:NAME[:scope,scope]')
    .option('--json', "print exactly the API's JSON")
    .action(async (name, options) =>
      (await import('./commands/projections-rebuild.ts')).projectionsRebuild(name, options),
    );
}

/** Whoever reads what is printed may have seen enough: `tollgate … | head`. */
function endWithReader(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit(exitStatus());
}

/** Errors come out of commander as exceptions, for every command and its subcommands. */
function throwInsteadOfExit(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) throwInsteadOfExit(child);
}

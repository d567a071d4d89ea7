import { Option, type Command } from 'commander';

/** Adds the commands of the audit log that are more than one operation. What they need is loaded when they run. */
export function addAuditCommands(audit: Command): void {
  const as = [
    '--as <caller>',
    'operator, acc_\u2026 or service:NAME[:scope,scope]; a JWT of the development issuer',
  ] as const;
  const org = () => new Option('--org <org>', 'the organization').env('TOLLGATE_ORG').makeOptionMandatory();

  audit
    .command('public-key')
    .description('Print the key that checkpoints are signed with, as `audit verify --key` takes it')
    .option(...as)
    .option('--json', "print exactly the API's JSON")
    .action(async (options) => (await import('./commands/audit-read.ts')).auditPublicKeyCommand(options));

  audit
    .command('witness-key')
    .description('Print the key that the witness cosigns checkpoints with, as `audit verify --witness-key` takes it')
    .option(...as)
    .option('--json', "print exactly the API's JSON")
    .action(async (options) => (await import('./commands/audit-read.ts')).auditWitnessKeyCommand(options));

  const exporting = audit
    .command('export')
    .description('Export the audit log, oldest first, as far as it goes now; the entries of ndjson carry their proofs')
    .addOption(org())
    .addOption(new Option('--format <format>').choices(['ndjson', 'csv', 'ocsf']).default('ndjson'))
    .option('--output <file>', 'instead of stdout')
    .option('--checkpoint <file>', 'write the signed checkpoint of its size there');
  addFilters(exporting)
    .option('--at-least <position>', 'wait until the log is read up to there')
    .option(...as)
    .action(async (options) => (await import('./commands/audit-read.ts')).auditExportCommand(options));

  const tail = audit.command('tail').description('Print the newest entries, oldest first').addOption(org());
  addFilters(tail)
    .option('--limit <number>', 'how many to begin with', '10')
    .option('--follow', 'go on as entries come, until interrupted')
    .option(...as)
    .option('--json', 'print entries as JSON, a line each')
    .action(async (options) => (await import('./commands/audit-read.ts')).auditTailCommand(options));

  audit
    .command('verify')
    .description(
      'Prove offline that an export is complete, in order and unaltered; exit status 1 names the first wrong entry',
    )
    .requiredOption('--export <file>', 'an export as NDJSON; - reads standard input')
    .requiredOption('--checkpoint <note>', 'the signed checkpoint of the size that the export names')
    .requiredOption('--key <key>', 'as `audit public-key` prints it, or a file that holds it')
    .option(
      '--witness-key <key>',
      'demand that this witness has cosigned the checkpoint, or the held one before a whole export',
    )
    .option('--held <note>', 'an older checkpoint that was kept elsewhere: shows a cut tail and a rewritten history')
    .option('--json', 'print JSON')
    .action(async (options) => (await import('./commands/audit-verify.ts')).auditVerify(options));
}

/** The filters of the search, which the export and the tail take too. */
function addFilters(command: Command): Command {
  return command
    .option('--namespace <text>', 'API Tokens, Directory, Billing or Security')
    .option('--action <text>', 'an action or its beginning: token.')
    .option('--actor <id>', 'who did it')
    .option('--target <id>', 'what it was done to')
    .option('--space-id <id>', 'where')
    .option('--outcome <outcome>', 'success or refused')
    .option('--from <time>', 'RFC 3339, included')
    .option('--to <time>', 'RFC 3339, not included')
    .option('--q <words>', 'words, all of which an entry has; claude* is any word that begins so');
}

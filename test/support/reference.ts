import { allOperations, type AnyOperation, errorCodes, eventTypes, subjectOf } from '@tollgate/contracts';

const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');

function operationRow(op: AnyOperation): string[] {
  const route = op.http ? `\`${op.http.method} ${op.http.path}\`` : '';
  return [
    `\`${op.name}\``,
    route,
    op.internal ? 'services' : op.who.filter((who) => who !== 'caller').join(', '),
    op.summary,
  ];
}

const tables: Readonly<Record<string, () => string>> = {
  operations: () =>
    table(['operation', 'route', 'who', 'what'], allOperations.filter((op) => !op.internal).map(operationRow)),
  internal: () =>
    table(
      ['subject', 'what'],
      allOperations.filter((op) => op.internal).map((op) => [`\`${subjectOf(op)}\``, op.summary]),
    ),
  errors: () =>
    table(
      ['code', 'status', 'meaning'],
      Object.entries(errorCodes).map(([code, { status, title }]) => [`\`${code}\``, String(status), title]),
    ),
  events: () =>
    table(
      ['type', 'version', 'stream'],
      Object.entries(eventTypes).map(([type, { version, category }]) => [
        `\`${type}\``,
        String(version),
        `\`${category}-…\``,
      ]),
    ),
};

/** The document with each `<!-- table: name -->` … `<!-- end -->` filled from the contracts. */
export function withTables(document: string): string {
  return document.replaceAll(/<!-- table: (\w+) -->[\s\S]*?<!-- end -->/g, (_, name: string) => {
    const make = tables[name];
    if (!make) throw new Error(`docs/reference.md asks for a table "${name}", which there is not`);
    return `<!-- table: ${name} -->\n\n${make()}\n\n<!-- end -->`;
  });
}

import { rawPageBytesMax, type RawPage, type Statement, type StatementLine } from '@tollgate/contracts';
import type { PostedLine } from '../bookkeeping/ports.ts';
import type { IssuedStatement } from './ports.ts';

export function statementAnswer({ closing, issue, issuedAt }: IssuedStatement): Statement {
  const { no, period, policy, timeZone, tzdb, mainPosition } = closing;
  const { total, lines, adjustments } = issue;
  return { no, period, total, lines, adjustments, policy, timeZone, tzdb, issuedAt, mainPosition };
}

export function lineAnswer({ kind, no, lineNo, postedAt, data }: PostedLine): StatementLine {
  return { kind, no, lineNo, postedAt, ...data } as StatementLine;
}

export function jsonPage(page: unknown): RawPage {
  return { contentType: 'application/json; charset=utf-8', headers: {}, body: JSON.stringify(page), next: null };
}

/**
 * A page of CSV (RFC 4180) with as many rows as fit a message, at least one. The first page begins with the names.
 * @param next the cursor after so many of the rows
 */
export function csvPage(
  columns: readonly string[],
  rows: readonly (readonly unknown[])[],
  { first, more, next }: { first: boolean; more: boolean; next: (rows: number) => string },
): RawPage {
  let body = first ? csvRow(columns) : '';
  let taken = 0;
  for (const row of rows) {
    const text = csvRow(row);
    if (taken > 0 && body.length + text.length > rawPageBytesMax / 4) break;
    body += text;
    taken++;
  }
  const ended = taken === rows.length && !more;
  return { contentType: 'text/csv; charset=utf-8', headers: {}, body, next: ended ? null : next(taken) };
}

function csvRow(values: readonly unknown[]): string {
  return `${values.map(csvField).join(',')}\r\n`;
}

function csvField(value: unknown): string {
  const text =
    value === null || value === undefined ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

import { billingExplain, type OutputOf } from '@tollgate/contracts';
import { renderExplanation } from './explanation.ts';
import { UsageError } from './failures.ts';
import { moneyText } from './money.ts';

/** How answers look on a terminal. With `--json` none of this is used. */

type Fields = Readonly<Record<string, unknown>>;

/** The columns of well-known lists; other lists show what their items have at the top. */
const columnsOf: Readonly<Record<string, readonly string[]>> = {
  'accounts.list': ['id', 'name', 'kind', 'role', 'status', 'email'],
  'accounts.inherited-permissions': ['space', 'permissions', 'administers'],
  'spaces.list': ['id', 'name', 'createdAt'],
  'teams.list': ['id', 'name', 'policy', 'projects'],
  'projects.list': ['id', 'name', 'createdAt'],
  'products.list': ['key', 'name', 'tokenPrefix', 'environments', 'mcpUrl', 'resources'],
  'tokens.inherited-permissions': ['space', 'permissions', 'administers'],
  'tokens.list': ['id', 'name', 'status', 'account', 'scope', 'hint', 'expiresAt', 'createdAt'],
  'billing.seats': ['tokenId', 'scope', 'plan', 'billable', 'openedAt', 'closedAt', 'price'],
  'billing.statements': ['no', 'period', 'total', 'lines', 'adjustments', 'issuedAt'],
  'billing.lines': ['lineNo', 'id', 'tokenId', 'plan', 'interval', 'numerator', 'denominator', 'unitPrice', 'amount'],
  'billing.accrual': ['tokenId', 'scope', 'billable', 'openedAt', 'closedAt', 'accrued', 'projected'],
  'billing.events': ['sequence', 'type', 'subject', 'time', 'recordedtime'],
  'audit.list': ['at', 'action', 'actor', 'targets', 'outcome', 'reason'],
};

/** Answers that are files of other programs: they are shown as such. */
const documents: ReadonlySet<string> = new Set(['tokens.mcp-json']);

/** The text of an answer: a table for a list, lines of `name  value` for anything else, and the secret apart. */
export async function renderAnswer(operationName: string, answer: unknown): Promise<string> {
  if (documents.has(operationName)) return JSON.stringify(answer, null, 2).split('\n').map(text).join('\n');
  if (Array.isArray(answer)) return renderPage(operationName, { items: answer as Fields[] });
  if (!isFields(answer)) return text(answer);
  if (operationName === billingExplain.name)
    return renderExplanation(answer as OutputOf<typeof billingExplain>)
      .split('\n')
      .map(text)
      .join('\n');
  if (Array.isArray(answer['items'])) return renderPage(operationName, answer as { items: Fields[] });
  const { secret, secretAlreadyShown, ...rest } = answer;
  const lines = keyValues(rest);
  if (typeof secret === 'string')
    lines.push('', secret, 'This is the secret. It is shown this once and cannot be read again: store it now.');
  if (secretAlreadyShown)
    lines.push('', 'The secret was shown by the first call with this idempotency key and cannot be read again.');
  return lines.join('\n');
}

/** What the schema of an answer tells of its fields: an object's `shape`, in the order in which it is meant to be read. */
interface Shaped {
  readonly shape?: Readonly<Record<string, unknown>>;
}

/** The same value with its fields in the order of the schema; fields that it does not know come last. */
export function inOrderOf(schema: unknown, value: unknown): unknown {
  const { shape } = schema as Shaped;
  if (!shape || !isFields(value)) return value;
  const known = Object.keys(shape).filter((name) => name in value);
  const others = Object.keys(value).filter((name) => !(name in shape));
  return Object.fromEntries([...known, ...others].map((name) => [name, inOrderOf(shape[name] ?? {}, value[name])]));
}

/**
 * One field of an answer by its path: `org.id`, `items.0.id`. Text as it is, anything else as JSON.
 * @throws UsageError when the answer has no such field
 */
export function fieldOf(answer: unknown, path: string): string {
  let value = answer;
  for (const name of path.split('.')) {
    value = value instanceof Object && Object.hasOwn(value, name) ? (value as Fields)[name] : undefined;
  }
  if (value === undefined) throw new UsageError(`The answer has no field ${path}. --json shows all of it.`);
  return typeof value === 'string' ? text(value) : JSON.stringify(value);
}

async function renderPage(operationName: string, page: { items: Fields[]; nextCursor?: unknown }): Promise<string> {
  const { items: _, nextCursor: __, ...rest } = page;
  const beside = keyValues(rest);
  return [await renderItems(operationName, page), ...(beside.length === 0 ? [] : ['', ...beside])].join('\n');
}

async function renderItems(operationName: string, page: { items: Fields[]; nextCursor?: unknown }): Promise<string> {
  if (page.items.length === 0) return 'There are none.';
  const columns = columnsOf[operationName] ?? Object.keys(page.items[0] as Fields);
  const { default: Table } = await import('cli-table3');
  const table = new Table({ head: [...columns], style: { head: [], border: [], compact: true }, chars: plainBorders });
  for (const item of page.items) table.push(columns.map((column) => cell(item[column])));
  const more = typeof page.nextCursor === 'string' ? `\nThere are more: --cursor ${text(page.nextCursor)}` : '';
  return `${table.toString()}${more}`;
}

/** Columns are set apart by spaces alone, so that the output can be cut and searched. */
const plainBorders = Object.fromEntries(
  [
    ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'],
    ...['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'],
  ].map((name) => [name, '']),
);

/** `{token: {id}, position}` becomes `token.id  …` and `position  …`, aligned. */
function keyValues(fields: Fields): string[] {
  const entries = flatten(fields, '');
  const width = Math.max(...entries.map(([name]) => name.length), 0);
  return entries.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
}

function flatten(fields: Fields, prefix: string): [string, string][] {
  return Object.entries(fields).flatMap(([name, value]): [string, string][] => {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    if (isFields(value) && !isMoney(value) && Object.keys(value).length > 0) return flatten(value, path);
    return [[path, cell(value)]];
  });
}

/** One value in one line: a thing by its name or id, money with its currency, a list by its items. */
function cell(value: unknown): string {
  if (value === null || value === undefined) return '-';
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map(cell).join(', ');
  if (!isFields(value)) return text(value);
  if (Object.keys(value).length === 0) return '-';
  if (isMoney(value)) return text(moneyText(value));
  if (isInterval(value)) return `${text(value['start'])} … ${text(value['end'])}`;
  const label = value['name'] ?? value['id'];
  if (label !== undefined) return text(label);
  return text(value['spaceId'] ?? value['type'] ?? JSON.stringify(value));
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isMoney(value: Fields): value is Fields & { amount: string; currency: string } {
  return typeof value['amount'] === 'string' && typeof value['currency'] === 'string';
}

function isInterval(value: Fields): boolean {
  return typeof value['start'] === 'string' && typeof value['end'] === 'string';
}

/** A terminal obeys control characters, so none of an answer reaches it. */
function text(value: unknown): string {
  return String(value).replaceAll(/\p{Cc}/gu, '\u{fffd}');
}

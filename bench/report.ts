import { cpus, release, totalmem } from 'node:os';

/** A row of a table: what was measured, its figures, and whether a goal was reached. */
export interface Row {
  readonly what: string;
  readonly figures: readonly string[];
  readonly goal?: string;
  /** Absent for rows without a goal. */
  readonly reached?: boolean;
}

/** One table, with how it was measured. */
export interface Section {
  readonly title: string;
  /** A paragraph. */
  readonly method: string;
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  /** What a reader must know of this run: what was skipped and why. */
  readonly notes?: readonly string[];
}

/** Markdown of one section. */
export function sectionText({ title, method, columns, rows, notes = [] }: Section): string {
  const header = ['what', ...columns, 'goal', 'reached'];
  const lines = rows.map(({ what, figures, goal = '', reached }) => [
    what,
    ...figures,
    goal,
    reached === undefined ? '' : reached ? 'yes' : '**no**',
  ]);
  const widths = header.map((_, column) => Math.max(...[header, ...lines].map((line) => line[column]!.length)));
  const text = (line: readonly string[]) =>
    `| ${line.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  const table = [text(header), rule, ...lines.map(text)].join('\n');
  return [`## ${title}`, method, table, ...notes.map((note) => `${note}`)].join('\n\n');
}

/** What the figures were measured on. */
export function machineText(): string {
  const [cpu] = cpus();
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  const { node, v8 } = process.versions;
  return `${cpu?.model.trim() ?? 'unknown processor'}, ${cpus().length} logical processors, ${gigabytes} GB; Linux ${release()}; Node ${node} (V8 ${v8}).`;
}

/** 12,345 */
export const count = (value: number): string => Math.round(value).toLocaleString('en');
/** 1.23 × */
export const times = (value: number): string => `${value.toFixed(2)} ×`;
/** 1.2 ms, or 0.123 ms below one. */
export const milliseconds = (value: number): string => `${value.toFixed(value < 1 ? 3 : value < 100 ? 1 : 0)} ms`;
/** What one of so many per second takes, where one core does them all: 12.3 µs. */
export const microsecondsEach = (perSecond: number): string => `${(1e6 / perSecond).toFixed(1)} µs`;
export const nanoseconds = (value: number): string => `${count(value)} ns`;
export const megabytes = (bytes: number): string => `${count(bytes / 1e6)} MB`;
export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

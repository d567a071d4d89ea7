import type { Entry } from './entry.ts';

const lengthMax = 64;
const wordsMax = 200;

/** What is looked for: a whole word, or its beginning. */
export interface WantedWord {
  readonly text: string;
  readonly beginning: boolean;
}

/**
 * The words by which an entry is found, each once: of its action, its reason, its ids, what changed, and the names that its
 * targets had then. Names of people are not among them: they are erasable, and entries are not.
 */
export function wordsOf(entry: Entry, targetNames: readonly string[]): string[] {
  const { action, namespace, reason, actor, targets, before, after } = entry;
  const ids = [actor.id, ...targets.map(({ id }) => id)];
  const texts = [action, namespace, reason ?? '', ...ids, ...targetNames, ...textsIn(before), ...textsIn(after)];
  return [...new Set(texts.flatMap(split))].slice(0, wordsMax);
}

/** The words of a query: an asterisk after one asks for its beginning. A text of signs alone has none. */
export function wantedWords(query: string): WantedWord[] {
  return query.split(/\s+/).flatMap((part) => {
    const words = split(part);
    return words.map((text, index) => ({ text, beginning: part.endsWith('*') && index === words.length - 1 }));
  });
}

/** Runs of letters and digits in one spelling: compatible forms folded together, lower case. */
function split(text: string): string[] {
  const words =
    text
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  // Characters are at least as long as code points, so most words need no count.
  return words.map((word) => (word.length <= lengthMax ? word : [...word].slice(0, lengthMax).join('')));
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(textsIn);
}

import type { TeamPolicy } from '@tollgate/contracts';

/** A team's policy, ready to be asked. */
export interface ToolPolicy {
  /** Whether the team's tokens may call this tool. */
  allows(tool: string): boolean;
}

/** `deny` wins; no `allow` means every tool, an empty one means none. Compiled once, when the policy changes. */
export function compilePolicy({ allow, deny }: TeamPolicy): ToolPolicy {
  const isAllowed = allow && compileGlobs(allow.tools);
  const isDenied = deny && compileGlobs(deny.tools);
  return { allows: (tool) => !isDenied?.(tool) && (isAllowed === undefined || isAllowed(tool)) };
}

/** Whether a text matches one of the globs, in which `*` stands for any run of characters, none among them. */
export function compileGlobs(globs: readonly string[]): (text: string) => boolean {
  const exact = new Set(globs.filter((glob) => !glob.includes('*')));
  const patterns = globs.filter((glob) => glob.includes('*')).map(compileGlob);
  return (text) => exact.has(text) || patterns.some((matches) => matches(text));
}

/**
 * Takes each piece between two stars at its first place after the piece before: the earliest place leaves the most for what
 * follows, so nothing is ever tried twice. With the search below, a match takes a time that grows with the length of text and
 * glob together, whatever a caller sends.
 */
function compileGlob(glob: string): (text: string) => boolean {
  const pieces = glob.split('*');
  const head = pieces[0] as string;
  const tail = pieces.at(-1) as string;
  const middle = pieces
    .slice(1, -1)
    .filter((piece) => piece !== '')
    .map(compileSearch);
  return (text) => {
    if (text.length < head.length + tail.length || !text.startsWith(head) || !text.endsWith(tail)) return false;
    const end = text.length - tail.length;
    let at = head.length;
    for (const search of middle) {
      at = search(text, at, end);
      if (at < 0) return false;
    }
    return true;
  };
}

/**
 * Finds a piece in `text` between `from` and `end`: the index after it, or -1. Knuth, Morris and Pratt (1977): every
 * character is looked at once, where a plain search may take the product of both lengths.
 */
function compileSearch(piece: string): (text: string, from: number, end: number) => number {
  const fallback = new Uint16Array(piece.length);
  for (let index = 1, matched = 0; index < piece.length; index++) {
    while (matched > 0 && piece[index] !== piece[matched]) matched = fallback[matched - 1] as number;
    if (piece[index] === piece[matched]) matched += 1;
    fallback[index] = matched;
  }
  return (text, from, end) => {
    for (let index = from, matched = 0; index < end; index++) {
      while (matched > 0 && text[index] !== piece[matched]) matched = fallback[matched - 1] as number;
      if (text[index] === piece[matched]) matched += 1;
      if (matched === piece.length) return index + 1;
    }
    return -1;
  };
}

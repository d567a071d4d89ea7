/**
 * A name as the search compares it: lower case, accents off, single spaces, a space before every word. A search text
 * treated alike, with its space in front, is found at the beginning of any word.
 */
export function wordsOf(text: string): string {
  const plain = text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase();
  return ` ${plain
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean)
    .join(' ')}`;
}

import { kindOfSecret } from './secret.ts';

/** What every secret of ours ends with. */
const tail = /_[0-9a-f]{64}_[0-9A-Za-z]{6}/g;
/** More than any prefix and environment have. */
const headMax = 60;

/** Whether a secret of ours, with a checksum that fits, stands anywhere in the text: also in the middle of a word. */
export function containsSecret(text: string): boolean {
  return [...text.matchAll(tail)].some((found) => {
    const end = found.index + found[0].length;
    const starts = Array.from({ length: Math.min(headMax, found.index) }, (_, back) => found.index - back - 1);
    return starts.some((start) => kindOfSecret(text.slice(start, end)) === 'well-formed');
  });
}

import { z } from 'zod';

/**
 * A piece of an answer that is text and not JSON (`http.raw`). A message on the bus holds 1 MB, so a long answer comes in
 * pages: whoever wants the rest asks again with the same input and `cursor: next`. Over HTTP the gateway does that and sends
 * the bodies as one response, no faster than its reader takes them.
 */
export const RawPage = z.object({
  /** With parameters: `text/csv; charset=utf-8`. Counts on the first page. */
  contentType: z.string(),
  /** More headers of the HTTP response, by their names in lower case. Count on the first page. */
  headers: z.record(z.string(), z.string()),
  body: z.string(),
  /** null: this was the last page. */
  next: z.string().nullable(),
});
export type RawPage = z.infer<typeof RawPage>;

/** What the JSON of a page may have in bytes, so that it fits a message of the bus with room to spare. */
export const rawPageBytesMax = 700_000;

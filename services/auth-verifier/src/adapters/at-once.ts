import { isAscii } from 'node:buffer';
import type { AtOnceAnswer } from '@tollgate/bus';
import { isPlainVerifyRequest } from '@tollgate/contracts';
import type { VerifyCalls } from '../application/verify-calls.ts';
import { decisionText } from './decision-text.ts';

/**
 * The hot path of both doors: a verification from the bytes of its request to the text of its answer, in one turn of the
 * event loop. What is unusual or refused is null; whoever asks again the ordinary way learns what it is.
 */
export function verifyAtOnce(calls: VerifyCalls): AtOnceAnswer {
  return (body) => {
    try {
      const request = parseAscii(body);
      if (!isPlainVerifyRequest(request)) return null;
      const decision = calls.verifyAtOnce(request);
      return decision && decisionText(decision);
    } catch {
      return null;
    }
  };
}

/** ASCII is UTF-8, and quicker to read as what it is. Other texts are not plain. */
function parseAscii(body: Uint8Array): unknown {
  return isAscii(body) ? JSON.parse(Buffer.prototype.latin1Slice.call(body, 0, body.length)) : null;
}

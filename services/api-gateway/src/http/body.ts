import { parseBody } from '@tollgate/bus';
import { TollgateError } from '@tollgate/contracts';
import type { FastifyInstance } from '@tollgate/runtime';

/**
 * Makes a scope read bodies as JSON and nothing else. An empty body is no body whatever its type says, because clients
 * without one often send a type all the same.
 */
export function acceptJsonOnly(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) => {
    try {
      return parseBody(body);
    } catch (error) {
      // Where the text breaks off is not said: the parser would quote what stands there, and that may be a secret.
      const { message } = error as Error;
      throw new TollgateError('INVALID_JSON', message, [{ path: '', message: 'is not valid JSON' }]);
    }
  });
  scope.addContentTypeParser('*', { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) => {
    if (body.length === 0) return undefined;
    throw new TollgateError('UNSUPPORTED_MEDIA_TYPE', 'Send the body with Content-Type: application/json.');
  });
}

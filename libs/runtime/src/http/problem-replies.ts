import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { asTollgateError, parseBody } from '@tollgate/bus';
import { isTollgateError, toProblem, TollgateError } from '@tollgate/contracts';
import { createLogger } from '@tollgate/telemetry';
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifyServerOptions } from 'fastify';
import { rememberRoutes } from './routes.ts';

const logger = createLogger('http');

/** The largest request body. With its headers it fits into a NATS message (1 MiB). */
export const bodyLimitBytes = 768 * 1024;

/** Server options that belong to `installProblemReplies`: what fails before a route is known is answered here. */
export const problemServerOptions = {
  bodyLimit: bodyLimitBytes,
  genReqId: () => randomUUID(),
  // Fastify's own reply while closing is no problem document; the service refuses by itself.
  return503OnClosing: false,
  frameworkErrors: (error, request, reply) => {
    void sendProblem(reply as unknown as FastifyReply, error, request.id);
  },
  clientErrorHandler: (error, socket) => refuseConnection(error, socket as Socket),
} satisfies FastifyServerOptions;

/**
 * Makes every failure of an HTTP server an RFC 9457 problem: unknown routes and methods, malformed or oversized bodies,
 * foreign media types, and whatever a route throws. Call it before routes are added; JSON bodies are read by it too.
 */
export function installProblemReplies(fastify: FastifyInstance): void {
  const routes = rememberRoutes(fastify);
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, parseBody(body as Buffer));
    } catch (error) {
      done(error as Error);
    }
  });
  fastify.setErrorHandler((error, request, reply) => sendProblem(reply, error, request.id));
  fastify.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] as string;
    const methods = routes.methodsOf(path);
    if (methods.length === 0)
      return sendProblem(
        reply,
        new TollgateError('ROUTE_NOT_FOUND', 'There is no such route. The OpenAPI document lists those there are.'),
        request.id,
      );
    void reply.header('allow', methods.join(', '));
    return sendProblem(
      reply,
      new TollgateError('METHOD_NOT_ALLOWED', `This route answers to ${methods.join(', ')}.`),
      request.id,
    );
  });
}

/** Of a body that was refused unread, so much is still taken. */
const drainedBytesMax = 64 * 1024 * 1024;

/**
 * Lets the sender of a body that was refused before its end read the refusal. Fastify would close the connection, and a
 * close resets what is under way: senders would see a broken connection more often than the answer.
 */
function drainBody(reply: FastifyReply): void {
  const { raw } = reply.request;
  if (raw.complete) return;
  void reply.removeHeader('connection');
  let drainedBytes = 0;
  raw.on('data', (chunk: Buffer) => {
    drainedBytes += chunk.length;
    if (drainedBytes > drainedBytesMax) raw.destroy();
  });
}

/** Answers with the problem of any error. What is not a refusal is logged and says nothing of itself. */
export function sendProblem(reply: FastifyReply, error: unknown, requestId: string): FastifyReply {
  const refusal = refusalOf(error);
  if (refusal.code === 'INTERNAL' && !isTollgateError(error)) logger.error({ err: error }, 'a request failed');
  const problem = toProblem(refusal, requestId);
  if (problem.status === 503) void reply.header('retry-after', '1');
  if (problem.status === 401 && !reply.hasHeader('www-authenticate')) void reply.header('www-authenticate', 'Bearer');
  drainBody(reply);
  // As bytes: to a text Fastify would add a charset, which the media type does not have.
  return reply
    .code(problem.status)
    .header('content-type', 'application/problem+json')
    .send(Buffer.from(JSON.stringify(problem)));
}

/** Fastify's refusals by its codes: https://fastify.dev/docs/latest/Reference/Errors/ */
function refusalOf(error: unknown): TollgateError {
  if (isTollgateError(error)) return error;
  const { code, statusCode } = (error ?? {}) as { code?: unknown; statusCode?: unknown };
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new TollgateError('PAYLOAD_TOO_LARGE', `The body may have at most ${bodyLimitBytes} bytes.`);
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new TollgateError('UNSUPPORTED_MEDIA_TYPE', 'Send the body with Content-Type: application/json.');
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new TollgateError('INVALID_INPUT', 'The body has another length than Content-Length says.');
    case 'FST_ERR_BAD_URL':
      return new TollgateError('INVALID_INPUT', 'The path is not correctly percent-encoded.');
    default:
      // What else Fastify refuses with a status of the 400s is about the shape of the request.
      if (
        typeof code === 'string' &&
        code.startsWith('FST_') &&
        typeof statusCode === 'number' &&
        statusCode >= 400 &&
        statusCode < 500
      ) {
        return new TollgateError('INVALID_INPUT', 'The request cannot be read.');
      }
      return asTollgateError(error);
  }
}

/** What arrived is not HTTP (or its headers are too large): there is no request to reply to, only a socket. */
function refuseConnection(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) return void socket.destroy();
  const problem = JSON.stringify(
    toProblem(new TollgateError('INVALID_INPUT', 'What arrived is not a well-formed HTTP request.')),
  );
  socket.end(
    `HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(problem)}\r\nConnection: close\r\n\r\n${problem}`,
  );
}

export type { FastifyInstance, FastifyReply, FastifyRequest };

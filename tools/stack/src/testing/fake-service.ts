/**
 * Stands in for a service in the launcher's own tests: it is ready at once, says where it was pointed to, ends with the
 * launcher, and does nothing else.
 */
import { createServer } from 'node:http';

// Its credentials tell it which service it plays.
if (process.env['TOLLGATE_NATS_CREDS']?.endsWith(`/${process.env['FAKE_EXIT']}.creds`)) {
  console.error('the reason stands in the log');
  process.exit(7);
}

const server = createServer((_request, response) => {
  const { TOLLGATE_NATS_URL, TOLLGATE_NATS_CREDS, TOLLGATE_DATABASE_URL } = process.env;
  response.end(JSON.stringify({ pid: process.pid, TOLLGATE_NATS_URL, TOLLGATE_NATS_CREDS, TOLLGATE_DATABASE_URL }));
});
server.listen(Number(process.env['TOLLGATE_SERVICE_PORT']), process.env['TOLLGATE_HOST']);

process.once('SIGTERM', () => {
  console.log('asked to end');
  process.exit(0);
});
process.once('disconnect', () => process.exit(0));

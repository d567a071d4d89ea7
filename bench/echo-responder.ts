/** Run by the benches: answers every request on `bench.echo` with the same bytes. Arguments: URL, credentials, the bytes. */
import { connect, credsAuthenticator } from '@nats-io/transport-node';

const [servers, creds, answer] = process.argv.slice(2) as [string, string, string];
const nc = await connect({ servers, authenticator: credsAuthenticator(new TextEncoder().encode(creds)) });
const bytes = Buffer.from(answer);
nc.subscribe('bench.echo', {
  queue: 'q',
  callback: (error, message) => {
    if (!error) message.respond(bytes);
  },
});
await nc.flush();
process.once('disconnect', () => process.exit());
process.send!('ready');

import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { natsServerBinary } from '@tollgate/stack';
import { eventually } from './eventually.ts';

/** A NATS server on a configuration file that listens on 127.0.0.1 and this port. */
export async function startNatsOn(configuration: string, port: number) {
  const server = spawn(await natsServerBinary(), ['-c', configuration], { stdio: 'ignore' });
  const ended = new Promise((resolve) => server.once('exit', resolve));
  await eventually(
    () =>
      new Promise<void>((resolve, reject) => {
        const socket = connect(port, '127.0.0.1', () => resolve(void socket.destroy()));
        socket.once('error', reject);
      }),
  );
  return {
    url: `nats://127.0.0.1:${port}`,
    stop: async () => {
      server.kill();
      await ended;
    },
  };
}

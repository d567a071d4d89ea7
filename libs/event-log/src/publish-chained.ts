import { headers as natsHeaders, type MsgHdrs, type NatsConnection } from '@nats-io/nats-core';
import { PubHeaders, type JetStreamClient } from '@nats-io/jetstream';

/** A message of a stream in which each names the one before it. */
export interface ChainedMessage {
  readonly subject: string;
  readonly payload: string;
  /** The stream drops what it has already by this id. */
  readonly id: string;
  /** Sent with the message. */
  readonly headers?: MsgHdrs;
}

/** `wrong last msg ID`: something else stands at the end of the stream than the message before. */
const WRONG_LAST_MSG_ID = 10_070;

/**
 * Adds messages to a stream in their order. Each names the message before it, so the stream refuses the rest after one that it
 * did not take: never a later one before an earlier. For the same reason the acknowledgement of the last one speaks for all,
 * and only that one is asked for.
 * @param previous the id of the message at the end of the stream; null if that is unknown: then send one alone, whose own
 *   error shows if it is refused, and what the stream has already it drops
 * @returns true if the stream has them all; false if it refused one because another than the one named stands before it:
 *   begin again with the first, alone. Throws any other error.
 */
export async function publishChained(
  nc: NatsConnection,
  js: JetStreamClient,
  stream: string,
  messages: readonly ChainedMessage[],
  previous: string | null,
): Promise<boolean> {
  const last = messages.length - 1;
  try {
    for (const [index, { subject, payload, id, headers = natsHeaders() }] of messages.entries()) {
      const before = index === 0 ? previous : messages[index - 1]!.id;
      headers.set(PubHeaders.MsgIdHdr, id);
      headers.set(PubHeaders.ExpectedStreamHdr, stream);
      if (before !== null) headers.set(PubHeaders.ExpectedLastMsgIdHdr, before);
      if (index === last) await js.publish(subject, payload, { headers });
      else nc.publish(subject, payload, { headers });
    }
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code !== WRONG_LAST_MSG_ID) throw error;
    return false;
  }
}

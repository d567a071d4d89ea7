import { RetentionPolicy, StorageType, type JetStreamClient, type StreamConfig } from '@nats-io/jetstream';

/** What a stream is to be, beyond what all of Tollgate's are: on disk, and kept by limits alone. */
export type StreamWish = Partial<StreamConfig> & Pick<StreamConfig, 'name' | 'subjects'>;

/**
 * Makes a stream if it is missing. Throws when JetStream doesn't answer.
 * @returns the configuration of the one that is there; null: it was made, and is empty
 */
export async function ensureStream(js: JetStreamClient, wish: StreamWish): Promise<StreamConfig | null> {
  const { streams: api } = await js.jetstreamManager(false);
  try {
    return (await api.info(wish.name)).config;
  } catch (error) {
    if ((error as { name?: string }).name !== 'StreamNotFoundError') throw error;
    await api.add({ storage: StorageType.File, retention: RetentionPolicy.Limits, ...wish });
    return null;
  }
}

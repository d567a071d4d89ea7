import type { NatsConnection, Subscription } from '@nats-io/nats-core';
import type { FeedBus, FeedMessage } from './feed.ts';

interface Shared {
  readonly subscription: Subscription;
  readonly listeners: Set<(message: FeedMessage) => void>;
}

const sharedOf = new WeakMap<NatsConnection, Map<string, Shared>>();

/**
 * The feed's view of a NATS connection. All feeds of a connection share one subscription for each subject, so that the
 * server sends every event once. The client subscribes again by itself when it reconnects.
 */
export function natsFeedBus(nc: NatsConnection): FeedBus {
  const all = sharedOf.get(nc) ?? new Map<string, Shared>();
  sharedOf.set(nc, all);
  return {
    subscribe(subject, onMessage) {
      const shared = all.get(subject) ?? subscribe(nc, subject);
      all.set(subject, shared);
      shared.listeners.add(onMessage);
      return () => {
        shared.listeners.delete(onMessage);
        if (shared.listeners.size > 0) return;
        if (all.get(subject) === shared) all.delete(subject);
        if (!nc.isClosed()) shared.subscription.unsubscribe();
      };
    },
  };
}

function subscribe(nc: NatsConnection, subject: string): Shared {
  const listeners: Shared['listeners'] = new Set();
  const subscription = nc.subscribe(subject, {
    // A permission violation ends the subscription: the feed then lives on what it reads from the log.
    callback: (error, message) => {
      if (error) return;
      const { headers, data } = message;
      for (const listener of listeners) listener({ subject: message.subject, headers, data });
    },
  });
  return { subscription, listeners };
}

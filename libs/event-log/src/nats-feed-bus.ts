import type { NatsConnection } from '@nats-io/nats-core';
import type { FeedBus } from './feed.ts';

/** The feed's view of a NATS connection. The client subscribes again by itself when it reconnects. */
export function natsFeedBus(nc: NatsConnection): FeedBus {
  return {
    subscribe(subject, onMessage) {
      const subscription = nc.subscribe(subject, {
        // A permission violation ends the subscription: the feed then lives on what it reads from the log.
        callback: (error, message) => {
          if (!error) onMessage(message);
        },
      });
      return () => {
        if (!nc.isClosed()) subscription.unsubscribe();
      };
    },
  };
}

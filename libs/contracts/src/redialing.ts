/** Of a server of the pool of the NATS client, what is looked at here. */
interface Dialled {
  readonly listen: string;
}

const pauseMs = 250;

/**
 * Options of the NATS client with which it dials a server again every 250 ms, by timers alone. Its own pause goes by the wall
 * clock: after that was put back by an hour, the client would wait for an hour. Spread into the options of `connect`.
 */
export function redialing() {
  const dialledMs = new Map<string, number>();
  return {
    // Its own pause is always over.
    reconnectDelayHandler: () => Number.NEGATIVE_INFINITY,
    reconnectToServer<Server extends Dialled>(pool: readonly Server[]): { server: Server; delay: number } {
      // The client puts the server that it would dial now in the first place.
      const [server] = pool as readonly [Server];
      const nowMs = performance.now();
      const delay = Math.max(0, (dialledMs.get(server.listen) ?? Number.NEGATIVE_INFINITY) + pauseMs - nowMs);
      dialledMs.set(server.listen, nowMs + delay);
      return { server, delay };
    },
  };
}

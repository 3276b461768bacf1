/** Events that go to one server over one connection: the work of those scenarios that have a bare client in them. */

export interface Shipping {
  readonly port: number;
  readonly events: readonly number[];
  /** How many sends may be in flight. */
  readonly window: number;
  /** How many events a send has: with 1 each is sent by itself, with more in batches. */
  readonly size: number;
}

/** Opens what is needed. What it gives ships all events, and resolves with how many were delivered. */
export type Shipper = (shipping: Shipping) => Promise<() => Promise<number>>;

/** The options of a ready-made connection that are the same for all. */
export function optionsOf({ window, size }: Shipping) {
  return { window, ...(size === 1 ? {} : { batch: { size } }) };
}

/** Sends one event, or one batch. `answered` is called once, with how many events were delivered. */
type SendNext = (from: number, answered: (delivered: number) => void) => void;

/**
 * What a client without a balancer has around it: as many sends as the window allows, and the next for each answer.
 * @param send Sends the event at a place; of a batch, that is the place of its first.
 */
export function inWindow({ events, window, size }: Shipping, send: SendNext): () => Promise<number> {
  return () =>
    new Promise((resolve) => {
      let [taken, inFlight, delivered] = [0, 0, 0];
      const next = () => {
        if (taken < events.length) {
          const from = taken;
          taken += size;
          inFlight++;
          send(from, answered);
        } else if (inFlight === 0) {
          resolve(delivered);
        }
      };
      const answered = (count: number) => {
        inFlight--;
        delivered += count;
        next();
      };
      for (let sends = 0; sends < window; sends++) {
        next();
      }
    });
}

/** As many loops as sends may be in flight, each `send(event).then(next)`: the least that can be done. */
import type { Contender } from '../work.js';

export const plainLoop: Contender = ({ events, senders, window }) =>
  new Promise((resolve) => {
    let taken = 0;
    let running = senders.length * window;
    for (const send of senders) {
      const next = () => {
        if (taken < events.length) {
          void send(events[taken++]).then(next);
        } else if (--running === 0) {
          resolve(taken);
        }
      };
      for (let each = 0; each < window; each++) {
        next();
      }
    }
  });

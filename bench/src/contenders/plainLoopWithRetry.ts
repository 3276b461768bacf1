/** The plain loop that sends an event again at once when it has failed: what errors cost by themselves. */
import type { Contender } from '../work.js';

export const plainLoopWithRetry: Contender = ({ events, senders, window }) =>
  new Promise((resolve) => {
    let taken = 0;
    let running = senders.length * window;
    for (const send of senders) {
      const loop = () => {
        let event = 0;
        const again = () => {
          void send(event).then(next, again);
        };
        const next = () => {
          if (taken < events.length) {
            event = events[taken++];
            again();
          } else if (--running === 0) {
            resolve(taken);
          }
        };
        next();
      };
      for (let each = 0; each < window; each++) {
        loop();
      }
    }
  });

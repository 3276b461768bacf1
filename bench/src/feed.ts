/** Two ways to feed what stays open: one event at a time, or all together. */
import type { Push } from './work.js';

type Open = (settled: (delivered: boolean) => void) => Push;

/** The next event goes in when the last has its outcome. What it gives ships them all. */
export function oneByOne(events: readonly number[], open: Open): () => Promise<number> {
  let [pushed, delivered] = [0, 0];
  let done: (delivered: number) => void;
  const step = () => {
    if (pushed < events.length) {
      push(events[pushed++]);
    } else {
      done(delivered);
    }
  };
  const push = open((wasDelivered) => {
    delivered += Number(wasDelivered);
    step();
  });
  return () =>
    new Promise((resolve) => {
      [pushed, delivered] = [0, 0];
      done = resolve;
      step();
    });
}

/** All events go in at once. What it gives ships them all. */
export function together(events: readonly number[], open: Open): () => Promise<number> {
  let [settled, delivered] = [0, 0];
  let done: (delivered: number) => void;
  const push = open((wasDelivered) => {
    delivered += Number(wasDelivered);
    if (++settled === events.length) {
      done(delivered);
    }
  });
  return () =>
    new Promise((resolve) => {
      [settled, delivered] = [0, 0];
      done = resolve;
      for (const event of events) {
        push(event);
      }
    });
}

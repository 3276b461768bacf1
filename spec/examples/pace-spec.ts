/** `--rate`: so many events a second, and no more. */
import { performance } from 'node:perf_hooks';
import { expect } from 'chai';
import { paced } from '../../examples/ship/pace.js';
import { ship } from '../../examples/ship/ship.js';
import { targetsOf } from '../../examples/ship/targets.js';
import { endpoint } from './endpoint.js';

describe("the shipper's pace", () => {
  const never = new AbortController().signal;

  /** Timers may be a fraction of a millisecond early. */
  const tolerance = 2;

  it('should pass no event before it is due', async () => {
    for (const [rate, count] of [
      [100, 20],
      [5_000, 500],
    ] as const) {
      const started = performance.now();
      let n = 0;
      for await (const event of paced(
        Array.from({ length: count }, (_, at) => at),
        rate,
        never,
      )) {
        expect(event).to.equal(n);
        expect(performance.now() - started).to.be.at.least((n * 1_000) / rate - tolerance);
        n++;
      }
      expect(n).to.equal(count);
    }
  });

  it('should not make up for a slow taker with a burst', async () => {
    const rate = 100;
    const times: number[] = [];
    for await (const n of paced([0, 1, 2, 3, 4, ...new Array<number>(30).fill(5)], rate, never)) {
      if (n === 0) {
        // As slow as 50 events.
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
      times.push(performance.now());
    }
    // The last of them come one by one again: a tenth of a second is all that is made up for.
    const madeUpFor = 10;
    const [first = 0, last = 0] = [times[0], times.at(-1)];
    expect(last - first).to.be.at.least(((times.length - 1 - madeUpFor) * 1_000) / rate - tolerance);
  });

  it('should ask for no event before it is due', async () => {
    let asked = 0;
    const events = (function* () {
      for (;;) {
        yield asked++;
      }
    })();
    const stop = new AbortController();
    const passing = paced(events, 0.001, stop.signal);
    await passing.next();
    const next = passing.next();
    await new Promise(setImmediate);
    expect(asked).to.equal(1);
    stop.abort();
    await next;
    expect(asked).to.equal(2);
  });

  it('should be that of the deliveries', async () => {
    const { url, posts, close } = await endpoint();
    const started = performance.now();
    await ship({ events: 20, rate: 100, targets: targetsOf([url], 'lines') });
    expect(performance.now() - started).to.be.at.least(190 - tolerance);
    expect(posts).to.have.length(20);
    await close();
  });
});

/** How far the shipper reads ahead of what is delivered: as far as its windows, whatever the length of the input. */
import { expect } from 'chai';
import { lastValueFrom, tap } from 'rxjs';
import { exponentialBackoff } from '../../src/index.js';
import { formatOf } from '../../examples/ship/formats.js';
import { connectionTo } from '../../examples/ship/httpConnections.js';
import { uninterrupted } from '../../examples/ship/interruption.js';
import { eventsOf } from '../../examples/ship/lines.js';
import { Progress } from '../../examples/ship/progress.js';
import { outcomesOf } from '../../examples/ship/shipping.js';
import { targetsOf } from '../../examples/ship/targets.js';
import { endpoint } from './endpoint.js';
import { start, until } from './program.js';

describe("the shipper's memory", function () {
  this.timeout(60_000);

  const linesInAChunk = 100;
  const chunks = 100;
  const chunk = Buffer.from('a line\n'.repeat(linesInAChunk));

  for (const [batch, window] of [
    [1, 4],
    [25, 3],
  ] as const) {
    it(`should hold what is in flight and no more, with ${window} requests of ${batch}`, async () => {
      let chunksRead = 0;
      let furthest = { events: 0, chunks: 0 };
      const progress = new Progress(['a', 'b']);
      const ahead = (): void => {
        const settled = progress.delivered + progress.dropped;
        furthest = {
          events: Math.max(furthest.events, progress.read - settled),
          chunks: Math.max(furthest.chunks, chunksRead - settled / linesInAChunk),
        };
      };
      const read = async function* () {
        for (; chunksRead < chunks; chunksRead++) {
          ahead();
          yield await Promise.resolve(chunk);
        }
      };
      const places = await Promise.all([endpoint(), endpoint()]);
      const targets = targetsOf(
        places.map(({ url }) => url),
        'lines',
      );
      const outcome$ = outcomesOf(
        {
          source: {
            size: undefined,
            open: (enter, stop) => eventsOf(read, enter, stop, () => new Error()),
          },
          connections: targets.map((target) => connectionTo(target, formatOf('lines'), { window, batch })),
          progress,
          enter: (bytes) => {
            ahead();
            return progress.enter(bytes);
          },
          maxAttempts: 1,
          timeout: { connect: 10_000, send: 10_000 },
          reconnectDelay: exponentialBackoff(),
          rate: undefined,
          interruption: uninterrupted,
          deadLetters: undefined,
        },
        (error) => {
          throw error;
        },
      );
      await lastValueFrom(outcome$.pipe(tap(ahead)), { defaultValue: undefined });
      await Promise.all(places.map(({ close }) => close()));

      expect(progress.delivered).to.equal(chunks * linesInAChunk);
      // What is in flight, a batch that is being filled, and the event that is on its way.
      const most = targets.length * window * batch + batch + 1;
      expect(furthest.events).to.be.within(2, most);
      expect(furthest.chunks).to.be.at.most(most / linesInAChunk + 2);
    });
  }

  it('should leave in the pipe what is not taken', async () => {
    const { url, posts, close } = await endpoint(() => undefined);
    const shipper = start('ship', ['--to', url, '--window', '2', '--timeout', '2147483647']);
    const { stdin } = shipper.child;
    let sent = 0;
    const fill = (): void => {
      while (stdin.write(chunk)) {
        sent++;
      }
    };
    fill();
    stdin.on('drain', fill);
    await until(() => posts.length === 2);
    // Progress is written once a second: the reader has had its chance.
    await shipper.wrote('err', /0:(0[2-9]|[1-5]\d) \| 0 delivered/);
    const bytes = sent * chunk.length;
    // Buffers of Node and of the kernel on both sides; without back-pressure it would be without end.
    expect(bytes).to.be.below(4_000_000);
    shipper.child.kill('SIGKILL');
    await shipper.end();
    await close();
  });
});

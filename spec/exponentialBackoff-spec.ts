/** The delay that doubles with every failure in a row, and its jitter. */
import { expect } from 'chai';
import fc from 'fast-check';
import { map, retry, VirtualTimeScheduler } from 'rxjs';
import { useFakeTimers } from 'sinon';
import {
  exponentialBackoff,
  loadBalance,
  TemporaryError,
  type ExponentialBackoffConfig,
} from '../src/index.js';
import { fakeConnection } from '../src/testing/index.js';
import { run } from './marbles.js';

/** The delays after the first failures in a row. */
function delays(config: ExponentialBackoffConfig, failures: number): number[] {
  const delay = exponentialBackoff(config);
  return Array.from({ length: failures }, (_, index) => delay(undefined, index + 1).milliseconds);
}

describe('exponentialBackoff', () => {
  describe('without jitter', () => {
    it('begins with 1,000 ms, doubles, and ends at 60,000 ms by default', () => {
      expect(delays({ jitter: 0 }, 9)).to.deep.equal([
        1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000,
      ]);
    });

    it('begins with initialDelay, grows by factor, and ends at maxDelay', () => {
      const config = { initialDelay: 10, factor: 3, maxDelay: 200, jitter: 0 };
      expect(delays(config, 5)).to.deep.equal([10, 30, 90, 200, 200]);
    });

    it('stays the same with a factor of 1', () => {
      expect(delays({ initialDelay: 7, factor: 1, jitter: 0 }, 4)).to.deep.equal([7, 7, 7, 7]);
    });

    it('is never above maxDelay, also at first', () => {
      expect(delays({ initialDelay: 100, maxDelay: 10, jitter: 0 }, 2)).to.deep.equal([10, 10]);
    });

    it('may be no delay at all', () => {
      expect(delays({ initialDelay: 0, jitter: 0 }, 3)).to.deep.equal([0, 0, 0]);
      expect(delays({ maxDelay: 0, jitter: 0 }, 3)).to.deep.equal([0, 0, 0]);
    });
  });

  describe('with jitter', () => {
    it('is drawn between half of the delay and all of it by default', () => {
      expect(delays({ random: () => 0 }, 3)).to.deep.equal([1_000, 2_000, 4_000]);
      expect(delays({ random: () => 0.5 }, 3)).to.deep.equal([750, 1_500, 3_000]);
      expect(delays({ random: () => 1 - Number.EPSILON }, 1)[0]).to.be.closeTo(500, 0.001);
    });

    it('is drawn anew for every delay', () => {
      const draws = [0, 0.5, 0.25];
      const random = (): number => draws.shift() ?? 1;
      expect(delays({ initialDelay: 8, factor: 1, jitter: 1, random }, 3)).to.deep.equal([8, 4, 6]);
    });

    it('uses Math.random by default', () => {
      const delay = exponentialBackoff({ jitter: 1 });
      const drawn = new Set(Array.from({ length: 20 }, () => delay(undefined, 1).milliseconds));
      expect(drawn.size).to.be.above(1);
    });

    it('keeps between (1 - jitter) × d and d', () => {
      const config = fc.record({
        initialDelay: fc.integer({ min: 0, max: 100_000 }),
        maxDelay: fc.integer({ min: 0, max: 100_000 }),
        factor: fc.double({ min: 1, max: 10, noNaN: true }),
        jitter: fc.double({ min: 0, max: 1, noNaN: true }),
        draw: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      });
      const bounds = fc.property(config, fc.integer({ min: 1, max: 60 }), ({ draw, ...rest }, failures) => {
        const { initialDelay, maxDelay, factor, jitter } = rest;
        const { milliseconds } = exponentialBackoff({ ...rest, random: () => draw })(undefined, failures);
        const longest = Math.min(maxDelay, initialDelay * factor ** (failures - 1));
        expect(milliseconds).to.be.at.most(longest);
        // Within what floating point makes of two ways to the same number.
        expect(milliseconds).to.be.at.least((1 - jitter) * longest * (1 - 1e-12) - 1e-9);
      });
      fc.assert(bounds);
    });
  });

  describe('after very many failures', () => {
    for (const initialDelay of [0, 1, 1_000]) {
      it(`is a delay that a timer can wait, from ${initialDelay} ms on`, () => {
        for (const failures of [32, 64, 1_024, 1_025, 5_000, 1e9, Number.MAX_SAFE_INTEGER]) {
          const { milliseconds } = exponentialBackoff({ initialDelay, jitter: 0 })(undefined, failures);
          expect(milliseconds, `after ${failures}`).to.equal(initialDelay === 0 ? 0 : 60_000);
        }
      });
    }

    it('never is anything but a number from 0 to maxDelay', () => {
      const config = fc.record({
        initialDelay: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 2 ** 31 - 1 })),
        maxDelay: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
        factor: fc.oneof(fc.constant(Infinity), fc.double({ min: 1, noNaN: true })),
        jitter: fc.double({ min: 0, max: 1, noNaN: true }),
      });
      const bounds = fc.property(config, fc.integer({ min: 1 }), (rest, failures) => {
        const { milliseconds } = exponentialBackoff(rest)(undefined, failures);
        expect(milliseconds).to.be.within(0, rest.maxDelay);
      });
      fc.assert(bounds);
    });
  });

  describe('as a timer', () => {
    it('emits once when the delay is over, and completes', () => {
      run(({ expectObservable }) => {
        const delay = exponentialBackoff({ initialDelay: 3, jitter: 0 });
        expectObservable(delay(undefined, 1)).toBe('---(x|)', { x: 0 });
        expectObservable(delay(undefined, 2)).toBe('------(x|)', { x: 0 });
      });
    });

    it('leaves no timer behind when it is unsubscribed', () => {
      const clock = useFakeTimers({ shouldClearNativeTimers: true });
      try {
        const subscription = exponentialBackoff()(undefined, 1).subscribe();
        expect(clock.countTimers()).to.equal(1);
        subscription.unsubscribe();
        expect(clock.countTimers()).to.equal(0);
      } finally {
        clock.restore();
      }
    });

    it('runs on the scheduler it was given', () => {
      const scheduler = new VirtualTimeScheduler();
      const emissions: number[] = [];
      exponentialBackoff({ jitter: 0, scheduler })(undefined, 2).subscribe(() => {
        emissions.push(scheduler.now());
      });
      expect(emissions).to.deep.equal([]);
      scheduler.flush();
      expect(emissions).to.deep.equal([2_000]);
    });
  });

  describe('where it is used', () => {
    it("is a delay for RxJS's retry, as its picture shows", () => {
      run(({ cold, expectObservable, expectSubscriptions }) => {
        const source = cold('       x#');
        const sourceSubs = ['       ^!', '---^!', '--------^!', '-----------------^!'];
        const unsub = '             ------------------!';
        const expected = '          x--x----x--------x-';
        const result$ = source.pipe(retry({ delay: exponentialBackoff({ initialDelay: 2, jitter: 0 }) }));
        expectObservable(result$, unsub).toBe(expected);
        expectSubscriptions(source.subscriptions).toBe(sourceSubs);
      });
    });

    it('is a reconnectDelay', () => {
      run(({ cold, expectObservable, flush }) => {
        const source = cold('       a|');
        const closeOn = cold('      -------------------x');
        const expected = '          -------------------(d|)';
        const broken = fakeConnection<string>('#', '');
        const reconnectDelay = exponentialBackoff({ initialDelay: 2, jitter: 0 });
        const result$ = source.pipe(
          loadBalance([broken], { reconnectDelay, closeOn }),
          map(({ status }) => status),
        );
        expectObservable(result$).toBe(expected, { d: 'dropped' });
        flush();
        expect(broken.opened).to.deep.equal([0, 2, 6, 14]);
      });
    });

    it('does not look at the error', () => {
      const delay = exponentialBackoff({ jitter: 0 });
      const errors = [undefined, null, new Error('any'), new TemporaryError('full', { retryAfter: 5 })];
      expect(errors.map((error) => delay(error, 1).milliseconds)).to.deep.equal(errors.map(() => 1_000));
    });
  });

  describe('refuses', () => {
    const cases: [name: string, config: object, type: typeof RangeError, message: string][] = [
      ['a negative initialDelay', { initialDelay: -1 }, RangeError, '`initialDelay` to be milliseconds'],
      [
        'an initialDelay without end',
        { initialDelay: Infinity },
        RangeError,
        '`initialDelay` to be milliseconds',
      ],
      [
        'a maxDelay that no timer waits',
        { maxDelay: 2 ** 31 },
        RangeError,
        'from 0 to 2147483647, got `2147483648`',
      ],
      ['a maxDelay that is no number', { maxDelay: '5' }, TypeError, '`maxDelay` to be milliseconds'],
      ['a factor below 1', { factor: 0.5 }, RangeError, '`factor` to be 1 or more, got `0.5` (number)'],
      [
        'a factor that is not a number',
        { factor: NaN },
        RangeError,
        '`factor` to be 1 or more, got `NaN` (number)',
      ],
      ['a jitter below 0', { jitter: -0.1 }, RangeError, '`jitter` to be from 0 to 1, got `-0.1` (number)'],
      ['a jitter above 1', { jitter: 1.1 }, RangeError, '`jitter` to be from 0 to 1, got `1.1` (number)'],
      [
        'a random that is no function',
        { random: 0.5 },
        TypeError,
        '`random` to be a function, got `0.5` (number)',
      ],
    ];
    for (const [name, config, type, message] of cases) {
      it(name, () => {
        expect(() => exponentialBackoff(config))
          .to.throw(type, message)
          .with.property('message')
          .that.contains('exponentialBackoff: expected ');
      });
    }

    it('a config that is no object', () => {
      expect(() => exponentialBackoff(null as never)).to.throw(TypeError);
    });
  });
});

/** R13: when the backoff starts over, and how carefully a connection that failed begins again. */
import { expect } from 'chai';
import { ignoreElements, NEVER, timer, type Observable } from 'rxjs';
import {
  exponentialBackoff,
  loadBalance,
  RejectedError,
  TemporaryError,
  type ItemResult,
} from '../../src/index.js';
import { fakeConnection } from '../../src/testing/index.js';
import { inShort, run } from '../marbles.js';

type Results = ItemResult<string>[];
/** The frames in which a connection was asked to send. */
const framesOf = (log: { readonly sent: readonly { readonly frame: number }[] }): number[] =>
  log.sent.map(({ frame }) => frame);

/** A `reconnectDelay` of always the same length, and the number of failures in a row that it was told each time. */
const counting = (milliseconds: number) => {
  const counts: number[] = [];
  const reconnectDelay = (_error: unknown, nth: number): Observable<number> => {
    counts.push(nth);
    return timer(milliseconds);
  };
  return { counts, reconnectDelay };
};

/** A send whose answers come in this order, and then none. */
const inTurn = <A>(...answers: Observable<A>[]): (() => Observable<A>) => {
  let sends = 0;
  return () => answers[sends++] ?? NEVER;
};

const temporary = new TemporaryError('busy');
const rejected = new RejectedError('rejected');

describe('R13: the backoff', () => {
  describe('goes on', () => {
    it('although connecting worked', () => {
      run(({ cold, expectObservable, flush }) => {
        const { counts, reconnectDelay } = counting(5);
        const states = '            cu';
        const source = cold('       a|');
        const failing = '            -#';
        const expected = '          ----------------(a|)';
        const flaky = fakeConnection<string>(states, failing);
        expectObservable(source.pipe(loadBalance([flaky], { reconnectDelay }), inShort)).toBe(expected, {
          a: 'a attempts 3',
        });
        flush();
        expect(flaky.opened).to.deep.equal([0, 7, 14]);
        expect(counts.slice(0, 2)).to.deep.equal([1, 2]);
      });
    });

    it('after a pause that ends with another temporary failure', () => {
      run(({ cold, expectObservable, flush }) => {
        const { counts, reconnectDelay } = counting(5);
        const source = cold('       a|');
        const failing = '           -#';
        const expected = '          -------------(a|)';
        const busy = fakeConnection<string>('u', failing, { error: temporary });
        expectObservable(source.pipe(loadBalance([busy], { reconnectDelay }), inShort)).toBe(expected, {
          a: 'a attempts 3',
        });
        flush();
        expect(framesOf(busy)).to.deep.equal([0, 6, 12]);
        expect(counts).to.deep.equal([1, 2, 3]);
      });
    });

    it('when failures of both kinds come in a row', () => {
      run(({ cold, expectObservable, flush }) => {
        const { counts, reconnectDelay } = counting(5);
        const source = cold('       a-------------|');
        const expected = '          -------------a|';
        const errors = [temporary, new Error('broken'), temporary];
        const flaky = fakeConnection<string>('u', (_event, { attempt }) =>
          cold('-#', {}, errors[attempt - 1]),
        );
        expectObservable(source.pipe(loadBalance([flaky], { reconnectDelay }), inShort)).toBe(expected, {
          a: 'a attempts 3',
        });
        flush();
        expect(counts).to.deep.equal([1, 2, 3]);
      });
    });

    it('when the connection was up for exactly the last delay', () => {
      run(({ expectObservable, flush }) => {
        const { counts, reconnectDelay } = counting(3);
        const states = '            u--#';
        const unsub = '             -----------------!';
        const flaky = fakeConnection<string>(states, '|');
        expectObservable(NEVER.pipe(loadBalance([flaky], { reconnectDelay })), unsub).toBe('');
        flush();
        expect(flaky.opened).to.deep.equal([0, 6, 12]);
        expect(counts).to.deep.equal([1, 2, 3]);
      });
    });

    it('when the connection was connecting or down for long, and up for a moment', () => {
      run(({ expectObservable, flush }) => {
        const { counts, reconnectDelay } = counting(3);
        const states = '            c-----ud-----#';
        const unsub = '             46ms !';
        const flaky = fakeConnection<string>(states, '|');
        expectObservable(NEVER.pipe(loadBalance([flaky], { reconnectDelay })), unsub).toBe('');
        flush();
        expect(flaky.opened).to.deep.equal([0, 16, 32]);
        expect(counts).to.deep.equal([1, 2, 3]);
      });
    });

    it('when the connection was up for long, but had temporary failures that did not pause it', () => {
      run(({ cold, expectObservable, flush }) => {
        const { counts, reconnectDelay } = counting(5);
        const source = cold('       a');
        const unsub = '             -----------------!';
        const atOnce = new TemporaryError('busy', { retryAfter: 0 });
        // It breaks at 1, is up again at 6, is busy at 9 and at 12, and breaks at 15.
        const answers = [cold('-#'), cold('---#', {}, atOnce), cold('---#', {}, atOnce), cold('---#')];
        const flaky = fakeConnection<string>('u', (_event, { attempt }) => answers[attempt - 1] ?? NEVER);
        const options = { maxAttempts: 10, reconnectDelay };
        expectObservable(source.pipe(loadBalance([flaky], options)), unsub).toBe('');
        flush();
        expect(framesOf(flaky)).to.deep.equal([0, 6, 9, 12]);
        expect(counts).to.deep.equal([1, 2]);
      });
    });

    it('when the sends in flight at a failure took long to finish', () => {
      run(({ cold, expectObservable, flush }) => {
        const { counts, reconnectDelay } = counting(5);
        const source = cold('       (abc)');
        // The pause ends at 6, the connection breaks at 7, and is closed at 20.
        const answers = { a: '      -#', b: '-------#', c: '--------------------#' };
        const unsub = '             22ms !';
        const flaky = fakeConnection<string>(
          'u',
          (event) =>
            cold(answers[event as 'a' | 'b' | 'c'], {}, event === 'a' ? temporary : new Error('broken')),
          { window: 3 },
        );
        expectObservable(source.pipe(loadBalance([flaky], { reconnectDelay })), unsub).toBe('');
        flush();
        expect(flaky.closed).to.deep.equal([20]);
        expect(counts).to.deep.equal([1, 2]);
      });
    });

    it('when a pause ended while the connection was down', () => {
      run(({ cold, expectObservable, flush }) => {
        const { counts, reconnectDelay } = counting(5);
        const states = '            u--d----------#';
        const source = cold('       a');
        const failing = cold('      -#', {}, temporary);
        const unsub = '             ----------------!';
        const flaky = fakeConnection<string>(states, () => failing);
        expectObservable(source.pipe(loadBalance([flaky], { reconnectDelay })), unsub).toBe('');
        flush();
        expect(counts).to.deep.equal([1, 2]);
      });
    });

    it('with exponentialBackoff: longer and longer', () => {
      run(({ expectObservable, flush }) => {
        const states = '            #';
        const unsub = '             125ms !';
        const reconnectDelay = exponentialBackoff({ initialDelay: 10, maxDelay: 40, jitter: 0 });
        const dead = fakeConnection<string>(states, '|');
        expectObservable(NEVER.pipe(loadBalance([dead], { reconnectDelay })), unsub).toBe('');
        flush();
        expect(dead.opened).to.deep.equal([0, 10, 30, 70, 110]);
      });
    });
  });

  describe('starts over', () => {
    it('after a send that succeeded', () => {
      run(({ cold, expectObservable, flush }) => {
        const { counts, reconnectDelay } = counting(5);
        const source = cold('       (ab)-----------------|');
        const answers = ['-#', '-#', '-(r|)', '-#', '-(r|)'].map((answer) => cold(answer));
        const expected = '          -------------x------y|';
        const flaky = fakeConnection<string>('u', inTurn(...answers));
        expectObservable(source.pipe(loadBalance([flaky], { reconnectDelay }), inShort)).toBe(expected, {
          x: 'a@fake 2',
          y: 'b@fake 3',
        });
        flush();
        expect(framesOf(flaky)).to.deep.equal([0, 6, 12, 13, 19]);
        expect(counts).to.deep.equal([1, 2, 1]);
      });
    });

    it('after a send that was rejected', () => {
      run(({ cold, expectObservable, flush }) => {
        const { counts, reconnectDelay } = counting(5);
        const source = cold('       (ab)');
        const answers = [cold('-#'), cold('-#', {}, rejected), cold('-#')];
        const expected = '          -------b---';
        const unsub = '             ----------!';
        const flaky = fakeConnection<string>('u', inTurn(...answers));
        expectObservable(source.pipe(loadBalance([flaky], { reconnectDelay }), inShort), unsub).toBe(
          expected,
          {
            b: 'b rejected 1',
          },
        );
        flush();
        expect(framesOf(flaky)).to.deep.equal([0, 6, 7]);
        expect(counts).to.deep.equal([1, 1]);
      });
    });

    it('after a batch that was partly delivered', () => {
      run(({ cold, expectObservable, flush }) => {
        const { counts, reconnectDelay } = counting(5);
        const states = '            -u';
        const source = cold('       (ab)');
        const part: Results = [{ index: 0, status: 'delivered', value: 'r' }];
        const answers = [cold<Results>('-#'), cold('-(p|)', { p: part }), cold<Results>('-#')];
        const expected = '          ---------a---';
        const unsub = '             ------------!';
        const flaky = fakeConnection<string, string>(states, inTurn(...answers), {
          batch: { size: 2 },
        });
        expectObservable(source.pipe(loadBalance([flaky], { reconnectDelay }), inShort), unsub).toBe(
          expected,
          {
            a: 'a@fake 2',
          },
        );
        flush();
        expect(framesOf(flaky)).to.deep.equal([1, 8, 9]);
        expect(counts).to.deep.equal([1, 1]);
      });
    });

    it('after the connection was up without a failure for longer than the last delay', () => {
      run(({ expectObservable, flush }) => {
        const { counts, reconnectDelay } = counting(3);
        const states = '            u---#';
        const unsub = '             -------------------!';
        const flaky = fakeConnection<string>(states, '|');
        expectObservable(NEVER.pipe(loadBalance([flaky], { reconnectDelay })), unsub).toBe('');
        flush();
        expect(flaky.opened).to.deep.equal([0, 7, 14]);
        expect(counts).to.deep.equal([1, 1, 1]);
      });
    });

    it('also when it was down between that and the failure', () => {
      run(({ expectObservable, flush }) => {
        const { counts, reconnectDelay } = counting(3);
        const states = '            u---d-#';
        const unsub = '             -------------------------!';
        const flaky = fakeConnection<string>(states, '|');
        expectObservable(NEVER.pipe(loadBalance([flaky], { reconnectDelay })), unsub).toBe('');
        flush();
        expect(flaky.opened).to.deep.equal([0, 9, 18]);
        expect(counts).to.deep.equal([1, 1, 1]);
      });
    });

    it('after a pause and a longer time without a failure', () => {
      run(({ cold, expectObservable, flush }) => {
        const { counts, reconnectDelay } = counting(3);
        const source = cold('       a----------------|');
        const failing = '           ----#';
        const expected = '          ------------------(a|)';
        const busy = fakeConnection<string>('u', failing, { error: temporary });
        expectObservable(source.pipe(loadBalance([busy], { reconnectDelay }), inShort)).toBe(expected, {
          a: 'a attempts 3',
        });
        flush();
        expect(framesOf(busy)).to.deep.equal([0, 7, 14]);
        expect(counts).to.deep.equal([1, 1, 1]);
      });
    });

    it('every time a proxy cuts an idle connection every five minutes', () => {
      run(({ expectObservable, flush }) => {
        const states = '            u 299999ms #';
        const unsub = '             1510s !';
        const reconnectDelay = exponentialBackoff({ jitter: 0 });
        const idle = fakeConnection<string>(states, '|');
        expectObservable(NEVER.pipe(loadBalance([idle], { reconnectDelay })), unsub).toBe('');
        flush();
        expect(idle.closed.slice(0, -1)).to.deep.equal([300_000, 601_000, 902_000, 1_203_000, 1_504_000]);
        expect(idle.opened).to.deep.equal([0, 301_000, 602_000, 903_000, 1_204_000, 1_505_000]);
      });
    });

    it('after a send that succeeded when the connection had failed and was not closed yet', () => {
      run(({ cold, expectObservable, flush }) => {
        const { counts, reconnectDelay } = counting(5);
        const source = cold('       (ab)----c');
        const answers = [cold('     -#'), cold('--(r|)'), cold('-#')];
        const unsub = '             ------------!';
        const options = { maxAttempts: 1, reconnectDelay, timeout: Infinity };
        const flaky = fakeConnection<string>('u', inTurn(...answers), { window: 2 });
        expectObservable(source.pipe(loadBalance([flaky], options), ignoreElements()), unsub).toBe('');
        flush();
        expect(framesOf(flaky)).to.deep.equal([0, 0, 8]);
        expect(counts).to.deep.equal([1, 1]);
      });
    });
  });
});

describe('R13: on probation', () => {
  for (const [kind, error] of [
    ['connection', new Error('broken')],
    ['temporary', temporary],
  ] as const) {
    it(`after a ${kind} failure a connection sends one at a time until one has succeeded`, () => {
      run(({ cold, expectObservable, flush }) => {
        const source = cold('       (abcdef|)');
        const failing = cold('      -#', {}, error);
        const delivering = cold('        --(r|)');
        const expected = '          -------d-(abc)';
        const unsub = '             ----------!';
        const flaky = fakeConnection<string>(
          'u',
          inTurn(failing, failing, failing, ...Array<typeof delivering>(6).fill(delivering)),
          {
            window: 3,
          },
        );
        const result$ = source.pipe(loadBalance([flaky], { reconnectDelay: 4 }), inShort);
        expectObservable(result$, unsub).toBe(expected, {
          a: 'a@fake 2',
          b: 'b@fake 2',
          c: 'c@fake 2',
          d: 'd@fake 1',
        });
        flush();
        expect(framesOf(flaky)).to.deep.equal([0, 0, 0, 5, 7, 7, 7, 9, 9]);
      });
    });

    it(`it stays after another ${kind} failure`, () => {
      run(({ cold, expectObservable, flush }) => {
        const source = cold('       (abcd)');
        const failing = cold('      -#', {}, error);
        const unsub = '             -----------------!';
        const flaky = fakeConnection<string>('u', () => failing, { window: 2 });
        const options = { maxAttempts: 10, reconnectDelay: 4 };
        expectObservable(source.pipe(loadBalance([flaky], options)), unsub).toBe('');
        flush();
        expect(framesOf(flaky)).to.deep.equal([0, 0, 5, 10, 15]);
      });
    });
  }

  it('a rejection counts as success', () => {
    run(({ cold, expectObservable, flush }) => {
      const source = cold('         (abc|)');
      const answers = [cold('-#'), cold('-#'), cold('--#', {}, rejected), cold('-(r|)'), cold('-(r|)')];
      const expected = '            -------c(ab|)';
      const flaky = fakeConnection<string>('u', inTurn(...answers), { window: 2 });
      expectObservable(source.pipe(loadBalance([flaky], { reconnectDelay: 4 }), inShort)).toBe(expected, {
        a: 'a@fake 2',
        b: 'b@fake 2',
        c: 'c rejected 1',
      });
      flush();
      expect(framesOf(flaky)).to.deep.equal([0, 0, 5, 7, 7]);
    });
  });

  it('a partly delivered batch counts as success', () => {
    run(({ cold, expectObservable, flush }) => {
      const states = '              -u';
      const source = cold('         (abcd)');
      const part: Results = [{ index: 0, status: 'delivered', value: 'r' }];
      const answers = [cold<Results>('-#'), cold<Results>('-#'), cold('--(p|)', { p: part })];
      const expected = '            ---------a--';
      const unsub = '               -----------!';
      const flaky = fakeConnection<string, string>(states, inTurn(...answers), {
        window: 2,
        batch: { size: 2 },
      });
      expectObservable(source.pipe(loadBalance([flaky], { reconnectDelay: 4 }), inShort), unsub).toBe(
        expected,
        {
          a: 'a@fake 2',
        },
      );
      flush();
      expect(flaky.sent.map(({ frame, event }) => [frame, ...event])).to.deep.equal([
        [1, 'a', 'b'],
        [1, 'c', 'd'],
        [7, 'a', 'b'],
        [9, 'c', 'd'],
        [9, 'b'],
      ]);
    });
  });

  it('a partly delivered batch counts as success, also when the rest of it makes the connection pause', () => {
    run(({ cold, expectObservable, flush }) => {
      const states = '              -u';
      const source = cold('         (ab)(cde)');
      const mixed: Results = [
        { index: 0, status: 'delivered', value: 'r' },
        { index: 1, status: 'failed', error: temporary },
      ];
      const answers = [cold('--(m|)', { m: mixed })];
      const expected = '            ---a-----';
      const unsub = '               ---------!';
      const busy = fakeConnection<string, string>(states, inTurn(...answers), {
        window: 2,
        batch: { size: 2 },
      });
      expectObservable(source.pipe(loadBalance([busy], { reconnectDelay: 4 }), inShort), unsub).toBe(
        expected,
        {
          a: 'a@fake 1',
        },
      );
      flush();
      expect(busy.sent.map(({ frame, event }) => [frame, ...event])).to.deep.equal([
        [1, 'a', 'b'],
        [7, 'b', 'c'],
        [7, 'd', 'e'],
      ]);
    });
  });

  it('a batch of which nothing was delivered does not', () => {
    run(({ cold, expectObservable, flush }) => {
      const states = '              -u';
      const source = cold('         (abcd)');
      const none: Results = [0, 1].map((index) => ({
        index,
        status: 'failed',
        error: temporary,
      }));
      const answers = [cold<Results>('-#'), cold<Results>('-#'), cold('--(n|)', { n: none })];
      const unsub = '               --------------------!';
      const flaky = fakeConnection<string, string>(states, inTurn(...answers), {
        window: 2,
        batch: { size: 2 },
      });
      expectObservable(source.pipe(loadBalance([flaky], { reconnectDelay: 4 }), inShort), unsub).toBe('');
      flush();
      expect(flaky.sent.map(({ frame, event }) => [frame, ...event])).to.deep.equal([
        [1, 'a', 'b'],
        [1, 'c', 'd'],
        [7, 'a', 'b'],
        [13, 'c', 'd'],
      ]);
    });
  });

  it('a partly delivered batch counts as success, also when its send fails and the connection pauses', () => {
    run(({ cold, expectObservable, flush }) => {
      const states = '              -u';
      const source = cold('         (abcdef)');
      const some: Results = [{ index: 0, status: 'delivered', value: 'r' }];
      const cut = cold('            -x#', { x: some }, temporary);
      const unsub = '               ---------!';
      const bulk = fakeConnection<string, string>(states, inTurn<Results>(cut, NEVER, NEVER), {
        window: 2,
        batch: { size: 2 },
      });
      expectObservable(source.pipe(loadBalance([bulk], { reconnectDelay: 4 }), ignoreElements()), unsub).toBe(
        '',
      );
      flush();
      // c and d are still in flight, which leaves one place in the window.
      expect(bulk.sent.map(({ frame, event }) => [frame, ...event])).to.deep.equal([
        [1, 'a', 'b'],
        [1, 'c', 'd'],
        [7, 'b', 'e'],
      ]);
    });
  });
});

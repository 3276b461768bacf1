/** R16: what the answer to a batch says of each of its events. */
import { expect } from 'chai';
import {
  BehaviorSubject,
  concat,
  firstValueFrom,
  from,
  ignoreElements,
  map,
  NEVER,
  Observable,
  of,
  Subject,
  throwError,
  TimeoutError,
  timer,
  toArray,
} from 'rxjs';
import {
  isDelivered,
  isDropped,
  loadBalance,
  loadBalanceFrom,
  RejectedError,
  TemporaryError,
  type BalancerActivity,
  type BatchAnswer,
  type ConnectionState,
  type ItemResult,
  type SendContext,
} from '../../src/index.js';
import { fakeConnection } from '../../src/testing/index.js';
import { inShort, run } from '../marbles.js';
import { until } from '../until.js';

type Answer = BatchAnswer<string>;
/** `3: ab 1` for each batch: a and b were sent in frame 3, the first attempt of both. */
const batchesOf = (log: {
  readonly sent: readonly {
    readonly frame: number;
    readonly event: readonly string[];
    readonly attempt: number;
  }[];
}): string[] => log.sent.map(({ frame, event, attempt }) => `${frame}: ${event.join('')} ${attempt}`);

/** A send whose answers come in this order, and then none. */
const inTurn = (...answers: Observable<Answer>[]): (() => Observable<Answer>) => {
  let sends = 0;
  return () => answers[sends++] ?? NEVER;
};

const delivered = (...indices: number[]): ItemResult<string>[] =>
  indices.map((index) => ({ index, status: 'delivered', value: 'r' }));

const failed = (error: unknown, ...indices: number[]): ItemResult<string>[] =>
  indices.map((index) => ({ index, status: 'failed', error }));

const refused = new Error('refused');
const atOnce = new TemporaryError('busy', { retryAfter: 0 });

describe('R16: the answer to a batch', () => {
  describe('that completes without any result', () => {
    for (const [which, marble] of [
      ['without a value', '--|'],
      ['with undefined, as an async function has it', '--(u|)'],
      ['with an empty list', '--(e|)'],
    ] as const) {
      it(`delivers all, ${which}`, () => {
        run(({ cold, expectObservable, expectSubscriptions }) => {
          const states = '          -u';
          const source = cold('     (abc)---|');
          const answer = cold<Answer>(marble, { u: undefined, e: [] });
          const subs = '            -^-!';
          const expected = '        ---(abc)|';
          const bulk = fakeConnection<string, string>(states, () => answer, {
            name: 'bulk',
            batch: { size: 3 },
          });
          const delivery = { status: 'delivered', value: undefined, connection: 'bulk', attempts: 1 };
          expectObservable(source.pipe(loadBalance([bulk]))).toBe(expected, {
            a: { ...delivery, event: 'a' },
            b: { ...delivery, event: 'b' },
            c: { ...delivery, event: 'c' },
          });
          expectSubscriptions(answer.subscriptions).toBe(subs);
        });
      });
    }
  });

  describe('with results', () => {
    it('settles the events that they name, as they come', () => {
      run(({ cold, expectObservable, expectSubscriptions, flush }) => {
        const states = '            -u';
        const source = cold('       (abc)-------|');
        const answer = cold('       --x-y-z--|', { x: delivered(1), y: delivered(0), z: delivered(2) });
        const subs = '              -^--------!';
        const expected = '          ---b-a-c----|';
        const bulk = fakeConnection<string, string>(states, () => answer, { batch: { size: 3 } });
        expectObservable(source.pipe(loadBalance([bulk]), inShort)).toBe(expected, {
          a: 'a@fake 1',
          b: 'b@fake 1',
          c: 'c@fake 1',
        });
        expectSubscriptions(answer.subscriptions).toBe(subs);
        flush();
        expect(batchesOf(bulk)).to.deep.equal(['1: abc 1']);
      });
    });

    it('puts back an event that failed as soon as it is named, for another connection', () => {
      run(({ cold, expectObservable, flush }) => {
        const states = '            -u';
        const source = cold('       (ab)-----|');
        const answer = '            --x--y|';
        const spareStates = '       --u';
        const spareAnswer = '          -(r|)';
        const expected = '          ----a-b--|';
        const bulk = fakeConnection<string, string>(states, answer, {
          name: 'bulk',
          batch: { size: 2 },
          values: { x: failed(atOnce, 0), y: delivered(1) },
        });
        const spare = fakeConnection<string>(spareStates, spareAnswer, { name: 'spare' });
        expectObservable(source.pipe(loadBalance([bulk, spare]), inShort)).toBe(expected, {
          a: 'a@spare 2',
          b: 'b@bulk 1',
        });
        flush();
        expect(spare.sent).to.deep.equal([{ frame: 3, event: 'a', attempt: 2 }]);
      });
    });

    it('keeps the seat until it completes', () => {
      run(({ cold, expectObservable, flush }) => {
        const states = '            -u';
        const source = cold('       (ab)-------|');
        const answer = '            -x---|';
        const expected = '          --a----b---|';
        const bulk = fakeConnection<string, string>(states, answer, {
          batch: { size: 1 },
          values: { x: delivered(0) },
        });
        expectObservable(source.pipe(loadBalance([bulk]), inShort)).toBe(expected, {
          a: 'a@fake 1',
          b: 'b@fake 1',
        });
        flush();
        expect(batchesOf(bulk)).to.deep.equal(['1: a 1', '6: b 1']);
      });
    });

    it('that names one event twice counts the first, in one list and in two', () => {
      run(({ cold, expectObservable, flush }) => {
        const states = '            -u';
        const source = cold('       (ab)----|');
        const answer = '            -x-y|';
        const expected = '          --a-b---|';
        const bulk = fakeConnection<string, string>(states, answer, {
          batch: { size: 2 },
          values: {
            x: [...delivered(0), ...failed(refused, 0), ...delivered(0)],
            y: [...failed(refused, 0), ...delivered(0), ...delivered(1)],
          },
        });
        expectObservable(source.pipe(loadBalance([bulk], { maxAttempts: 1 }), inShort)).toBe(expected, {
          a: 'a@fake 1',
          b: 'b@fake 1',
        });
        flush();
        expect(batchesOf(bulk)).to.deep.equal(['1: ab 1']);
        expect(bulk.opened).to.deep.equal([0]);
      });
    });

    it('that names one event twice does not send twice what failed first', () => {
      run(({ cold, expectObservable, flush }) => {
        const states = '            -u';
        const source = cold('       (ab)------|');
        const answers = [
          cold('                     -(x|)', { x: [...failed(atOnce, 0, 0), ...delivered(0, 1)] }),
          cold<Answer>('              --|'),
        ];
        const expected = '          --b-a-----|';
        const bulk = fakeConnection<string, string>(states, inTurn(...answers), { batch: { size: 2 } });
        expectObservable(source.pipe(loadBalance([bulk]), inShort)).toBe(expected, {
          a: 'a@fake 2',
          b: 'b@fake 1',
        });
        flush();
        expect(batchesOf(bulk)).to.deep.equal(['1: ab 1', '2: a 2']);
      });
    });

    for (const index of [2, -1, 0.5, NaN]) {
      it(`that names index ${index} of two events fails as a whole, and the connection is opened again`, () => {
        run(({ cold, expectObservable, expectSubscriptions, flush }) => {
          const states = '          -u';
          const source = cold('     (ab)------|');
          const wrong = cold('       -x----|', { x: delivered(index) });
          const wrongSubs = '       -^!';
          const answer = cold<Answer>('    -|');
          const expected = '        --------(ab)';
          const unsub = '           ---------!';
          const bulk = fakeConnection<string, string>(states, inTurn(wrong, answer), { batch: { size: 2 } });
          const result$ = source.pipe(loadBalance([bulk], { reconnectDelay: 4 }), inShort);
          expectObservable(result$, unsub).toBe(expected, { a: 'a@fake 2', b: 'b@fake 2' });
          expectSubscriptions(wrong.subscriptions).toBe(wrongSubs);
          flush();
          expect(bulk.opened).to.deep.equal([0, 6]);
        });
      });
    }

    it('that names an index out of range keeps what was named before, and tells what was wrong', () => {
      run(({ cold, expectObservable }) => {
        const states = '            -u';
        const source = cold('       (ab)--|');
        const answer = '            -x|';
        const expected = '          --(ab)|';
        const bulk = fakeConnection<string, string>(states, answer, {
          batch: { size: 2 },
          values: { x: [...delivered(0), ...delivered(7)] },
        });
        const result$ = source.pipe(
          loadBalance([bulk], { reconnectDelay: () => cold('|') }),
          map((outcome) =>
            isDelivered(outcome)
              ? outcome.event
              : [outcome.event, outcome.reason, outcome.error instanceof RangeError],
          ),
        );
        expectObservable(result$).toBe(expected, { a: 'a', b: ['b', 'no-connection', true] });
      });
    });

    it('that names a status that there is not has failed, and tells what was wrong', () => {
      const wrong = [{ index: 0, status: 'lost' }] as unknown as ItemResult<string>[];
      const errors: string[] = [];
      const send = () => of(wrong);
      const up$ = concat(of('up' as const), NEVER);

      loadBalanceFrom(['a'], [{ name: 'one', state$: up$, batch: { size: 2, send } }], {
        maxAttempts: 1,
      }).subscribe((outcome) => errors.push(isDelivered(outcome) ? outcome.event : String(outcome.error)));

      expect(errors).to.deep.equal([
        `RangeError: one: expected \`status of a result\` to be 'delivered' or 'failed', got \`"lost"\` (string)`,
      ]);
    });
  });

  describe('whose function changes the array it was given', () => {
    const spoil: Record<string, (events: string[]) => void> = {
      'empties it': (events) => {
        events.length = 0;
      },
      'adds to it': (events) => {
        events.push('x', 'y', 'z');
      },
      'puts others in it': (events) => {
        events.fill('x');
      },
      'reverses it': (events) => {
        events.reverse();
      },
    };

    for (const [how, change] of Object.entries(spoil)) {
      /** What becomes of three events that are sent in one batch, and what the batches are. */
      const balanced = (
        ...answers: ((events: readonly string[]) => BatchAnswer<string> | Observable<Answer>)[]
      ): { readonly outcomes: string[]; readonly batches: string[]; readonly counts: number[][] } => {
        const batches: string[] = [];
        const outcomes: string[] = [];
        const counts: number[][] = [];
        const send = (events: readonly string[]): Observable<Answer> => {
          batches.push(events.join(''));
          if (batches.length > 9) {
            throw new Error('there is no end of batches');
          }
          const answer = answers.shift()?.(events);
          change(events as string[]);
          return answer instanceof Observable ? answer : of(answer);
        };
        const state$ = new Subject<ConnectionState>();
        const subscription = of('a', 'b', 'c')
          .pipe(
            loadBalance([{ name: 'bulk', state$, batch: { size: 3, send } }], {
              maxAttempts: 2,
              monitor: {
                next: (activity) => {
                  if (activity.type === 'answer') {
                    counts.push([activity.delivered, activity.failed]);
                  }
                },
              },
            }),
            inShort,
          )
          .subscribe((outcome) => outcomes.push(outcome));
        state$.next('up');
        subscription.unsubscribe();
        return { outcomes, batches, counts };
      };

      it(`and ${how}: each event has its own outcome when all are delivered`, () => {
        expect(balanced(() => undefined)).to.deep.equal({
          outcomes: ['a@bulk 1', 'b@bulk 1', 'c@bulk 1'],
          batches: ['abc'],
          counts: [[3, 0]],
        });
      });

      it(`and ${how}: results name the events as they were sent`, () => {
        expect(balanced(() => delivered(2, 0, 1))).to.deep.equal({
          outcomes: ['c@bulk 1', 'a@bulk 1', 'b@bulk 1'],
          batches: ['abc'],
          counts: [[3, 0]],
        });
      });

      it(`and ${how}: what fails is sent again as it was, also after that`, () => {
        const busy = () => throwError(() => atOnce);
        expect(balanced(busy, () => undefined)).to.deep.equal({
          outcomes: ['a@bulk 2', 'b@bulk 2', 'c@bulk 2'],
          batches: ['abc', 'abc'],
          counts: [
            [0, 3],
            [3, 0],
          ],
        });
        expect(balanced(busy, busy)).to.deep.equal({
          outcomes: ['a attempts 2', 'b attempts 2', 'c attempts 2'],
          batches: ['abc', 'abc'],
          counts: [
            [0, 3],
            [0, 3],
          ],
        });
      });

      it(`and ${how}: what the results leave out is sent again`, () => {
        expect(
          balanced(
            () => delivered(1),
            () => [...delivered(0), ...failed(atOnce, 1)],
            () => undefined,
          ),
        ).to.deep.equal({
          outcomes: ['b@bulk 1', 'a@bulk 2', 'c@bulk 3'],
          batches: ['abc', 'ac', 'c'],
          counts: [
            [1, 2],
            [1, 1],
            [1, 0],
          ],
        });
      });
    }
  });

  describe('that names all events', () => {
    const answersTo = (...results: ItemResult<string>[][]): { outcomes: string[]; answers: unknown[] } => {
      const outcomes: string[] = [];
      const answers: unknown[] = [];
      const state$ = new Subject<ConnectionState>();
      const subscription = of('a', 'b')
        .pipe(
          loadBalance([{ name: 'bulk', state$, batch: { size: 2, send: () => from(results) } }], {
            monitor: {
              next: (activity) => {
                if (activity.type === 'answer') {
                  answers.push({ ...activity, elapsed: 0 });
                }
              },
            },
          }),
          inShort,
        )
        .subscribe((outcome) => outcomes.push(outcome));
      state$.next('up');
      subscription.unsubscribe();
      return { outcomes, answers };
    };

    for (const [how, results] of [
      ['in one list', [delivered(0, 1)]],
      ['in several', [delivered(1), delivered(0)]],
      ['more than once', [delivered(1, 0), delivered(0, 1)]],
    ] as const) {
      it(`as delivered, ${how}, is an answer without an error`, () => {
        const { outcomes, answers } = answersTo(...results);
        expect(outcomes.slice().sort()).to.deep.equal(['a@bulk 1', 'b@bulk 1']);
        expect(answers).to.deep.equal([
          { type: 'answer', connection: 'bulk', delivered: 2, failed: 0, elapsed: 0 },
        ]);
      });
    }
  });

  describe('that completes with some of the events unnamed', () => {
    it('has failed those; when it delivered one, they have used no attempt, and nothing pauses', () => {
      run(({ cold, expectObservable, flush }) => {
        const states = '            -u';
        const source = cold('       (abc)-----|');
        const answers = [cold('      --(x|)', { x: delivered(0) }), cold<Answer>(' -|')];
        const expected = '          ---a(bc)--|';
        const bulk = fakeConnection<string, string>(states, inTurn(...answers), { batch: { size: 3 } });
        const options = { maxAttempts: 1, reconnectDelay: 100 };
        expectObservable(source.pipe(loadBalance([bulk], options), inShort)).toBe(expected, {
          a: 'a@fake 1',
          b: 'b@fake 2',
          c: 'c@fake 2',
        });
        flush();
        expect(batchesOf(bulk)).to.deep.equal(['1: abc 1', '3: bc 2']);
        expect(bulk.opened).to.deep.equal([0]);
      });
    });

    it('is a truncated bulk answer: with one attempt each, all arrive when every answer names one', () => {
      run(({ cold, expectObservable, flush }) => {
        const states = '            -u';
        const source = cold('       (abcd)----|');
        const answer = '             --(x|)';
        const expected = '          ---a-b-c-d|';
        const bulk = fakeConnection<string, string>(states, answer, {
          batch: { size: 4 },
          values: { x: delivered(0) },
        });
        expectObservable(source.pipe(loadBalance([bulk], { maxAttempts: 1 }), inShort)).toBe(expected, {
          a: 'a@fake 1',
          b: 'b@fake 2',
          c: 'c@fake 3',
          d: 'd@fake 4',
        });
        flush();
        expect(batchesOf(bulk)).to.deep.equal(['1: abcd 1', '3: bcd 2', '5: cd 3', '7: d 4']);
      });
    });

    it('has used an attempt of theirs when it delivered none', () => {
      run(({ cold, expectObservable, flush }) => {
        const states = '            -u';
        const source = cold('       (ab)-----|');
        const answer = '             --(x|)';
        const expected = '          ---(ab)--|';
        const bulk = fakeConnection<string, string>(states, answer, {
          batch: { size: 2 },
          values: { x: failed(refused, 0) },
        });
        const options = { maxAttempts: 1, reconnectDelay: 100 };
        expectObservable(source.pipe(loadBalance([bulk], options), inShort)).toBe(expected, {
          a: 'a attempts 1',
          b: 'b attempts 1',
        });
        flush();
        expect(bulk.opened).to.deep.equal([0]);
      });
    });

    it('does not loop for ever when it delivers none again and again: it pauses, and ends with the attempts', () => {
      run(({ cold, expectObservable, flush }) => {
        const states = '            -u';
        const source = cold('       (ab)-|');
        const answer = '            -(x|)';
        const expected = '          --a----(b|)';
        const bulk = fakeConnection<string, string>(states, answer, {
          batch: { size: 2 },
          values: { x: failed(new RejectedError('rejected'), 0) },
        });
        const result$ = source.pipe(loadBalance([bulk], { maxAttempts: 2, reconnectDelay: 4 }), inShort);
        expectObservable(result$).toBe(expected, { a: 'a rejected 1', b: 'b rejected 2' });
        flush();
        expect(batchesOf(bulk)).to.deep.equal(['1: ab 1', '6: b 2']);
      });
    });
  });

  describe('that errors', () => {
    it('fails the unnamed rest; when it delivered one, that has used no attempt, and the connection has failed', () => {
      run(({ cold, expectObservable, flush }) => {
        const states = '            -u';
        const source = cold('       (abc)----------|');
        const answers = [cold('      --x-#', { x: delivered(1) }, refused), cold<Answer>('-|')];
        const expected = '          ---b-------(ac)|';
        const bulk = fakeConnection<string, string>(states, inTurn(...answers), { batch: { size: 3 } });
        const options = { maxAttempts: 1, reconnectDelay: 4 };
        expectObservable(source.pipe(loadBalance([bulk], options), inShort)).toBe(expected, {
          a: 'a@fake 2',
          b: 'b@fake 1',
          c: 'c@fake 2',
        });
        flush();
        expect(batchesOf(bulk)).to.deep.equal(['1: abc 1', '10: ac 2']);
        expect(bulk.opened).to.deep.equal([0, 9]);
      });
    });

    it('without a result fails all, and each has used an attempt', () => {
      run(({ cold, expectObservable }) => {
        const states = '            -u';
        const source = cold('       (ab|)');
        const answer = '            --#';
        const expected = '          ---(ab|)';
        const bulk = fakeConnection<string, string>(states, answer, { batch: { size: 2 } });
        const options = { maxAttempts: 1, reconnectDelay: 100 };
        expectObservable(source.pipe(loadBalance([bulk], options), inShort)).toBe(expected, {
          a: 'a attempts 1',
          b: 'b attempts 1',
        });
      });
    });

    it('after results that delivered none has used an attempt of the unnamed rest', () => {
      run(({ cold, expectObservable }) => {
        const states = '            -u';
        const source = cold('       (ab)-----|');
        const answer = '            -x-#';
        const expected = '          --a-b----|';
        const bulk = fakeConnection<string, string>(states, answer, {
          batch: { size: 2 },
          values: { x: failed(atOnce, 0) },
        });
        const options = { maxAttempts: 1, reconnectDelay: 100 };
        expectObservable(source.pipe(loadBalance([bulk], options), inShort)).toBe(expected, {
          a: 'a attempts 1',
          b: 'b attempts 1',
        });
      });
    });

    it('with a TemporaryError keeps the connection up, which pauses', () => {
      run(({ cold, expectObservable, flush }) => {
        const states = '            -u';
        const source = cold('       (ab)-------|');
        const busy = new TemporaryError('busy', { retryAfter: 4 });
        const answers = [cold('      -x#', { x: delivered(0) }, busy), cold<Answer>('-|')];
        const expected = '          --a-----b--|';
        const bulk = fakeConnection<string, string>(states, inTurn(...answers), { batch: { size: 2 } });
        expectObservable(source.pipe(loadBalance([bulk], { maxAttempts: 1 }), inShort)).toBe(expected, {
          a: 'a@fake 1',
          b: 'b@fake 2',
        });
        flush();
        expect(batchesOf(bulk)).to.deep.equal(['1: ab 1', '7: b 2']);
        expect(bulk.opened).to.deep.equal([0]);
      });
    });

    it('by its timeout fails the unnamed rest with a TimeoutError', () => {
      run(({ cold, expectObservable, expectSubscriptions }) => {
        const states = '            -u';
        const source = cold('       (ab)----|');
        const answer = cold('       --x--------', { x: delivered(0) });
        const subs = '              -^----!';
        const expected = '          ---a--b-|';
        const bulk = fakeConnection<string, string>(states, () => answer, { batch: { size: 2 } });
        const options = { timeout: { send: 5 }, reconnectDelay: () => cold('|') };
        const result$ = source.pipe(
          loadBalance([bulk], options),
          map((outcome) =>
            isDelivered(outcome) ? outcome.event : [outcome.event, outcome.error instanceof TimeoutError],
          ),
        );
        expectObservable(result$).toBe(expected, { a: 'a', b: ['b', true] });
        expectSubscriptions(answer.subscriptions).toBe(subs);
      });
    });
  });

  describe('with the error of an item', () => {
    it('has used an attempt of that, also when others were delivered', () => {
      run(({ cold, expectObservable, flush }) => {
        const states = '            -u';
        const source = cold('       (abc)---|');
        const answer = '             --(x|)';
        const expected = '          ---(abc)|';
        const bulk = fakeConnection<string, string>(states, answer, {
          batch: { size: 3 },
          values: { x: [...delivered(0), ...failed(refused, 1), ...delivered(2)] },
        });
        const options = { maxAttempts: 1, reconnectDelay: 100 };
        expectObservable(source.pipe(loadBalance([bulk], options), inShort)).toBe(expected, {
          a: 'a@fake 1',
          b: 'b attempts 1',
          c: 'c@fake 1',
        });
        flush();
        expect(batchesOf(bulk)).to.deep.equal(['1: abc 1']);
      });
    });

    it('without a class is temporary: a pause for the backoff, and the connection stays open', () => {
      run(({ cold, expectObservable, flush }) => {
        const states = '            -u';
        const source = cold('       (ab)------|');
        const answers = [
          cold('                     --(x|)', { x: [...failed(refused, 0), ...delivered(1)] }),
          cold<Answer>('                   -|'),
        ];
        const expected = '          ---b----a-|';
        const bulk = fakeConnection<string, string>(states, inTurn(...answers), { batch: { size: 2 } });
        expectObservable(source.pipe(loadBalance([bulk], { reconnectDelay: 4 }), inShort)).toBe(expected, {
          a: 'a@fake 2',
          b: 'b@fake 1',
        });
        flush();
        expect(batchesOf(bulk)).to.deep.equal(['1: ab 1', '7: a 2']);
        expect(bulk.opened).to.deep.equal([0]);
      });
    });

    it('never closes the connection, even when classify calls it a connection failure', () => {
      run(({ cold, expectObservable, flush }) => {
        const states = '            -u';
        const source = cold('       (ab)------|');
        const answers = [
          cold('                     --(x|)', { x: [...failed(refused, 0), ...delivered(1)] }),
          cold<Answer>('                   -|'),
        ];
        const expected = '          ---b----a-|';
        const bulk = fakeConnection<string, string>(states, inTurn(...answers), {
          batch: { size: 2 },
          classify: () => 'connection',
        });
        expectObservable(source.pipe(loadBalance([bulk], { reconnectDelay: 4 }), inShort)).toBe(expected, {
          a: 'a@fake 2',
          b: 'b@fake 1',
        });
        flush();
        expect(bulk.opened).to.deep.equal([0]);
      });
    });

    it('that is a TemporaryError pauses for its retryAfter', () => {
      run(({ cold, expectObservable, flush }) => {
        const states = '            -u';
        const source = cold('       (ab)------|');
        const busy = new TemporaryError('busy', { retryAfter: 4 });
        const answers = [
          cold('                     --(x|)', { x: [...delivered(0), ...failed(busy, 1)] }),
          cold<Answer>('                   -|'),
        ];
        const expected = '          ---a----b-|';
        const bulk = fakeConnection<string, string>(states, inTurn(...answers), { batch: { size: 2 } });
        expectObservable(source.pipe(loadBalance([bulk], { reconnectDelay: 100 }), inShort)).toBe(expected, {
          a: 'a@fake 1',
          b: 'b@fake 2',
        });
        flush();
        expect(batchesOf(bulk)).to.deep.equal(['1: ab 1', '7: b 2']);
      });
    });

    it('that is a RejectedError drops it at once, and nothing pauses', () => {
      run(({ cold, expectObservable, flush }) => {
        const states = '            -u';
        const source = cold('       (abc)-----|');
        const rejected = new RejectedError('rejected');
        const answer = '             --(x|)';
        const expected = '          ---(ab)';
        const bulk = fakeConnection<string, string>(states, answer, {
          batch: { size: 2 },
          values: { x: [...failed(rejected, 0), ...delivered(1)] },
        });
        const unsub = '             -----!';
        expectObservable(source.pipe(loadBalance([bulk], { reconnectDelay: 100 }), inShort), unsub).toBe(
          expected,
          {
            a: 'a rejected 1',
            b: 'b@fake 1',
          },
        );
        flush();
        expect(batchesOf(bulk)).to.deep.equal(['1: ab 1', '3: c 1']);
      });
    });

    it('is asked of classify with the event of that item', () => {
      run(({ cold, expectObservable, flush }) => {
        const seen: unknown[] = [];
        const states = '            -u';
        const source = cold('       (ab)----|');
        const answer = '             --(x|)';
        const expected = '          ---(ab)-|';
        const bulk = fakeConnection<string, string>(states, answer, {
          batch: { size: 2 },
          values: { x: [...delivered(0), ...failed(refused, 1)] },
          classify: (error, event) => {
            seen.push(error, event);
            return 'rejected';
          },
        });
        expectObservable(source.pipe(loadBalance([bulk]), inShort)).toBe(expected, {
          a: 'a@fake 1',
          b: 'b rejected 1',
        });
        flush();
        expect(seen).to.deep.equal([refused, 'b']);
      });
    });

    it('that always fails beside one that is delivered ends with its attempts', () => {
      run(({ cold, expectObservable, flush }) => {
        const states = '            -u';
        const source = cold('       (ab)------|');
        const answer = '             -(x|)';
        const expected = '          --b-a-----|';
        const bulk = fakeConnection<string, string>(
          states,
          (events) =>
            cold(answer, {
              x: events.flatMap((event, index) => (event === 'a' ? failed(atOnce, index) : delivered(index))),
            }),
          { batch: { size: 2 } },
        );
        expectObservable(source.pipe(loadBalance([bulk], { maxAttempts: 3 }), inShort)).toBe(expected, {
          a: 'a attempts 3',
          b: 'b@fake 1',
        });
        flush();
        expect(batchesOf(bulk)).to.deep.equal(['1: ab 1', '2: a 2', '3: a 3']);
      });
    });
  });

  describe('cut off by a state that leaves up', () => {
    for (const [happens, states] of [
      ['goes down', '-u--d-u'],
      ['breaks', '    -u--#'],
    ] as const) {
      it(`when it ${happens}: the unnamed rest has used no attempt, if one was delivered`, () => {
        run(({ cold, expectObservable, expectSubscriptions, flush }) => {
          const source = cold('     (abc)------|');
          const cut = cold('         --x-----|', { x: delivered(0) });
          const cutSubs = '         -^--!';
          const answer = cold<Answer>('   -|');
          const expected = '        ---a---(bc)|';
          const bulk = fakeConnection<string, string>(states, inTurn(cut, answer), { batch: { size: 3 } });
          const result$ = source.pipe(loadBalance([bulk], { maxAttempts: 1, reconnectDelay: 1 }), inShort);
          expectObservable(result$).toBe(expected, { a: 'a@fake 1', b: 'b@fake 2', c: 'c@fake 2' });
          expectSubscriptions(cut.subscriptions).toBe(cutSubs);
          flush();
          expect(batchesOf(bulk)).to.deep.equal(['1: abc 1', '6: bc 2']);
        });
      });

      it(`when it ${happens}: all have used an attempt, if none was delivered`, () => {
        run(({ cold, expectObservable, expectSubscriptions }) => {
          const source = cold('     (ab)------|');
          const cut = cold('         --x-----|', { x: failed(atOnce, 0) });
          const cutSubs = '         -^--!';
          const expected = '        ---ab-----|';
          const bulk = fakeConnection<string, string>(states, inTurn(cut), { batch: { size: 2 } });
          const result$ = source.pipe(loadBalance([bulk], { maxAttempts: 1, reconnectDelay: 100 }), inShort);
          expectObservable(result$).toBe(expected, { a: 'a attempts 1', b: 'b attempts 1' });
          expectSubscriptions(cut.subscriptions).toBe(cutSubs);
        });
      });
    }
  });

  describe('that comes as a promise', () => {
    /** A connection whose sends are answered in this order, and then never; it tells what it was sent. */
    const promising = (size: number, ...answers: Answer[]) => {
      const batches: string[] = [];
      const send = (events: readonly string[], { attempt }: SendContext): Promise<Answer> => {
        batches.push(`${events.join('')} ${attempt}`);
        return answers.length === 0 ? new Promise(() => undefined) : Promise.resolve(answers.shift());
      };
      const state$ = concat(timer(0).pipe(map(() => 'up' as const)), NEVER);
      const bulk = { name: 'bulk', state$, batch: { size, send } };
      return { bulk, batches };
    };

    it('settles the events that it names, and puts back the others', async () => {
      const { bulk, batches } = promising(3, [...delivered(0), ...failed(atOnce, 1)], undefined);
      const outcomes$ = from(['a', 'b', 'c']).pipe(loadBalance([bulk]), inShort, toArray());
      expect(await firstValueFrom(outcomes$, { defaultValue: [] })).to.deep.equal([
        'a@bulk 1',
        'b@bulk 2',
        'c@bulk 2',
      ]);
      expect(batches).to.deep.equal(['abc 1', 'bc 2']);
    });

    it('fails all events once when it makes no sense, and the connection has its window again', async () => {
      const { bulk, batches } = promising(1, delivered(7));
      const seen: string[] = [];
      const subscription = concat(from(['a', 'b', 'c']), NEVER)
        .pipe(loadBalance([bulk], { maxAttempts: 1, reconnectDelay: 0 }), inShort)
        .subscribe((outcome) => seen.push(outcome));
      await until('it is open again', () => batches.length > 1);
      expect(seen).to.deep.equal(['a attempts 1']);
      expect(batches).to.deep.equal(['a 1', 'b 1']);
      subscription.unsubscribe();
    });
  });

  it('says which index makes no sense', () => {
    run(({ cold, expectObservable }) => {
      const source = cold('         (ab|)');
      const answer = cold<Answer>(' -x', { x: delivered(2) });
      const expected = '            --(xx|)';
      const bulk = fakeConnection<string, string>('-u', () => answer, { name: 'bulk', batch: { size: 2 } });
      const result$ = source.pipe(
        loadBalance([bulk], { maxAttempts: 1 }),
        map((outcome) => isDropped(outcome) && String(outcome.error)),
      );
      expectObservable(result$).toBe(expected, {
        x: 'RangeError: bulk: expected `index of a result` to be an integer from 0 to 1, got `2` (number)',
      });
    });
  });

  it('counts no more once the connection has gone down inside the outcome of one of its events', () => {
    const state$ = new BehaviorSubject<ConnectionState>('down');
    const batches: string[] = [];
    const send = (events: readonly string[]): Observable<Answer> => {
      batches.push(events.join(''));
      return of(batches.length === 1 ? delivered(0, 1) : undefined);
    };
    const seen: string[] = [];
    const subscription = concat(of('a', 'b'), NEVER)
      .pipe(loadBalance([{ name: 'bulk', state$, batch: { size: 2, send } }]), inShort)
      .subscribe((outcome) => {
        seen.push(outcome);
        if (batches.length === 1 && seen.length === 1) {
          state$.next('down');
        }
      });
    state$.next('up');
    state$.next('up');
    expect(seen).to.deep.equal(['a@bulk 1', 'b@bulk 2']);
    subscription.unsubscribe();
  });

  it('does not pause the connection when each event was rejected (R12)', () => {
    run(({ cold, expectObservable, flush }) => {
      const source = cold('         (abcd|)');
      const answer = cold('         -(x|)', { x: failed(new RejectedError('no'), 0, 1) });
      const expected = '            ---|';
      const bulk = fakeConnection<string, string>('-u', () => answer, { batch: { size: 2 } });
      const result$ = source.pipe(loadBalance([bulk], { reconnectDelay: 50 }), ignoreElements());
      expectObservable(result$).toBe(expected);
      flush();
      expect(batchesOf(bulk)).to.deep.equal(['1: ab 1', '2: cd 1']);
    });
  });

  it('that fails after it has delivered some is told to a monitor as it was', () => {
    run(({ cold, expectObservable, flush }) => {
      const answers: unknown[] = [];
      const next = (activity: BalancerActivity): void => {
        if (activity.type === 'answer') {
          answers.push(activity);
        }
      };
      const source = cold('         (abc|)');
      const answer = cold<Answer>(' -x-#', { x: delivered(0) }, refused);
      const unsub = '               -----!';
      const bulk = fakeConnection<string, string>('-u', () => answer, { batch: { size: 3 } });
      expectObservable(source.pipe(loadBalance([bulk], { monitor: { next } }), ignoreElements()), unsub).toBe(
        '',
      );
      flush();
      expect(answers).to.deep.equal([
        { type: 'answer', connection: 'fake', delivered: 1, failed: 2, elapsed: 3, error: refused },
      ]);
    });
  });
});

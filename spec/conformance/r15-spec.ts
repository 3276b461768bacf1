/** R15: a batch connection takes several events in one send. */
import { expect } from 'chai';
import { BehaviorSubject, concat, ignoreElements, NEVER, of, Subject, type Observable } from 'rxjs';
import {
  loadBalance,
  TemporaryError,
  type BalancerActivity,
  type ConnectionState,
  type ItemResult,
} from '../../src/index.js';
import { fakeConnection } from '../../src/testing/index.js';
import { inShort, run } from '../marbles.js';

type Results = ItemResult<string>[];
/** `3: ab 1` for each batch: a and b were sent in frame 3, the first attempt of both. */
const batchesOf = (log: {
  readonly sent: readonly {
    readonly frame: number;
    readonly event: readonly string[];
    readonly attempt: number;
  }[];
}): string[] => log.sent.map(({ frame, event, attempt }) => `${frame}: ${event.join('')} ${attempt}`);

describe('R15: a batch connection', () => {
  it('takes up to batch.size waiting events in one send', () => {
    run(({ cold, expectObservable, expectSubscriptions, flush }) => {
      const states = '              --u';
      const source = cold('         (abc|)');
      const answer = cold<Results>('  ----|');
      const subs = ['               --^---!', '------^---!'];
      const expected = '            ------(ab)(c|)';
      const bulk = fakeConnection<string, string>(states, () => answer, { batch: { size: 2 } });
      expectObservable(source.pipe(loadBalance([bulk]), inShort)).toBe(expected, {
        a: 'a@fake 1',
        b: 'b@fake 1',
        c: 'c@fake 1',
      });
      expectSubscriptions(answer.subscriptions).toBe(subs);
      flush();
      expect(batchesOf(bulk)).to.deep.equal(['2: ab 1', '6: c 1']);
    });
  });

  it('does not wait for more without linger', () => {
    run(({ cold, expectObservable, flush }) => {
      const source = cold('         a-bc-------|');
      const answer = '              ---|';
      const expected = '            ---a--(bc)-|';
      const bulk = fakeConnection<string, string>('u', answer, { batch: { size: 3 } });
      expectObservable(source.pipe(loadBalance([bulk]), inShort)).toBe(expected, {
        a: 'a@fake 1',
        b: 'b@fake 1',
        c: 'c@fake 1',
      });
      flush();
      expect(batchesOf(bulk)).to.deep.equal(['0: a 1', '3: bc 1']);
    });
  });

  it('counts sends, not events, in its window', () => {
    run(({ cold, expectObservable, flush }) => {
      const states = '              --u';
      const source = cold('         (abcdefg)');
      const answer = '              ------|';
      const unsub = '               ---------!';
      const expected = '            --------(abcd)';
      const bulk = fakeConnection<string, string>(states, answer, { window: 2, batch: { size: 2 } });
      expectObservable(source.pipe(loadBalance([bulk]), inShort), unsub).toBe(expected, {
        a: 'a@fake 1',
        b: 'b@fake 1',
        c: 'c@fake 1',
        d: 'd@fake 1',
      });
      flush();
      expect(batchesOf(bulk)).to.deep.equal(['2: ab 1', '2: cd 1', '8: ef 1', '8: g 1']);
    });
  });

  it('takes turns with the others, a batch at a time', () => {
    run(({ cold, expectObservable, flush }) => {
      const states = '              --u';
      const source = cold('         (abcde|)');
      const answer = '                -|';
      const expected = '            ---(abcde|)';
      const bulk = fakeConnection<string, string>(states, answer, {
        name: 'bulk',
        window: 2,
        batch: { size: 2 },
      });
      const single = fakeConnection<string>(states, answer, { name: 'single', window: 2 });
      expectObservable(source.pipe(loadBalance([bulk, single]), inShort)).toBe(expected, {
        a: 'a@bulk 1',
        b: 'b@bulk 1',
        c: 'c@bulk 1',
        d: 'd@bulk 1',
        e: 'e@single 1',
      });
      flush();
    });
  });

  describe('leaves its events their own', () => {
    it('outcomes and values', () => {
      run(({ cold, expectObservable }) => {
        const states = '            --u';
        const source = cold('       (abc)-------|');
        const refused = new TemporaryError('refused', { retryAfter: 0 });
        const results: Results = [
          { index: 2, status: 'delivered', value: 'C' },
          { index: 0, status: 'delivered', value: 'A' },
          { index: 1, status: 'failed', error: refused },
        ];
        const answer = cold('       --(r|)', { r: results });
        const expected = '          ----(cab)---|';
        const bulk = fakeConnection<string, string>(states, () => answer, {
          name: 'bulk',
          batch: { size: 3 },
        });
        expectObservable(source.pipe(loadBalance([bulk], { maxAttempts: 1 }))).toBe(expected, {
          a: { status: 'delivered', event: 'a', value: 'A', connection: 'bulk', attempts: 1 },
          b: {
            status: 'dropped',
            event: 'b',
            reason: 'attempts',
            error: refused,
            attempts: 1,
            failures: [{ connection: 'bulk', error: refused }],
          },
          c: { status: 'delivered', event: 'c', value: 'C', connection: 'bulk', attempts: 1 },
        });
      });
    });

    it('attempts, and the context tells the highest', () => {
      run(({ cold, expectObservable, flush }) => {
        const source = cold('       a-b----|');
        const answers = [cold<Results>('---#'), cold<Results>('--|')];
        const expected = '          -------(ba|)';
        const bulk = fakeConnection<string, string>('u', (events) => answers[events.length - 1] ?? of(), {
          batch: { size: 5 },
        });
        const result$ = source.pipe(loadBalance([bulk], { reconnectDelay: 2 }), inShort);
        expectObservable(result$).toBe(expected, { a: 'a@fake 2', b: 'b@fake 1' });
        flush();
        expect(batchesOf(bulk)).to.deep.equal(['0: a 1', '5: ba 2']);
      });
    });

    it('limits: one that has had its last attempt is dropped, and the others are put back', () => {
      run(({ cold, expectObservable, flush }) => {
        const states = '            -u';
        const source = cold('       a-b----|');
        const failing = '            --#';
        const expected = '          ------a--(b|)';
        const bulk = fakeConnection<string, string>(states, failing, {
          batch: { size: 5 },
          error: new TemporaryError('busy', { retryAfter: 1 }),
        });
        expectObservable(source.pipe(loadBalance([bulk], { maxAttempts: 2 }), inShort)).toBe(expected, {
          a: 'a attempts 2',
          b: 'b attempts 2',
        });
        flush();
        expect(batchesOf(bulk)).to.deep.equal(['1: a 1', '4: ba 2', '7: b 2']);
      });
    });
  });

  describe('that lingers', () => {
    it('sends at once when the batch fills early', () => {
      run(({ cold, expectObservable, flush }) => {
        const source = cold('       a--bc-----|');
        const answer = '               -|';
        const expected = '          ----(ab)---(c|)';
        const bulk = fakeConnection<string, string>('u', answer, { batch: { size: 2, linger: 10 } });
        expectObservable(source.pipe(loadBalance([bulk]), inShort)).toBe(expected, {
          a: 'a@fake 1',
          b: 'b@fake 1',
          c: 'c@fake 1',
        });
        flush();
        expect(batchesOf(bulk)).to.deep.equal(['3: ab 1', '10: c 1']);
      });
    });

    it('sends what there is when the time is over, counted from the first event', () => {
      run(({ cold, expectObservable, flush }) => {
        const source = cold('       --a--b-----c------|');
        const answer = '                   -|';
        const expected = '          --------(ab)-----c|';
        const bulk = fakeConnection<string, string>('u', answer, { batch: { size: 3, linger: 5 } });
        expectObservable(source.pipe(loadBalance([bulk]), inShort)).toBe(expected, {
          a: 'a@fake 1',
          b: 'b@fake 1',
          c: 'c@fake 1',
        });
        flush();
        expect(batchesOf(bulk)).to.deep.equal(['7: ab 1', '16: c 1']);
      });
    });

    it('does not linger beyond the end of the source', () => {
      run(({ cold, expectObservable, flush }) => {
        const source = cold('       a--|');
        const answer = '               -|';
        const expected = '          ----(a|)';
        const bulk = fakeConnection<string, string>('u', answer, { batch: { size: 2, linger: 10 } });
        expectObservable(source.pipe(loadBalance([bulk]), inShort)).toBe(expected, { a: 'a@fake 1' });
        flush();
        expect(batchesOf(bulk)).to.deep.equal(['3: a 1']);
      });
    });

    it('does not linger after the end of the source', () => {
      run(({ cold, expectObservable, flush }) => {
        const states = '            --u';
        const source = cold('       (abc|)');
        const answer = '              ----|';
        const expected = '          ------(ab)(c|)';
        const bulk = fakeConnection<string, string>(states, answer, { batch: { size: 2, linger: 10 } });
        expectObservable(source.pipe(loadBalance([bulk]), inShort)).toBe(expected, {
          a: 'a@fake 1',
          b: 'b@fake 1',
          c: 'c@fake 1',
        });
        flush();
        expect(batchesOf(bulk)).to.deep.equal(['2: ab 1', '6: c 1']);
      });
    });

    it('reserves nothing: another connection takes the events meanwhile', () => {
      run(({ cold, expectObservable, flush }) => {
        const source = cold('       ab--------------|');
        const bulkStates = '        u';
        const bulkAnswer = '                   -|';
        const states = '            c----u';
        const answer = '                 --(r|)';
        const expected = '          -------a-b------|';
        const bulk = fakeConnection<string, string>(bulkStates, bulkAnswer, {
          name: 'bulk',
          batch: { size: 3, linger: 10 },
        });
        const single = fakeConnection<string>(states, answer, { name: 'single' });
        expectObservable(source.pipe(loadBalance([bulk, single]), inShort)).toBe(expected, {
          a: 'a@single 1',
          b: 'b@single 1',
        });
        flush();
        expect(single.sent.map(({ frame }) => frame)).to.deep.equal([5, 7]);
        expect(batchesOf(bulk)).to.deep.equal([]);
      });
    });

    it('keeps what others leave it, and its time', () => {
      run(({ cold, expectObservable, flush }) => {
        const source = cold('       ab--------------|');
        const bulkAnswer = '                  -|';
        const states = '            c----u';
        const answer = '                 -------(r|)';
        const expected = '          -----------ba---|';
        const bulk = fakeConnection<string, string>('u', bulkAnswer, {
          name: 'bulk',
          batch: { size: 3, linger: 10 },
        });
        const single = fakeConnection<string>(states, answer, { name: 'single' });
        expectObservable(source.pipe(loadBalance([bulk, single]), inShort)).toBe(expected, {
          a: 'a@single 1',
          b: 'b@bulk 1',
        });
        flush();
        expect(batchesOf(bulk)).to.deep.equal(['10: b 1']);
      });
    });

    it('takes the events that another has failed with into a batch that fills', () => {
      run(({ cold, expectObservable, flush }) => {
        const source = cold('       (ab)------------|');
        const bulkStates = '        --u';
        const bulkAnswer = '               --|';
        const states = '            u';
        const failing = '           -----#';
        const expected = '          -------(ab)-----|';
        const bulk = fakeConnection<string, string>(bulkStates, bulkAnswer, {
          name: 'bulk',
          batch: { size: 2, linger: 10 },
        });
        const single = fakeConnection<string>(states, failing, { name: 'single' });
        const result$ = source.pipe(loadBalance([bulk, single], { reconnectDelay: 100 }), inShort);
        expectObservable(result$).toBe(expected, { a: 'a@bulk 2', b: 'b@bulk 1' });
        flush();
        expect(batchesOf(bulk)).to.deep.equal(['5: ab 2']);
      });
    });

    it('takes turns with others that linger, when the time is over', () => {
      run(({ cold, expectObservable, flush }) => {
        const source = cold('       abcdefghi|');
        const answer = '              -|';
        const expected = '          ---------|';
        const bulks = ['one', 'two', 'three'].map((name) =>
          fakeConnection<string, string>('u', answer, { name, window: 2, batch: { size: 9, linger: 2 } }),
        );
        expectObservable(source.pipe(loadBalance(bulks), ignoreElements())).toBe(expected);
        flush();
        expect(bulks.map(batchesOf)).to.deep.equal([['2: abc 1'], ['5: def 1'], ['8: ghi 1']]);
      });
    });

    it('takes turns with others that linger, when batches fill', () => {
      run(({ cold, flush, expectObservable }) => {
        const source = cold('       abcdef|');
        const bulks = ['one', 'two', 'three'].map((name) =>
          fakeConnection<string, string>('u', '-|', { name, batch: { size: 2, linger: 9 } }),
        );
        expectObservable(source.pipe(loadBalance(bulks), ignoreElements())).toBe('------|');
        flush();
        expect(bulks.map(batchesOf)).to.deep.equal([['1: ab 1'], ['3: cd 1'], ['5: ef 1']]);
      });
    });

    it('goes on lingering when another has filled its batch', () => {
      run(({ cold, flush, expectObservable }) => {
        const source = cold('       abc------------|');
        const bulks = ['one', 'two'].map((name) =>
          fakeConnection<string, string>('u', '-|', { name, batch: { size: 2, linger: 9 } }),
        );
        expectObservable(source.pipe(loadBalance(bulks), ignoreElements())).toBe('---------------|');
        flush();
        // Its own time goes on, which has begun with a.
        expect(bulks.map(batchesOf)).to.deep.equal([['1: ab 1'], ['9: c 1']]);
      });
    });

    it('takes a batch that fills inside an outcome of another, which has the next event in its turn', () => {
      run(({ cold, flush }) => {
        const source$ = new Subject<string>();
        const bulk = fakeConnection<string, string>('u', '--|', {
          name: 'bulk',
          batch: { size: 3, linger: 50 },
        });
        const single = fakeConnection<string>('u', '----(r|)', { name: 'single' });
        cold('ab').subscribe((event) => {
          source$.next(event);
        });
        const outcomes: string[] = [];
        const subscription = source$.pipe(loadBalance([bulk, single]), inShort).subscribe((outcome) => {
          outcomes.push(outcome);
          if (outcome === 'a@single 1') {
            Array.from('cde').forEach((event) => {
              source$.next(event);
            });
          }
        });
        flush();
        subscription.unsubscribe();
        expect(batchesOf(bulk)).to.deep.equal(['4: bcd 1']);
        expect(single.sent.map(({ frame, event }) => `${frame}: ${event}`)).to.deep.equal(['0: a', '4: e']);
        expect(outcomes).to.deep.equal(['a@single 1', 'b@bulk 1', 'c@bulk 1', 'd@bulk 1', 'e@single 1']);
      });
    });

    it('leaves another to go on from event to event while its batch is not full', () => {
      run(({ cold, expectObservable, flush }) => {
        const source = cold('       (abcd)-------------|');
        const answer = '            --(r|)';
        const expected = '          --a-b-c-d----------|';
        const bulk = fakeConnection<string, string>('u', '--|', {
          name: 'bulk',
          batch: { size: 5, linger: 15 },
        });
        const single = fakeConnection<string>('u', answer, { name: 'single' });
        expectObservable(source.pipe(loadBalance([bulk, single]), inShort)).toBe(expected, {
          a: 'a@single 1',
          b: 'b@single 1',
          c: 'c@single 1',
          d: 'd@single 1',
        });
        flush();
        expect(single.sent.map(({ frame }) => frame)).to.deep.equal([0, 2, 4, 6]);
        expect(batchesOf(bulk)).to.deep.equal([]);
      });
    });

    it('comes in between, when it comes up, where another goes on from event to event', () => {
      run(({ cold, flush }) => {
        const bulk = fakeConnection<string, string>('c----u', '---|', {
          name: 'bulk',
          batch: { size: 3, linger: 5 },
        });
        const single = fakeConnection<string>('u', '--(r|)', { name: 'single' });
        cold('(abcdefgh)-----|')
          .pipe(loadBalance([bulk, single]))
          .subscribe();
        flush();
        expect(batchesOf(bulk)).to.deep.equal(['5: def 1']);
        expect(single.sent.map(({ frame, event }) => `${frame}: ${event}`)).to.deep.equal([
          '0: a',
          '2: b',
          '4: c',
          '6: g',
          '8: h',
        ]);
      });
    });

    it('lingers anew when it is up again', () => {
      run(({ cold, expectObservable, flush }) => {
        const source = cold('       a----------bc----|');
        const otherStates = '       ----u-d';
        const expected = '          -----------------|';
        const bulk = fakeConnection<string, string>('u-d-----u', '-|', {
          batch: { size: 3, linger: 5 },
        });
        const other = fakeConnection<string>(otherStates, '-(r|)', { name: 'other' });
        expectObservable(source.pipe(loadBalance([bulk, other]), ignoreElements())).toBe(expected);
        flush();
        expect(batchesOf(bulk)).to.deep.equal(['16: bc 1']);
      });
    });

    it('sends nothing when it goes down meanwhile', () => {
      run(({ cold, expectObservable, flush }) => {
        const states = '            u---d';
        const source = cold('       a');
        const unsub = '             20ms !';
        const bulk = fakeConnection<string, string>(states, '-|', { batch: { size: 2, linger: 10 } });
        expectObservable(source.pipe(loadBalance([bulk]), inShort), unsub).toBe('');
        flush();
        expect(batchesOf(bulk)).to.deep.equal([]);
      });
    });

    it('lingers no longer for a window that changes meanwhile', () => {
      run(({ cold, expectObservable, flush }) => {
        const source = cold('       a--------|');
        const window = cold('       x--y', { x: 1, y: 2 });
        const answer = '                 -|';
        const expected = '          ------a--|';
        const batch = { size: 3, linger: 5 };
        const bulk = fakeConnection<string, string>('u', answer, { window, batch });
        expectObservable(source.pipe(loadBalance([bulk]), inShort)).toBe(expected, { a: 'a@fake 1' });
        flush();
        expect(batchesOf(bulk)).to.deep.equal(['5: a 1']);
      });
    });

    it('sends a full batch at once, also when another one has waited long enough before', () => {
      run(({ cold, expectObservable, flush }) => {
        const source = cold('       a---bc--');
        const unsub = '             40ms !';
        const first = fakeConnection<string, string>('u', '-', { batch: { size: 5, linger: 2 } });
        const second = fakeConnection<string, string>('u', '-', { batch: { size: 2, linger: 20 } });
        expectObservable(source.pipe(loadBalance([first, second]), inShort), unsub).toBe('');
        flush();
        expect(batchesOf(first)).to.deep.equal(['2: a 1']);
        expect(batchesOf(second)).to.deep.equal(['5: bc 1']);
      });
    });

    it('sends a full batch at once, also when another one had enough before', () => {
      run(({ cold, expectObservable, flush }) => {
        const source = cold('       ab-cde--');
        const unsub = '             40ms !';
        const first = fakeConnection<string, string>('u', '-', { batch: { size: 2, linger: 20 } });
        const second = fakeConnection<string, string>('u', '-', { batch: { size: 3, linger: 20 } });
        expectObservable(source.pipe(loadBalance([first, second]), inShort), unsub).toBe('');
        flush();
        expect(batchesOf(first)).to.deep.equal(['1: ab 1']);
        expect(batchesOf(second)).to.deep.equal(['5: cde 1']);
      });
    });
  });

  it('sends nothing while all that waits is kept for another connection (R4)', () => {
    run(({ cold, expectObservable, flush }) => {
      const source = cold('         a-b----------|');
      const failing = '             ---#';
      const otherAnswer = '           ------(r|)';
      const expected = '            --------b-----(a|)';
      const error = new TemporaryError('busy', { retryAfter: 0 });
      const bulk = fakeConnection<string, string>('u', failing, { error, batch: { size: 2 } });
      const other = fakeConnection<string>('u', otherAnswer, { name: 'other' });
      expectObservable(source.pipe(loadBalance([bulk, other]), inShort)).toBe(expected, {
        a: 'a@other 2',
        b: 'b@other 1',
      });
      flush();
      expect(batchesOf(bulk)).to.deep.equal(['0: a 1']);
    });
  });

  it('sends nothing when it goes down inside the report of its attempt', () => {
    const state$ = new BehaviorSubject<ConnectionState>('up');
    const batches: string[] = [];
    const send = (events: readonly string[]): Observable<never> => {
      batches.push(events.join(''));
      return NEVER;
    };
    const next = ({ type }: BalancerActivity): void => {
      if (type === 'attempt') {
        state$.next('down');
      }
    };
    const subscription = concat(of('a'), NEVER)
      .pipe(loadBalance([{ name: 'bulk', state$, batch: { size: 2, send } }], { monitor: { next } }))
      .subscribe();
    expect(batches).to.deep.equal([]);
    subscription.unsubscribe();
  });
});

/** R14: a connection whose state completes is at its end; when all are, what is left is dropped. */
import { expect } from 'chai';
import { map, NEVER, of, TimeoutError } from 'rxjs';
import {
  isDelivered,
  loadBalance,
  RejectedError,
  TemporaryError,
  type Connection,
  type ConnectionInput,
} from '../../src/index.js';
import { fakeConnection } from '../../src/testing/index.js';
import { inShort, run } from '../marbles.js';

describe('R14: a state that completes', () => {
  describe('with sends in flight', () => {
    it('lets them finish, and does not open the connection again', () => {
      run(({ cold, expectObservable, expectSubscriptions, flush }) => {
        const states = '            u--|';
        const source = cold('       a---------|');
        const answer = cold('       -----(r|)');
        const subs = '              ^----!';
        const expected = '          -----a----|';
        const ending = fakeConnection(states, () => answer);
        expectObservable(source.pipe(loadBalance([ending]), inShort)).toBe(expected, { a: 'a@fake 1' });
        expectSubscriptions(answer.subscriptions).toBe(subs);
        flush();
        expect(ending.opened).to.deep.equal([0]);
      });
    });

    it('pulls no more, although the window is open', () => {
      run(({ cold, expectObservable, flush }) => {
        const states = '            u--|';
        const source = cold('       a---b------|');
        const answer = '            -----(r|)';
        const expected = '          -----(ab)--|';
        const ending = fakeConnection<string>(states, answer, { window: 5 });
        expectObservable(source.pipe(loadBalance([ending]), inShort)).toBe(expected, {
          a: 'a@fake 1',
          b: 'b no-connection 0',
        });
        flush();
        expect(ending.sent).to.deep.equal([{ frame: 0, event: 'a', attempt: 1 }]);
      });
    });

    it('leaves what waits to the other connections', () => {
      run(({ cold, expectObservable, flush }) => {
        const states = '            u--|';
        const source = cold('       (ab|)');
        const answer = '            -----(r|)';
        const otherStates = '       c------u';
        const otherAnswer = '              --(r|)';
        const expected = '          -----a---(b|)';
        const ending = fakeConnection<string>(states, answer, { name: 'ending' });
        const other = fakeConnection<string>(otherStates, otherAnswer, { name: 'other' });
        expectObservable(source.pipe(loadBalance([ending, other]), inShort)).toBe(expected, {
          a: 'a@ending 1',
          b: 'b@other 1',
        });
        flush();
        expect(ending.opened).to.deep.equal([0]);
      });
    });

    for (const [fails, error] of [
      ['fails', new Error('broken')],
      ['fails temporarily', new TemporaryError('busy')],
    ] as const) {
      it(`is not opened again when one of them ${fails}: the event goes to another connection`, () => {
        run(({ cold, expectObservable, flush }) => {
          const states = '          u--|';
          const source = cold('     a---------|');
          const failing = '         -----#';
          const otherStates = '     -u';
          const otherAnswer = '          --(r|)';
          const expected = '        -------a--|';
          const ending = fakeConnection<string>(states, failing, { name: 'ending', error });
          const other = fakeConnection<string>(otherStates, otherAnswer, { name: 'other' });
          const result$ = source.pipe(loadBalance([ending, other], { reconnectDelay: 1 }), inShort);
          expectObservable(result$).toBe(expected, { a: 'a@other 2' });
          flush();
          expect(ending.opened).to.deep.equal([0]);
          expect(ending.sent).to.have.length(1);
        });
      });

      it(`drops with no-connection when one of the last ${fails}`, () => {
        run(({ cold, expectObservable, flush }) => {
          const states = '          u--|';
          const source = cold('     a---------|');
          const failing = '         -----#';
          const expected = '        -----a----|';
          const ending = fakeConnection<string>(states, failing, { error });
          const result$ = source.pipe(loadBalance([ending], { reconnectDelay: 1 }), inShort);
          expectObservable(result$).toBe(expected, { a: 'a no-connection 1' });
          flush();
          expect(ending.opened).to.deep.equal([0]);
        });
      });
    }

    it('drops with rejected what is rejected then', () => {
      run(({ cold, expectObservable }) => {
        const states = '            u--|';
        const source = cold('       a---------|');
        const failing = '           -----#';
        const expected = '          -----a----|';
        const ending = fakeConnection<string>(states, failing, { error: new RejectedError('rejected') });
        expectObservable(source.pipe(loadBalance([ending]), inShort)).toBe(expected, { a: 'a rejected 1' });
      });
    });

    it('lets the others finish when one fails, and drops only when all have', () => {
      run(({ cold, expectObservable, expectSubscriptions }) => {
        const states = '            u--|';
        const source = cold('       (ab)--------|');
        const failing = cold('      -----#');
        const answer = cold('       --------(r|)');
        const subs = '              ^-------!';
        const expected = '          --------(ba)|';
        const ending = fakeConnection(states, (event) => (event === 'a' ? failing : answer), { window: 2 });
        expectObservable(source.pipe(loadBalance([ending]), inShort)).toBe(expected, {
          a: 'a no-connection 1',
          b: 'b@fake 1',
        });
        expectSubscriptions(answer.subscriptions).toBe(subs);
      });
    });

    it('bounds them by timeout.send', () => {
      run(({ cold, expectObservable, expectSubscriptions }) => {
        const states = '            u--|';
        const source = cold('       a---------|');
        const silent = cold('       ----------');
        const subs = '              ^----!';
        const expected = '          -----a----|';
        const ending = fakeConnection(states, () => silent);
        const result$ = source.pipe(
          loadBalance([ending], { timeout: { send: 5 } }),
          map((outcome) => [
            outcome.status,
            !isDelivered(outcome) && outcome.reason,
            !isDelivered(outcome) && outcome.failures[0]?.error instanceof TimeoutError,
          ]),
        );
        expectObservable(result$).toBe(expected, { a: ['dropped', 'no-connection', true] });
        expectSubscriptions(silent.subscriptions).toBe(subs);
      });
    });

    it('lets the others finish when one fails, however long that takes, where sends have no timeout', () => {
      run(({ cold, expectObservable, expectSubscriptions, flush }) => {
        const states = '            u|';
        const source = cold('       (ab|)');
        const failing = cold('      --#');
        const answer = cold('       ---------(r|)');
        const subs = '              ^--------!';
        const expected = '          --a------(b|)';
        const options = { maxAttempts: 1, reconnectDelay: 3, timeout: Infinity };
        const ending = fakeConnection(states, (event: string) => (event === 'a' ? failing : answer), {
          window: 2,
        });
        expectObservable(source.pipe(loadBalance([ending], options), inShort)).toBe(expected, {
          a: 'a attempts 1',
          b: 'b@fake 1',
        });
        expectSubscriptions(answer.subscriptions).toBe(subs);
        flush();
        expect(ending.opened).to.deep.equal([0]);
      });
    });
  });

  describe('without sends in flight', () => {
    for (const [was, states] of [
      ['up', 'u--|'],
      ['connecting', 'c--|'],
      ['down', 'd--|'],
      ['silent', '---|'],
    ] as const) {
      it(`after it was ${was}, drops what is left when it was the last, and what comes later`, () => {
        run(({ cold, expectObservable, flush }) => {
          const source = cold('     -------b-c|');
          const expected = '        -------b-c|';
          const ending = fakeConnection<string>(states, '-(r|)');
          expectObservable(source.pipe(loadBalance([ending]), inShort)).toBe(expected, {
            b: 'b no-connection 0',
            c: 'c no-connection 0',
          });
          flush();
          expect(ending.opened).to.deep.equal([0]);
          expect(ending.closed).to.deep.equal([3]);
        });
      });
    }

    it('drops what waits in the frame in which it completes', () => {
      run(({ cold, expectObservable }) => {
        const states = '            c--|';
        const source = cold('       a------|');
        const expected = '          ---a---|';
        const ending = fakeConnection<string>(states, '-(r|)');
        expectObservable(source.pipe(loadBalance([ending]), inShort)).toBe(expected, {
          a: 'a no-connection 0',
        });
      });
    });

    it('drops also a guaranteed event', () => {
      run(({ cold, expectObservable }) => {
        const states = '            c--|';
        const source = cold('       a------|');
        const expected = '          ---a---|';
        const ending = fakeConnection<string>(states, '-(r|)');
        expectObservable(source.pipe(loadBalance([ending], { guaranteed: true }), inShort)).toBe(expected, {
          a: 'a no-connection 0',
        });
      });
    });

    it('drops with the last error of connecting', () => {
      run(({ cold, expectObservable }) => {
        const broken = new Error('broken');
        const source = cold('       -----a-|');
        const expected = '          -----a-|';
        const dead = fakeConnection<string>('--#', '|', { error: broken });
        const ending = fakeConnection<string>('---|', '|');
        const options = { reconnectDelay: () => cold('|') };
        expectObservable(source.pipe(loadBalance([dead, ending], options))).toBe(expected, {
          a: {
            status: 'dropped',
            event: 'a',
            reason: 'no-connection',
            error: broken,
            attempts: 0,
            failures: [],
          },
        });
      });
    });

    it('during a pause ends the connection at once', () => {
      run(({ cold, expectObservable, flush }) => {
        const states = '            u--|';
        const source = cold('       a------|');
        const failing = '           -#';
        const expected = '          ---a---|';
        const busy = new TemporaryError('busy', { retryAfter: 100 });
        const ending = fakeConnection<string>(states, failing, { error: busy });
        expectObservable(source.pipe(loadBalance([ending]), inShort)).toBe(expected, {
          a: 'a no-connection 1',
        });
        flush();
        expect(ending.closed).to.deep.equal([3]);
      });
    });

    it('drops nothing as long as another connection may come up', () => {
      run(({ cold, expectObservable }) => {
        const states = '            u--|';
        const otherStates = '       d------u';
        const source = cold('       ----a------|');
        const answer = '                   --(r|)';
        const expected = '          ---------a-|';
        const ending = fakeConnection<string>(states, '|', { name: 'ending' });
        const other = fakeConnection<string>(otherStates, answer, { name: 'other' });
        expectObservable(source.pipe(loadBalance([ending, other]), inShort)).toBe(expected, {
          a: 'a@other 1',
        });
      });
    });

    it('drops nothing as long as more connections may be listed', () => {
      run(({ cold, hot, expectObservable }) => {
        const states = '            u--|';
        const source = cold('       ----a------|');
        const otherStates = '              u';
        const answer = '                   --(r|)';
        const expected = '          ---------a-|';
        const ending = fakeConnection<string>(states, '|', { name: 'ending' });
        const other = fakeConnection<string>(otherStates, answer, { name: 'other' });
        const lists$ = hot('        x------y|', { x: [ending], y: [other] });
        expectObservable(source.pipe(loadBalance(lists$), inShort)).toBe(expected, { a: 'a@other 1' });
      });
    });

    it('drops when the list of connections completes after all of them have', () => {
      run(({ cold, hot, expectObservable }) => {
        const states = '            u--|';
        const source = cold('       ----a------|');
        const expected = '          -------a---|';
        const ending = fakeConnection<string>(states, '|');
        const lists$ = hot('        x------|', { x: [ending] });
        expectObservable(source.pipe(loadBalance(lists$), inShort)).toBe(expected, {
          a: 'a no-connection 0',
        });
      });
    });
  });

  it('at once, as with of("up"), means that it never takes anything', () => {
    run(({ cold, expectObservable, flush }) => {
      let sends = 0;
      const source = cold('         a-b|');
      const expected = '            a-b|';
      const ended: Connection<string, string> = {
        name: 'ended',
        state$: of('up'),
        send: () => {
          sends++;
          return NEVER;
        },
      };
      expectObservable(source.pipe(loadBalance([ended]), inShort)).toBe(expected, {
        a: 'a no-connection 0',
        b: 'b no-connection 0',
      });
      flush();
      expect(sends).to.equal(0);
    });
  });

  it('of one connection does not end a balancer of several', () => {
    run(({ cold, expectObservable }) => {
      const source = cold('         a-b|');
      const answer = '              -(r|)';
      const expected = '            -a-(b|)';
      const ended: Connection<string, string> = { name: 'ended', state$: of('up'), send: () => NEVER };
      const good = fakeConnection<string>('u', answer, { name: 'good' });
      expectObservable(source.pipe(loadBalance([ended, good]), inShort)).toBe(expected, {
        a: 'a@good 1',
        b: 'b@good 1',
      });
    });
  });
});

describe('R14: an empty list', () => {
  const none: ConnectionInput<string, string>[] = [];

  it('drops every event from the start', () => {
    run(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('         a-b--|');
      const subs = '                ^----!';
      const expected = '            a-b--|';
      expectObservable(source.pipe(loadBalance(none), inShort)).toBe(expected, {
        a: 'a no-connection 0',
        b: 'b no-connection 0',
      });
      expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('passes on the end of the source, and its error', () => {
    run(({ cold, expectObservable }) => {
      expectObservable(cold('     --|').pipe(loadBalance(none))).toBe('--|');
      expectObservable(cold('     --#').pipe(loadBalance(none))).toBe('--#');
      expectObservable(cold('     ---').pipe(loadBalance(none))).toBe('---');
    });
  });

  it('in a stream that may bring others waits for them', () => {
    run(({ cold, hot, expectObservable }) => {
      const source = cold('         a-----|');
      const answer = '                  -(r|)';
      const good = fakeConnection<string>('u', answer);
      const lists$ = hot('          x---y', { x: none, y: [good] });
      const expected = '            -----a|';
      expectObservable(source.pipe(loadBalance(lists$), inShort)).toBe(expected, { a: 'a@fake 1' });
    });
  });

  it('as the last of a stream that completes drops every event', () => {
    run(({ cold, hot, expectObservable }) => {
      const source = cold('         a-----b-|');
      const lists$ = hot('          x---|', { x: none });
      const expected = '            ----a-b-|';
      expectObservable(source.pipe(loadBalance(lists$), inShort)).toBe(expected, {
        a: 'a no-connection 0',
        b: 'b no-connection 0',
      });
    });
  });
});

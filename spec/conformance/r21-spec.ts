/** Proves R21: connections come and go while running, compared by identity with the list before. */
import { expect } from 'chai';
import {
  asyncScheduler,
  BehaviorSubject,
  concat,
  defer,
  EMPTY,
  map,
  NEVER,
  of,
  Subject,
  type Observable,
} from 'rxjs';
import type { RunHelpers } from 'rxjs/testing';
import {
  isDelivered,
  loadBalance,
  TemporaryError,
  type BalancerActivity,
  type ConnectionInput,
  type ConnectionState,
  type Outcome,
} from '../../src/index.js';
import { fakeConnection } from '../../src/testing/index.js';
import { run } from '../marbles.js';

const brief = (outcome: Outcome<string>): string =>
  isDelivered(outcome) ? `${outcome.event} ${outcome.connection}` : `${outcome.event} ${outcome.reason}`;

describe('R21: a changing membership', () => {
  it('should start an added connection at once', () => {
    const { first, second } = runFor(({ cold, expectObservable }) => {
      const first = fakeConnection<string>('u', '------(r|)', { name: 'first' });
      const second = fakeConnection<string>('u', '--(r|)', { name: 'second' });

      const e1 = '      ab------------  ';
      const lists = '   x--y----------  ';
      const expected = '-----ba-------  ';

      const lists$ = cold(lists, { x: [first], y: [first, second] });
      const result = cold(e1).pipe(loadBalance(lists$), map(brief));

      expectObservable(result, '-------------!').toBe(expected, { a: 'a first', b: 'b second' });
      return { first, second };
    });

    expect(second.opened).to.deep.equal([3]);
    expect(first.opened).to.deep.equal([0]);
  });

  it('should let a removed connection pull no more, finish its sends, and close it then', () => {
    const { first } = runFor(({ cold, expectObservable }) => {
      const first = fakeConnection<string>('u', '----(r|)', { name: 'first', window: 2 });
      const second = fakeConnection<string>('u', '-(r|)', { name: 'second' });

      const e1 = '      ab----cd----|   ';
      const lists = '   x-y----------   ';
      //                first: a and b
      const expected = '----ab-cd---|   ';

      const lists$ = cold(lists, { x: [first], y: [second] });
      const result = cold(e1).pipe(loadBalance(lists$), map(brief));

      expectObservable(result).toBe(expected, {
        a: 'a first',
        b: 'b first',
        c: 'c second',
        d: 'd second',
      });
      return { first };
    });

    expect(first.closed).to.deep.equal([5]);
  });

  it('should close a removed connection at once that has nothing in flight', () => {
    const places = runFor(({ cold, expectObservable }) => {
      const made = ['u', 'c', 'd', '#', ''].map((states) => fakeConnection<string>(states, '(r|)'));

      const e1 = '      ----------';
      const lists = '   x--y------';
      const unsub = '   ---------!';
      const expected = '----------';

      const lists$ = cold(lists, { x: made, y: [] });
      expectObservable(cold(e1).pipe(loadBalance(lists$, { reconnectDelay: 5 })), unsub).toBe(expected);
      return made;
    });

    expect(places.map(({ closed }) => closed)).to.deep.equal([[3], [3], [3], [0], [3]]);
    expect(places.map(({ opened }) => opened)).to.deep.equal([[0], [0], [0], [0], [0]]);
  });

  it('should end a removed connection at once that leaves up, and put back what it had in flight', () => {
    const { first } = runFor(({ cold, expectObservable }) => {
      const first = fakeConnection<string>('u---d', '--------(r|)', { name: 'first' });
      const second = fakeConnection<string>('u', '-(r|)', { name: 'second' });

      const e1 = '      (a|)         ';
      const lists = '   x-y          ';
      const expected = '-----(a|)    ';

      const lists$ = cold(lists, { x: [first], y: [second] });
      expectObservable(cold(e1).pipe(loadBalance(lists$), map(brief))).toBe(expected, { a: 'a second' });
      return { first };
    });

    expect(first.closed).to.deep.equal([4]);
  });

  it('should end a removed connection at once whose state stream fails, and not open it again', () => {
    const { first } = runFor(({ cold, expectObservable }) => {
      const first = fakeConnection<string>('u---#', '--------(r|)', { name: 'first' });
      const second = fakeConnection<string>('u', '-(r|)', { name: 'second' });

      const e1 = '      a-----------|';
      const lists = '   x-y          ';
      const expected = '-----a------|';

      const lists$ = cold(lists, { x: [first], y: [second] });
      const result = cold(e1).pipe(loadBalance(lists$, { reconnectDelay: 1 }), map(brief));
      expectObservable(result).toBe(expected, { a: 'a second' });
      return { first };
    });

    expect(first.opened).to.deep.equal([0]);
    expect(first.closed).to.deep.equal([4]);
  });

  it('should end a removed connection at once when a send fails, and cancel the others', () => {
    const { first } = runFor(({ cold, expectObservable }) => {
      const first = fakeConnection<string>('u', (event) => (event === 'a' ? cold('---#') : cold('-')), {
        name: 'first',
        window: 2,
      });
      const second = fakeConnection<string>('u', '-(r|)', { name: 'second' });

      const e1 = '      (ab|)         ';
      const lists = '   x-y           ';
      const expected = '----a(b|)     ';

      const lists$ = cold(lists, { x: [first], y: [second] });
      const result = cold(e1).pipe(loadBalance(lists$, { reconnectDelay: 1 }), map(brief));
      expectObservable(result).toBe(expected, { a: 'a second', b: 'b second' });
      return { first };
    });

    expect(first.closed).to.deep.equal([3]);
  });

  it('should tell connections by identity, not by name', () => {
    const { first, second } = runFor(({ cold, expectObservable }) => {
      const first = fakeConnection<string>('u', '(r|)', { name: 'same' });
      const second = fakeConnection<string>('u', '(r|)', { name: 'same' });

      const e1 = '      a---b--|';
      const lists = '   x-y     ';
      const expected = 'a---b--|';

      const lists$ = cold(lists, { x: [first], y: [second] });
      expectObservable(cold(e1).pipe(loadBalance(lists$), map(brief))).toBe(expected, {
        a: 'a same',
        b: 'b same',
      });
      return { first, second };
    });

    expect(first.sent.map(({ event }) => event)).to.deep.equal(['a']);
    expect(first.closed).to.deep.equal([2]);
    expect(second.sent.map(({ event }) => event)).to.deep.equal(['b']);
    expect(second.opened).to.deep.equal([2]);
  });

  it('should leave alone what stays listed, in whatever order', () => {
    const places = runFor(({ cold, expectObservable }) => {
      const first = fakeConnection<string>('u', '(r|)', { name: 'first' });
      const second = fakeConnection<string>('u', '(r|)', { name: 'second' });

      const e1 = '      --------|';
      const lists = '   x-y-z    ';
      const expected = '--------|';

      const lists$ = cold(lists, { x: [first, second], y: [second, first], z: [first, second] });
      expectObservable(cold(e1).pipe(loadBalance(lists$))).toBe(expected);
      return [first, second];
    });

    expect(places.map(({ opened }) => opened)).to.deep.equal([[0], [0]]);
    expect(places.map(({ closed }) => closed)).to.deep.equal([[8], [8]]);
  });

  it('should count a duplicate once', () => {
    const place = runFor(({ cold, expectObservable }) => {
      const fake = fakeConnection<string>('u', '--(r|)');

      const e1 = '      (ab|)       ';
      const lists = '   x           ';
      const expected = '--a-(b|)    ';

      const lists$ = cold(lists, { x: [fake, fake, fake] });
      expectObservable(cold(e1).pipe(loadBalance(lists$), map(brief))).toBe(expected, {
        a: 'a fake',
        b: 'b fake',
      });
      return fake;
    });

    expect(place.opened).to.deep.equal([0]);
  });

  it('should keep a duplicate of which one is left', () => {
    const place = runFor(({ cold, expectObservable }) => {
      const fake = fakeConnection<string>('u', '(r|)');

      const e1 = '      --a--|';
      const lists = '   x-y   ';
      const expected = '--a--|';

      const lists$ = cold(lists, { x: [fake, fake], y: [fake] });
      expectObservable(cold(e1).pipe(loadBalance(lists$), map(brief))).toBe(expected, { a: 'a fake' });
      return fake;
    });

    expect(place.closed).to.deep.equal([5]);
  });

  it('should count a duplicate in a plain list once', () => {
    const place = runFor(({ cold, expectObservable }) => {
      const fake = fakeConnection<string>('u', '--(r|)');

      const e1 = '      (ab|)       ';
      const expected = '--a-(b|)    ';

      expectObservable(cold(e1).pipe(loadBalance([fake, fake]), map(brief))).toBe(expected, {
        a: 'a fake',
        b: 'b fake',
      });
      return fake;
    });

    expect(place.opened).to.deep.equal([0]);
  });

  describe('of what returns', () => {
    it('should resume a removed connection that is listed again while it drains', () => {
      const place = runFor(({ cold, expectObservable }) => {
        const fake = fakeConnection<string>('u', '-----(r|)', { window: 2 });

        const e1 = '      ab-c----------|    ';
        const lists = '   x-y-x              ';
        //                a----r
        //                 b----r
        //                     c----r         pulled in frame 5, when a place is free
        const expected = '-----ab---c---|    ';

        const lists$ = cold(lists, { x: [fake], y: [] });
        expectObservable(cold(e1).pipe(loadBalance(lists$), map(brief))).toBe(expected, {
          a: 'a fake',
          b: 'b fake',
          c: 'c fake',
        });
        return fake;
      });

      expect(place.opened).to.deep.equal([0]);
      expect(place.closed).to.deep.equal([14]);
    });

    it('should open a connection anew that is listed again after it has left', () => {
      const place = runFor(({ cold, expectObservable }) => {
        const fake = fakeConnection<string>('u', '-(r|)');

        const e1 = '      a---b---|';
        const lists = '   x-y--x   ';
        const expected = '-a----b-|';

        const lists$ = cold(lists, { x: [fake], y: [] });
        expectObservable(cold(e1).pipe(loadBalance(lists$), map(brief))).toBe(expected, {
          a: 'a fake',
          b: 'b fake',
        });
        return fake;
      });

      expect(place.opened).to.deep.equal([0, 5]);
      expect(place.closed).to.deep.equal([2, 8]);
    });

    it('should not open a connection again that has completed, while it stays listed', () => {
      const place = runFor(({ cold, expectObservable }) => {
        const fake = fakeConnection<string>('-|', '(r|)');
        const other = fakeConnection<string>('d', '(r|)');

        const e1 = '      --------|';
        const lists = '   x--y-x   ';
        const expected = '--------|';

        const lists$ = cold(lists, { x: [fake], y: [other, fake] });
        expectObservable(cold(e1).pipe(loadBalance(lists$))).toBe(expected);
        return fake;
      });

      expect(place.opened).to.deep.equal([0]);
    });

    it('should open a connection again that has completed, once it has left the list and returned', () => {
      const place = runFor(({ cold, expectObservable }) => {
        const fake = fakeConnection<string>('u---|', '(r|)');

        const e1 = '      -----a----|';
        const lists = '   x----y-x   ';
        const expected = '-------a--|';

        const lists$ = cold(lists, { x: [fake], y: [] });
        expectObservable(cold(e1).pipe(loadBalance(lists$), map(brief))).toBe(expected, { a: 'a fake' });
        return fake;
      });

      expect(place.opened).to.deep.equal([0, 7]);
    });

    it('should hold the same for a connection that its reconnectDelay has retired', () => {
      const place = runFor(({ cold, expectObservable }) => {
        const fake = fakeConnection<string>('-#', '(r|)');

        const e1 = '      ----------|';
        const lists = '   x-x-y-x   ';
        const expected = '----------|';

        const lists$ = cold(lists, { x: [fake], y: [] });
        expectObservable(cold(e1).pipe(loadBalance(lists$, { reconnectDelay: () => EMPTY }))).toBe(expected);
        return fake;
      });

      expect(place.opened).to.deep.equal([0, 6]);
      expect(place.closed).to.deep.equal([1, 7]);
    });
  });

  describe('of the stream of lists', () => {
    it('should let events wait for a connection as long as another list may come', () => {
      run(({ cold, expectObservable }) => {
        const place = fakeConnection<string>('u', '-(r|)');

        const e1 = '      a--b|         ';
        const lists = '   x----y        ';
        const expected = '------a(b|)   ';

        const lists$ = cold(lists, { x: [], y: [place] });
        expectObservable(cold(e1).pipe(loadBalance(lists$), map(brief))).toBe(expected, {
          a: 'a fake',
          b: 'b fake',
        });
      });
    });

    it('should freeze the membership when it completes', () => {
      const place = runFor(({ cold, expectObservable }) => {
        const fake = fakeConnection<string>('u', '-(r|)');

        const e1 = '      a----b|      ';
        const lists = '   x-|          ';
        const expected = '-a----(b|)   ';

        const lists$ = cold(lists, { x: [fake] });
        expectObservable(cold(e1).pipe(loadBalance(lists$), map(brief))).toBe(expected, {
          a: 'a fake',
          b: 'b fake',
        });
        return fake;
      });

      expect(place.closed).to.deep.equal([6]);
    });

    it('should drop everything when it has completed and the last connection leaves', () => {
      run(({ cold, expectObservable }) => {
        const place = fakeConnection<string>('u---|', '-(r|)');

        const e1 = '      a----b-|';
        const lists = '   x-|     ';
        const expected = '-a---b-|';

        const lists$ = cold(lists, { x: [place] });
        expectObservable(cold(e1).pipe(loadBalance(lists$), map(brief))).toBe(expected, {
          a: 'a fake',
          b: 'b no-connection',
        });
      });
    });

    it('should drop what waits when it completes with nobody listed', () => {
      run(({ cold, expectObservable }) => {
        const e1 = '      a----b-|';
        const lists = '   x--|    ';
        const expected = '---a-b-|';

        const lists$ = cold(lists, { x: [] });
        expectObservable(cold(e1).pipe(loadBalance(lists$), map(brief))).toBe(expected, {
          a: 'a no-connection',
          b: 'b no-connection',
        });
      });
    });

    it('should close when it fails, and pass on its error', () => {
      const place = runFor(({ cold, expectObservable, expectSubscriptions }) => {
        const fake = fakeConnection<string>('u', '--------(r|)');

        const e1 = cold(' ab------- ');
        const e1subs = '  ^--!      ';
        const lists = '   x--#      ';
        const expected = '---(ab#)  ';

        const lists$ = cold(lists, { x: [fake] });
        expectObservable(e1.pipe(loadBalance(lists$), map(brief))).toBe(expected, {
          a: 'a closed',
          b: 'b closed',
        });
        expectSubscriptions(e1.subscriptions).toBe(e1subs);
        return fake;
      });

      expect(place.closed).to.deep.equal([3]);
    });

    it('should close when it emits what is no list of connections, and say what is wrong', () => {
      const source = concat(of('a'), NEVER);
      const lists$ = new Subject<readonly ConnectionInput<string, string>[]>();
      const log: string[] = [];
      source.pipe(loadBalance(lists$), map(brief)).subscribe({
        next: (outcome) => log.push(outcome),
        error: (error: unknown) => log.push(String(error)),
      });

      lists$.next([() => NEVER]);
      lists$.next([() => NEVER, 7 as never]);

      expect(log).to.deep.equal([
        'a closed',
        'TypeError: loadBalance: expected `connections[1]` to be a connection or a function, got `7` (number)',
      ]);
    });

    it('should be subscribed once for each subscription, also when a function gives it', () => {
      run(({ cold, expectObservable, expectSubscriptions }) => {
        const place = fakeConnection<string>('u', '(r|)');

        const e1 = '      a--|';
        const lists$ = cold('x', { x: [place] });
        const subs = '    ^--!';
        const expected = 'a--|';

        expectObservable(
          cold(e1).pipe(
            loadBalance(() => lists$),
            map(brief),
          ),
        ).toBe(expected, { a: 'a fake' });
        expectSubscriptions(lists$.subscriptions).toBe(subs);
      });
    });
  });

  it('should open and close a connection that is added and removed in one frame', () => {
    const place = runFor(({ cold, expectObservable }) => {
      const fake = fakeConnection<string>('u', '(r|)');

      // It would come up in the frame in which it is removed, and has left by then.
      const e1 = '      a---------';
      const lists = '   --(xy)    ';
      const closeOn = ' ------x   ';
      const expected = '------(a|)';

      const lists$ = cold(lists, { x: [fake], y: [] });
      const result = cold(e1).pipe(loadBalance(lists$, { closeOn: cold(closeOn) }), map(brief));
      expectObservable(result).toBe(expected, { a: 'a closed' });
      return fake;
    });

    expect(place.opened).to.deep.equal([2]);
    expect(place.closed).to.deep.equal([2]);
  });

  it('should tell the monitor who has left, when it has left', () => {
    const activities = runFor(({ cold, expectObservable }) => {
      const seen: string[] = [];
      const fake = fakeConnection<string>('u', '----(r|)');
      const monitor = {
        next: (activity: BalancerActivity) => {
          if (activity.type === 'state') {
            seen.push(`${String(asyncScheduler.now())} ${activity.connection} ${activity.state}`);
          }
        },
      };

      const e1 = '      a------|';
      const lists = '   x-y     ';
      const expected = '----a--|';

      const lists$ = cold(lists, { x: [fake], y: [] });
      expectObservable(cold(e1).pipe(loadBalance(lists$, { monitor }), map(brief))).toBe(expected, {
        a: 'a fake',
      });
      return seen;
    });

    expect(activities).to.deep.equal(['0 fake connecting', '0 fake up', '4 fake removed']);
  });

  it('should open a connection that is listed again and again only once, also when it has retired', () => {
    let opened = 0;
    const state$ = new Subject<ConnectionState>();
    const place = {
      name: 'place',
      state$: defer(() => {
        opened++;
        return state$;
      }),
      send: () => NEVER,
    };
    const lists$ = new Subject<readonly ConnectionInput<string>[]>();
    const outcomes: string[] = [];
    const subscription = concat(of('a'), NEVER)
      .pipe(loadBalance(lists$), map(brief))
      .subscribe((outcome) => outcomes.push(outcome));

    lists$.next([place]);
    lists$.next([place]);
    state$.complete();
    lists$.next([place]);
    expect(opened).to.equal(1);
    expect(outcomes).to.deep.equal([]);
    lists$.complete();

    expect(outcomes).to.deep.equal(['a no-connection']);
    subscription.unsubscribe();
  });

  it('should not open again what returned while it drained, and then retired', () => {
    runFor(({ cold, expectObservable, flush }) => {
      const place = fakeConnection<string>('u----|', '-------(r|)');

      const e1 = '      a---------b-  ';
      const lists = '   x-y-x-------| ';
      const expected = '-------a----b ';
      //                     |           the end of its state, and in frame 7 of its send

      const lists$ = cold(lists, { x: [place], y: [] });
      expectObservable(cold(e1).pipe(loadBalance(lists$), map(brief))).toBe(expected, {
        a: 'a fake',
        b: 'b no-connection',
      });
      flush();
      expect(place.opened).to.deep.equal([0]);
    });
  });

  it('should open anew what returns when a pause that had no end has retired it', () => {
    runFor(({ cold, expectObservable, flush }) => {
      const error = new TemporaryError('busy');
      const failing = cold('-#', {}, error);
      const place = fakeConnection<string>('u', (event) => (event === 'b' ? failing : cold('------(r|)')), {
        window: 2,
      });

      const e1 = '      (ab)------  ';
      const lists = '   x--y-x----  ';
      //                 |          b fails, and reconnectDelay completes
      const options = { maxAttempts: 1, reconnectDelay: () => EMPTY };
      const expected = '-b----a--- ';
      const lists$ = cold(lists, { x: [place], y: [] });
      expectObservable(cold(e1).pipe(loadBalance(lists$, options), map(brief)), '----------!').toBe(
        expected,
        {
          a: 'a fake',
          b: 'b attempts',
        },
      );
      flush();
      expect(place.opened).to.deep.equal([0, 6]);
    });
  });

  it('should not ask for a delay when a removed connection breaks while its sends finish', () => {
    const state$ = new BehaviorSubject<ConnectionState>('up');
    let asked = 0;
    const reconnectDelay = (): Observable<never> => {
      asked++;
      return NEVER;
    };
    const lists$ = new Subject<readonly ConnectionInput<string>[]>();
    const subscription = concat(of('a'), NEVER).pipe(loadBalance(lists$, { reconnectDelay })).subscribe();
    lists$.next([{ name: 'place', state$, send: () => NEVER }]);
    lists$.next([]);

    state$.error(new Error('broken'));

    expect(asked).to.equal(0);
    subscription.unsubscribe();
  });
});

/** Runs in virtual time, and gives back what is to be looked at when that is over. */
function runFor<V>(test: (helpers: RunHelpers) => V): V {
  let made: { readonly value: V } | undefined;
  run((helpers) => {
    made = { value: test(helpers) };
  });
  if (made === undefined) {
    throw new Error('the test did not run');
  }
  return made.value;
}

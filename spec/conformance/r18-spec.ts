/** Proves R18: the end of the source ends the output, after the last outcome. */
import { expect } from 'chai';
import { EMPTY, map, type Observable } from 'rxjs';
import type { RunHelpers } from 'rxjs/testing';
import { isDelivered, loadBalance, TemporaryError, type Outcome } from '../../src/index.js';
import { fakeConnection } from '../../src/testing/index.js';
import { run } from '../marbles.js';

const brief = (outcome: Outcome<string>): string =>
  isDelivered(outcome) ? `${outcome.event} delivered` : `${outcome.event} ${outcome.reason}`;

describe('R18: the end of the source', () => {
  it('should complete the output after the last outcome', () => {
    run(({ cold, expectObservable, expectSubscriptions }) => {
      const e1 = cold(' abc|         ');
      const e1subs = '  ^--!         ';
      const send = '    --(r|)       ';
      const expected = '--a-b-(c|)   ';

      const result = e1.pipe(loadBalance([fakeConnection<string>('u', send)]), map(brief));

      expectObservable(result).toBe(expected, { a: 'a delivered', b: 'b delivered', c: 'c delivered' });
      expectSubscriptions(e1.subscriptions).toBe(e1subs);
    });
  });

  it('should complete at once when nothing is outstanding, and close the connections', () => {
    const place = runFor(({ cold, expectObservable }) => {
      const opened = fakeConnection<string>('u', '(r|)');
      const e1 = '      a--|';
      const expected = 'a--|';

      expectObservable(cold(e1).pipe(loadBalance([opened]), map(brief))).toBe(expected, { a: 'a delivered' });
      return opened;
    });

    expect(place.closed).to.deep.equal([3]);
  });

  it('should complete at once with a connection that never comes up', () => {
    run(({ cold, expectObservable }) => {
      const e1 = '      ---|';
      const states = '  c---';
      const expected = '---|';

      expectObservable(cold(e1).pipe(loadBalance([fakeConnection<string>(states, '(r|)')]))).toBe(expected);
    });
  });

  it('should wait for a connection when the source completes while all are down', () => {
    run(({ cold, expectObservable }) => {
      const e1 = '       ab|            ';
      const states1 = '  d-----u        ';
      const states2 = '  d              ';
      const send = '     --(r|)         ';
      const expected = ' --------a-(b|) ';
      const first = fakeConnection<string>(states1, send);
      const second = fakeConnection<string>(states2, send);

      expectObservable(cold(e1).pipe(loadBalance([first, second]), map(brief))).toBe(expected, {
        a: 'a delivered',
        b: 'b delivered',
      });
    });
  });

  it('should wait for a retry that waits for the backoff', () => {
    run(({ cold, expectObservable }) => {
      const place = fakeConnection<string>('u', (_event, { attempt }) =>
        attempt === 1 ? cold('-#') : cold('-(r|)'),
      );

      const e1 = '      (a|)             ';
      //                s#---s(r|)         one send, the backoff, another send
      const expected = '------(a|)       ';

      const result = cold(e1).pipe(loadBalance([place], { reconnectDelay: 4 }), map(brief));

      expectObservable(result).toBe(expected, { a: 'a delivered' });
    });
  });

  it('should pass on the error of the source after the last outcome', () => {
    run(({ cold, expectObservable, expectSubscriptions }) => {
      const e1 = cold(' ab#           ');
      const e1subs = '  ^-!           ';
      const send = '    ---(r|)       ';
      const expected = '---a--(b#)    ';

      const result = e1.pipe(loadBalance([fakeConnection<string>('u', send)]), map(brief));

      expectObservable(result).toBe(expected, { a: 'a delivered', b: 'b delivered' });
      expectSubscriptions(e1.subscriptions).toBe(e1subs);
    });
  });

  it('should retry what is outstanding when the source has failed', () => {
    run(({ cold, expectObservable }) => {
      const place = fakeConnection<string>('u', (_event, { attempt }) =>
        attempt === 1 ? cold('--#', {}, new TemporaryError()) : cold('--(r|)'),
      );

      const e1 = '      a#            ';
      const expected = '-----(a#)     ';

      const result = cold(e1).pipe(loadBalance([place], { reconnectDelay: 1 }), map(brief));

      expectObservable(result).toBe(expected, { a: 'a delivered' });
    });
  });

  it('should pass on the error of the source at once when nothing is outstanding', () => {
    run(({ cold, expectObservable }) => {
      const e1 = '      a--#';
      const expected = 'a--#';

      const result = cold(e1).pipe(loadBalance([fakeConnection<string>('u', '(r|)')]), map(brief));

      expectObservable(result).toBe(expected, { a: 'a delivered' });
    });
  });

  it('should close a drainTimeout after a source that fails, and then pass on its error', () => {
    run(({ cold, expectObservable }) => {
      const e1 = '      abc#                 ';
      //                   ----!             drainTimeout
      const send = '    -----(r|)            ';
      const expected = '-----a-(bc#)         ';

      const result = cold(e1).pipe(
        loadBalance([fakeConnection<string>('u', send)], { drainTimeout: 4 }),
        map(brief),
      );

      expectObservable(result).toBe(expected, { a: 'a delivered', b: 'b closed', c: 'c closed' });
    });
  });

  it('should give the outstanding events of a failed source their outcomes when no connection is left', () => {
    run(({ cold, expectObservable }) => {
      const e1 = '      ab#          ';
      const states = '  d---|        ';
      const expected = '----(ab#)    ';

      const result = cold(e1).pipe(loadBalance([fakeConnection<string>(states, '(r|)')]), map(brief));

      expectObservable(result).toBe(expected, { a: 'a no-connection', b: 'b no-connection' });
    });
  });

  it('should complete once the source has, when no connection is left', () => {
    run(({ cold, expectObservable }) => {
      const e1 = '      a-b-|';
      const expected = 'a-b-|';

      expectObservable(cold(e1).pipe(loadBalance([]), map(brief))).toBe(expected, {
        a: 'a no-connection',
        b: 'b no-connection',
      });
    });
  });

  it('should complete before a closeOn and a membership that go on', () => {
    run(({ cold, expectObservable, expectSubscriptions }) => {
      const place = fakeConnection<string>('u', '-(r|)');
      const closeOn = cold('     --------c');
      const lists = cold('       x--------', { x: [place] });
      const e1 = '               a--|     ';
      const subs = '             ^--!     ';
      const expected = '         -a-|     ';

      expectObservable(cold(e1).pipe(loadBalance(lists, { closeOn }), map(brief))).toBe(expected, {
        a: 'a delivered',
      });
      expectSubscriptions(closeOn.subscriptions).toBe(subs);
      expectSubscriptions(lists.subscriptions).toBe(subs);
    });
  });

  it('should not wait for the connections of an empty source', () => {
    run(({ expectObservable }) => {
      const result: Observable<unknown> = EMPTY.pipe(loadBalance([fakeConnection('c', '(r|)')]));

      expectObservable(result).toBe('|');
    });
  });
});

/** As `run`, and gives back what is to be looked at when virtual time is over. */
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

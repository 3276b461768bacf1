/** R2: in which order waiting events are taken. */
import { expect } from 'chai';
import { filter, from, ignoreElements, interval, map, take } from 'rxjs';
import { type RunHelpers } from 'rxjs/testing';
import { isDelivered, loadBalance, TemporaryError } from '../../src/index.js';
import { fakeConnection } from '../../src/testing/index.js';
import { diagram, drawn, run, sends } from '../marbles.js';

/** Fails the attempt, and neither closes nor pauses the connection. */
const again = new TemporaryError('again', { retryAfter: 0 });

describe('R2: the order in which waiting events are taken', () => {
  it('is first in, first out', () => {
    run(({ cold, expectObservable, expectSubscriptions, flush }) => {
      const source$ = cold('   ab(cd)--e|   ');
      const sourceSubs = '     ^--------!   ';
      const pulled = '         a--b--c--d--e';
      const expected = '       ---a--b--c--d--(e|)';
      const one = fakeConnection<string>('u', '---(r|)');

      expectObservable(source$.pipe(loadBalance([one]), drawn)).toBe(expected);
      expectSubscriptions(source$.subscriptions).toBe(sourceSubs);
      flush();
      expect(sends(one)).to.deep.equal(diagram(pulled));
    });
  });

  it('is first in, first out across connections', () => {
    run(({ cold, expectObservable, flush }) => {
      const source$ = cold('   (abcdef|)    ');
      const pulledByOne = '    a--c--e--f   ';
      const pulledByTwo = '    b----d       ';
      const expected = '       ---a-bc--ed-(f|)';
      const one = fakeConnection<string>('u', '---(r|)');
      const two = fakeConnection<string>('u', '-----(r|)');

      expectObservable(source$.pipe(loadBalance([one, two]), drawn)).toBe(expected);
      flush();
      expect(sends(one)).to.deep.equal(diagram(pulledByOne));
      expect(sends(two)).to.deep.equal(diagram(pulledByTwo));
    });
  });

  describe('put back for the first time', () => {
    it('goes ahead of all new ones', () => {
      run(({ cold, expectObservable, expectSubscriptions, flush }) => {
        const source$ = cold('   (abcd|)           ');
        const failing$ = cold('  --#               ');
        const failingSubs = '    ^-!               ';
        const pulledByGood = '   b--a--c--d        ';
        const expected = '       ---b--a--c--(d|)  ';
        const bad = fakeConnection<string>('u', () => failing$);
        const good = fakeConnection<string>('u', '---(r|)');

        const balanced$ = source$.pipe(loadBalance([bad, good], { reconnectDelay: 100 }));
        expectObservable(balanced$.pipe(drawn)).toBe(expected);
        expectSubscriptions(failing$.subscriptions).toBe(failingSubs);
        flush();
        expect(sends(good)).to.deep.equal(diagram(pulledByGood));
      });
    });

    it('goes behind those that were put back before it', () => {
      run(({ cold, expectObservable, flush }) => {
        const source$ = cold('   (abcd|)             ');
        const pulledByGood = '   c----b----a----d    ';
        const expected = '       -----c----b----a----(d|)';
        const slow = fakeConnection<string>('u', '---#', { name: 'slow' });
        const bad = fakeConnection<string>('u', '--#', { name: 'bad' });
        const good = fakeConnection<string>('u', '-----(r|)', { name: 'good' });

        const balanced$ = source$.pipe(loadBalance([slow, bad, good], { reconnectDelay: 100 }));
        expectObservable(balanced$.pipe(drawn)).toBe(expected);
        flush();
        expect(sends(good)).to.deep.equal(diagram(pulledByGood));
      });
    });
  });

  describe('put back again', () => {
    it('goes behind all that wait then, and ahead of what comes later', () => {
      run(({ cold, expectObservable, flush }) => {
        const source$ = cold('   (abcd)-e|      ');
        const pulled = '         ab-ac-d-ae     ';
        const expected = '       ---b--c-dA-(e|)';
        const one = fakeConnection<string>('u', (event) =>
          event === 'a' ? cold('-#', undefined, again) : cold('--(r|)'),
        );

        expectObservable(source$.pipe(loadBalance([one]), drawn)).toBe(expected);
        flush();
        expect(sends(one)).to.deep.equal(diagram(pulled));
      });
    });

    it('keeps the order among those that are put back together', () => {
      run(({ cold, expectObservable, expectSubscriptions, flush }) => {
        const source$ = cold('   (abcd|)                      ');
        const states = '         u-d--u-d--u                  ';
        const answer$ = cold('   -----(r|)                    ');
        const answerSubs = [
          '                      ^-!                          ',
          '                      ^-!                          ',
          '                      ^-!                          ',
          '                      -----^-!                     ',
          '                      -----^-!                     ',
          '                      -----^-!                     ',
          '                      ----------^----!             ',
          '                      ----------^----!             ',
          '                      ----------^----!             ',
          '                      ---------------^----!        ',
        ];
        const pulled = '         (abc)(abc)(dab)c             ';
        const expected = '       ---------------(dab)(c|)     ';
        const one = fakeConnection<string>(states, () => answer$, { window: 3 });

        expectObservable(source$.pipe(loadBalance([one]), drawn)).toBe(expected);
        expectSubscriptions(answer$.subscriptions).toBe(answerSubs);
        flush();
        expect(sends(one)).to.deep.equal(diagram(pulled));
      });
    });

    it('goes behind what is put back for the first time after it', () => {
      run(({ cold, expectObservable, flush }) => {
        const source$ = cold('   a--b|        ');
        const pulled = '         a-a-b-b-a    ';
        const expected = '       --------b-(a|)';
        const failures: Readonly<Record<string, number>> = { a: 2, b: 1 };
        const one = fakeConnection<string>('u', (event, { attempt }) =>
          attempt <= (failures[event] ?? 0) ? cold('--#', undefined, again) : cold('--(r|)'),
        );

        expectObservable(source$.pipe(loadBalance([one]), drawn)).toBe(expected);
        flush();
        expect(sends(one)).to.deep.equal(diagram(pulled));
      });
    });

    it('goes behind what was put back for the first time before it', () => {
      run(({ cold, expectObservable, flush }) => {
        const source$ = cold('   (abc|)        ');
        const pulled = '         abcaba        ';
        const expected = '       ---c-b(a|)    ';
        const failures: Readonly<Record<string, number>> = { a: 2, b: 1 };
        const one = fakeConnection<string>('u', (event, { attempt }) =>
          attempt <= (failures[event] ?? 0) ? cold('-#', undefined, again) : cold('-(r|)'),
        );

        expectObservable(source$.pipe(loadBalance([one]), drawn)).toBe(expected);
        flush();
        expect(sends(one)).to.deep.equal(diagram(pulled));
      });
    });
  });

  describe('a connection on probation', () => {
    it('takes a new event if one waits', () => {
      run(({ cold, expectObservable, flush }) => {
        const source$ = cold('   (abc|)          ');
        const pulled = '         a--b-a-c        ';
        const expected = '       -----b-a-(c|)   ';
        const one = fakeConnection<string>('u', (event, { attempt }) =>
          event === 'a' && attempt === 1 ? cold('-#') : cold('--(r|)'),
        );

        expectObservable(source$.pipe(loadBalance([one], { reconnectDelay: 2 }), drawn)).toBe(expected);
        flush();
        expect(sends(one)).to.deep.equal(diagram(pulled));
      });
    });

    it('takes a retry if no new event waits', () => {
      run(({ cold, expectObservable, flush }) => {
        const source$ = cold('   a----b|         ');
        const pulled = '         a--a-b          ';
        const expected = '       -----a-(b|)     ';
        const one = fakeConnection<string>('u', (event, { attempt }) =>
          event === 'a' && attempt === 1 ? cold('-#') : cold('--(r|)'),
        );

        expectObservable(source$.pipe(loadBalance([one], { reconnectDelay: 2 }), drawn)).toBe(expected);
        flush();
        expect(sends(one)).to.deep.equal(diagram(pulled));
      });
    });

    it('is over with a success; a connection that has merely been down is not on it', () => {
      run(({ cold, expectObservable, flush }) => {
        const source$ = cold('   (ab|)        ');
        const states = '         u-d-u        ';
        const pulled = '         a---a--b     ';
        const expected = '       -------a--(b|)';
        const one = fakeConnection<string>(states, '---(r|)');

        expectObservable(source$.pipe(loadBalance([one]), drawn)).toBe(expected);
        flush();
        expect(sends(one)).to.deep.equal(diagram(pulled));
      });
    });
  });

  describe('a guaranteed event that always fails', () => {
    /** Fails with the poison, and takes anything else; both within a millisecond. */
    const poisonable = (cold: RunHelpers['cold'], name: string): ReturnType<typeof fakeConnection<string>> =>
      fakeConnection<string>('u', (event) => (event === 'poison' ? cold('-#') : cold('-(r|)')), { name });
    const guaranteed = (event: string): boolean => event === 'poison';
    const good = Array.from({ length: 1_000 }, (_, index) => `good ${index}`);

    it('does not hold up a thousand good ones', () => {
      run(({ cold, expectObservable, flush }) => {
        const both = [poisonable(cold, 'one'), poisonable(cold, 'two')];
        const delivered: string[] = [];
        const balanced$ = from(['poison', ...good]).pipe(
          loadBalance(both, { guaranteed, reconnectDelay: 10 }),
          filter(isDelivered),
          take(1_000),
          map(({ event }) => delivered.push(event)),
          filter((count) => count === 1_000),
        );

        // A thousand sends of 1 ms over two connections; each meets the poison once, which costs 1 ms and 10 ms of backoff.
        expectObservable(balanced$).toBe('511ms (n|)', { n: 1_000 });
        flush();
        expect(delivered).to.have.members(good);
      });
    });

    it('is not every probe, while new events come', () => {
      run(({ cold, expectObservable, flush }) => {
        const one = poisonable(cold, 'one');
        const delivered: string[] = [];
        const balanced$ = interval(4).pipe(
          take(1_000),
          map((n) => (n === 0 ? 'poison' : `good ${n}`)),
          loadBalance([one], { guaranteed, reconnectDelay: 10 }),
          filter(isDelivered),
          map(({ event }) => delivered.push(event)),
          filter((count) => count === 999),
        );

        // The last event comes after 4,000 ms; one backoff and a few sends may be before it.
        expectObservable(balanced$.pipe(ignoreElements()), '4020ms !').toBe('');
        flush();
        expect(delivered).to.have.length(999);
        const events = one.sent.map(({ event }) => event);
        const probes = events.filter((_, index) => events[index - 1] === 'poison');
        expect(probes).to.have.length.above(100);
        expect(probes).not.to.include('poison');
      });
    });
  });
});

/** R12: a rejection drops its event at once, and nothing else happens. */
import { expect } from 'chai';
import { count, range, throwError, type Observable } from 'rxjs';
import { isDropped, loadBalance, RejectedError } from '../../src/index.js';
import { fakeConnection } from '../../src/testing/index.js';
import { inShort, run } from '../marbles.js';

const tooLarge = new RejectedError('too large');

describe('R12: a RejectedError', () => {
  it('drops its event at once, with reason rejected', () => {
    run(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('         a-----|');
      const answer = cold('         --#', {}, tooLarge);
      const subs = '                ^-!';
      const expected = '            --a---|';
      const picky = fakeConnection<string>('u', () => answer, { name: 'picky' });
      expectObservable(source.pipe(loadBalance([picky]))).toBe(expected, {
        a: {
          status: 'dropped',
          event: 'a',
          reason: 'rejected',
          error: tooLarge,
          attempts: 1,
          failures: [{ connection: 'picky', error: tooLarge }],
        },
      });
      expectSubscriptions(answer.subscriptions).toBe(subs);
    });
  });

  it('lets the connection go on: the next event is sent in the same frame, without a pause or a closing', () => {
    run(({ cold, expectObservable, expectSubscriptions, flush }) => {
      const source = cold('         (ab|)');
      const rejecting = cold('      --#', {}, tooLarge);
      const rejectingSubs = '       ^-!';
      const delivering = cold('       -(r|)');
      const deliveringSubs = '      --^!';
      const expected = '            --a(b|)';
      const picky = fakeConnection<string>('u', (event) => (event === 'a' ? rejecting : delivering));
      const result$ = source.pipe(loadBalance([picky], { reconnectDelay: 100 }), inShort);
      expectObservable(result$).toBe(expected, { a: 'a rejected 1', b: 'b@fake 1' });
      expectSubscriptions(rejecting.subscriptions).toBe(rejectingSubs);
      expectSubscriptions(delivering.subscriptions).toBe(deliveringSubs);
      flush();
      expect(picky.opened).to.deep.equal([0]);
      expect(picky.closed).to.deep.equal([3]);
    });
  });

  it('leaves the other sends in flight alone, and the window open', () => {
    run(({ cold, expectObservable, flush }) => {
      const source = cold('         (abcd|)');
      const rejecting = '           --#';
      const delivering = '          ----(r|)';
      const expected = '            --a-b-c-(d|)';
      const picky = fakeConnection<string>(
        'u',
        (event) => cold(event === 'a' ? rejecting : delivering, {}, tooLarge),
        { window: 2 },
      );
      expectObservable(source.pipe(loadBalance([picky]), inShort)).toBe(expected, {
        a: 'a rejected 1',
        b: 'b@fake 1',
        c: 'c@fake 1',
        d: 'd@fake 1',
      });
      flush();
      expect(picky.sent.map(({ frame }) => frame)).to.deep.equal([0, 0, 2, 4]);
    });
  });

  it('is not tried on another connection', () => {
    run(({ cold, expectObservable, flush }) => {
      const source = cold('         a---|');
      const rejecting = '           --#';
      const expected = '            --a-|';
      const picky = fakeConnection<string>('u', rejecting, { name: 'picky', error: tooLarge });
      const other = fakeConnection<string>('-u', '-(r|)', { name: 'other' });
      expectObservable(source.pipe(loadBalance([picky, other]), inShort)).toBe(expected, {
        a: 'a rejected 1',
      });
      flush();
      expect(other.sent).to.deep.equal([]);
    });
  });

  for (const [has, options] of [
    ['is guaranteed', { guaranteed: true }],
    ['has attempts without limit', { maxAttempts: Infinity }],
  ] as const) {
    it(`drops at once an event that ${has}`, () => {
      run(({ cold, expectObservable, flush }) => {
        const source = cold('       a---|');
        const rejecting = '         --#';
        const expected = '          --a-|';
        const picky = fakeConnection<string>('u', rejecting, { error: tooLarge });
        expectObservable(source.pipe(loadBalance([picky], options), inShort)).toBe(expected, {
          a: 'a rejected 1',
        });
        flush();
        expect(picky.sent).to.have.length(1);
      });
    });
  }

  it('tells of the failed attempts before it', () => {
    run(({ cold, expectObservable }) => {
      const broken = new Error('broken');
      const source = cold('         a-----|');
      const failing = '             -#';
      const rejecting = '            --#';
      const expected = '            ---a--|';
      const flaky = fakeConnection<string>('u', failing, { name: 'flaky', error: broken });
      const picky = fakeConnection<string>('-u', rejecting, { name: 'picky', error: tooLarge });
      expectObservable(source.pipe(loadBalance([flaky, picky], { reconnectDelay: 100 }))).toBe(expected, {
        a: {
          status: 'dropped',
          event: 'a',
          reason: 'rejected',
          error: tooLarge,
          attempts: 2,
          failures: [
            { connection: 'flaky', error: broken },
            { connection: 'picky', error: tooLarge },
          ],
        },
      });
    });
  });

  it('may come at once, emitted or thrown', () => {
    run(({ cold, expectObservable, flush }) => {
      const source = cold('         ab--|');
      const expected = '            ab--|';
      const picky = fakeConnection<string>('u', (event) => {
        if (event === 'a') {
          throw tooLarge;
        }
        return throwError(() => tooLarge);
      });
      expectObservable(source.pipe(loadBalance([picky]), inShort)).toBe(expected, {
        a: 'a rejected 1',
        b: 'b rejected 1',
      });
      flush();
      expect(picky.opened).to.deep.equal([0]);
    });
  });

  it('may come at once for each of 100,000 events, without growing the stack', () => {
    run(({ expectObservable }) => {
      const rejecting = (): Observable<string> => throwError(() => tooLarge);
      const rejected$ = range(0, 100_000).pipe(
        loadBalance([rejecting]),
        count((outcome) => isDropped(outcome) && outcome.reason === 'rejected'),
      );
      expectObservable(rejected$).toBe('(n|)', { n: 100_000 });
    });
  }).timeout(60_000);

  it('is what classify calls one, whatever the class of the error', () => {
    run(({ cold, expectObservable, flush }) => {
      const source = cold('         a---|');
      const failing = '             --#';
      const expected = '            --a-|';
      const picky = fakeConnection<string>('u', failing, {
        error: new Error('400'),
        classify: () => 'rejected',
      });
      expectObservable(source.pipe(loadBalance([picky]), inShort)).toBe(expected, { a: 'a rejected 1' });
      flush();
      expect(picky.opened).to.deep.equal([0]);
    });
  });

  it('of a batch drops every event in it', () => {
    run(({ cold, expectObservable, flush }) => {
      const source = cold('         (abc)---|');
      const states = '              -u';
      const rejecting = '            --#';
      const expected = '            ---(abc)|';
      const picky = fakeConnection<string, string>(states, rejecting, {
        error: tooLarge,
        batch: { size: 5 },
      });
      expectObservable(source.pipe(loadBalance([picky]), inShort)).toBe(expected, {
        a: 'a rejected 1',
        b: 'b rejected 1',
        c: 'c rejected 1',
      });
      flush();
      expect(picky.sent).to.have.length(1);
      expect(picky.opened).to.deep.equal([0]);
    });
  });
});

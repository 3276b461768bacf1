/** R3: connections that are ready take turns. */
import { expect } from 'chai';
import { ignoreElements, map, range } from 'rxjs';
import { TestScheduler, type RunHelpers } from 'rxjs/testing';
import { isDelivered, loadBalance, type Outcome } from '../../src/index.js';
import { fakeConnection, type FakeLog } from '../../src/testing/index.js';

const run = (test: (helpers: RunHelpers) => void): void => {
  new TestScheduler((actual, expected) => {
    expect(actual).to.deep.equal(expected);
  }).run(test);
};

/** A delivered event as it is, a dropped one in capitals. */
const drawn = map((outcome: Outcome<string>) =>
  isDelivered(outcome) ? outcome.event : outcome.event.toUpperCase(),
);

/** What a connection was sent, as the messages that marbles are read into. */
const sends = ({ sent }: FakeLog<string>): unknown =>
  sent.map(({ frame, event }) => ({ frame, notification: { kind: 'N', value: event, error: undefined } }));

/** The marbles of what it should have been sent. */
const marbles = (diagram: string): unknown =>
  TestScheduler.parseMarbles(diagram, undefined, undefined, undefined, true);

describe('R3: connections that are ready take turns', () => {
  it('goes to the back of the line after a pull', () => {
    run(({ cold, expectObservable, expectSubscriptions, flush }) => {
      const source$ = cold('   a--b--c--d--e|    ');
      const sourceSubs = '     ^------------!    ';
      const pulledByOne = '    a--------d        ';
      const pulledByTwo = '    ---b--------e     ';
      const pulledByThree = '  ------c           ';
      const expected = '       -a--b--c--d--(e|) ';
      const one = fakeConnection<string>('u', '-(r|)');
      const two = fakeConnection<string>('u', '-(r|)');
      const three = fakeConnection<string>('u', '-(r|)');

      expectObservable(source$.pipe(loadBalance([one, two, three]), drawn)).toBe(expected);
      expectSubscriptions(source$.subscriptions).toBe(sourceSubs);
      flush();
      expect(sends(one)).to.deep.equal(marbles(pulledByOne));
      expect(sends(two)).to.deep.equal(marbles(pulledByTwo));
      expect(sends(three)).to.deep.equal(marbles(pulledByThree));
    });
  });

  it('goes to the back of the line when it comes up', () => {
    run(({ cold, expectObservable, flush }) => {
      const source$ = cold('   -----a--b--c--d|  ');
      const statesOfOne = '    c---u             ';
      const statesOfTwo = '    u                 ';
      const statesOfThree = '  c-u-d-u           ';
      const pulledByOne = '    --------b         ';
      const pulledByTwo = '    -----a--------d   ';
      const pulledByThree = '  -----------c      ';
      const expected = '       ------a--b--c--(d|)';
      const one = fakeConnection<string>(statesOfOne, '-(r|)');
      const two = fakeConnection<string>(statesOfTwo, '-(r|)');
      const three = fakeConnection<string>(statesOfThree, '-(r|)');

      expectObservable(source$.pipe(loadBalance([one, two, three]), drawn)).toBe(expected);
      flush();
      expect(sends(one)).to.deep.equal(marbles(pulledByOne));
      expect(sends(two)).to.deep.equal(marbles(pulledByTwo));
      expect(sends(three)).to.deep.equal(marbles(pulledByThree));
    });
  });

  it('gives equal connections equal shares of a burst', () => {
    run(({ cold, expectObservable, flush }) => {
      const source$ = cold('   (abcdefghi|)             ');
      const pulledByOne = '    a-----d-----g            ';
      const pulledByTwo = '    b-----e-----h            ';
      const pulledByThree = '  c-----f-----i            ';
      const expected = '       ------(abc)-(def)-(ghi|) ';
      const one = fakeConnection<string>('u', '------(r|)');
      const two = fakeConnection<string>('u', '------(r|)');
      const three = fakeConnection<string>('u', '------(r|)');

      expectObservable(source$.pipe(loadBalance([one, two, three]), drawn)).toBe(expected);
      flush();
      expect(sends(one)).to.deep.equal(marbles(pulledByOne));
      expect(sends(two)).to.deep.equal(marbles(pulledByTwo));
      expect(sends(three)).to.deep.equal(marbles(pulledByThree));
    });
  });

  it('does not let a window of 8 take 8 in a row', () => {
    run(({ cold, expectObservable, flush }) => {
      const source$ = cold('   (abcdefgh|)           ');
      const pulledByWide = '   (acdefgh)             ';
      const pulledByOne = '    b                     ';
      const expected = '       ----------(abcdefgh|) ';
      const wide = fakeConnection<string>('u', '----------(r|)', { window: 8 });
      const one = fakeConnection<string>('u', '----------(r|)');

      expectObservable(source$.pipe(loadBalance([wide, one]), drawn)).toBe(expected);
      flush();
      expect(sends(wide)).to.deep.equal(marbles(pulledByWide));
      expect(sends(one)).to.deep.equal(marbles(pulledByOne));
    });
  });

  it('alternates between two windows of 8, event by event', () => {
    run(({ cold, expectObservable, flush }) => {
      const source$ = cold('   (abcdefgh|)           ');
      const pulledByOne = '    (aceg)                ';
      const pulledByTwo = '    (bdfh)                ';
      const expected = '       ----------(abcdefgh|) ';
      const one = fakeConnection<string>('u', '----------(r|)', { window: 8 });
      const two = fakeConnection<string>('u', '----------(r|)', { window: 8 });

      expectObservable(source$.pipe(loadBalance([one, two]), drawn)).toBe(expected);
      flush();
      expect(sends(one)).to.deep.equal(marbles(pulledByOne));
      expect(sends(two)).to.deep.equal(marbles(pulledByTwo));
    });
  });

  it('gives equal connections equal shares of a long stream', () => {
    run(({ expectObservable, flush }) => {
      const equals = [1, 2, 3].map(() => fakeConnection<number>('u', '--(r|)', { window: 2 }));

      expectObservable(range(1, 600).pipe(loadBalance(equals), ignoreElements())).toBe('200ms |');
      flush();
      expect(equals.map(({ sent }) => sent.length)).to.deep.equal([200, 200, 200]);
    });
  });

  it('lets a connection that is three times as fast pull three times as often', () => {
    run(({ cold, expectObservable, flush }) => {
      const source$ = cold('   (abcdefgh|)                  ');
      const pulledByFast = '   a---c---d---f---g---h        ';
      const pulledBySlow = '   b-----------e                ';
      const expected = '       ----a---c---(bd)f---g---(eh|)';
      const fast = fakeConnection<string>('u', '----(r|)');
      const slow = fakeConnection<string>('u', '------------(r|)');

      expectObservable(source$.pipe(loadBalance([fast, slow]), drawn)).toBe(expected);
      flush();
      expect(sends(fast)).to.deep.equal(marbles(pulledByFast));
      expect(sends(slow)).to.deep.equal(marbles(pulledBySlow));
    });
  });
});

/** R3: connections that are ready take turns. */
import { expect } from 'chai';
import { ignoreElements, range } from 'rxjs';
import { loadBalance } from '../../src/index.js';
import { fakeConnection } from '../../src/testing/index.js';
import { diagram, drawn, run, sends } from '../marbles.js';

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
      expect(sends(one)).to.deep.equal(diagram(pulledByOne));
      expect(sends(two)).to.deep.equal(diagram(pulledByTwo));
      expect(sends(three)).to.deep.equal(diagram(pulledByThree));
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
      expect(sends(one)).to.deep.equal(diagram(pulledByOne));
      expect(sends(two)).to.deep.equal(diagram(pulledByTwo));
      expect(sends(three)).to.deep.equal(diagram(pulledByThree));
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
      expect(sends(one)).to.deep.equal(diagram(pulledByOne));
      expect(sends(two)).to.deep.equal(diagram(pulledByTwo));
      expect(sends(three)).to.deep.equal(diagram(pulledByThree));
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
      expect(sends(wide)).to.deep.equal(diagram(pulledByWide));
      expect(sends(one)).to.deep.equal(diagram(pulledByOne));
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
      expect(sends(one)).to.deep.equal(diagram(pulledByOne));
      expect(sends(two)).to.deep.equal(diagram(pulledByTwo));
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
      expect(sends(fast)).to.deep.equal(diagram(pulledByFast));
      expect(sends(slow)).to.deep.equal(diagram(pulledBySlow));
    });
  });
});

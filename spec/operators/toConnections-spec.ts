/** From lists of hosts to lists of connections: each is made once, for as long as its host is listed. */
import { expect } from 'chai';
import { map, mergeMap, of, Subject, take } from 'rxjs';
import { isDelivered, loadBalance, toConnections, type SendFunction } from '../../src/index.js';
import { fakeConnection } from '../../src/testing/index.js';
import { run } from '../marbles.js';

type Send = SendFunction<string, string>;

/** Makes connections that are told apart by their number, so that a new one is seen to be new. */
function counting(): { make: (host: string) => Send & { readonly number: number }; readonly made: string[] } {
  const made: string[] = [];
  const make = (host: string): Send & { readonly number: number } => {
    made.push(host);
    const send: Send = (event) => of(`${event} to ${host}`);
    return Object.assign(send, { number: made.length });
  };
  return { make, made };
}

/** The numbers of the connections of a list. */
const inShort = map((list: readonly { readonly number: number }[]) =>
  list.map(({ number }) => number).join(),
);

function lists(...hosts: readonly (readonly string[])[]): { result: Send[][]; made: string[] } {
  const { make, made } = counting();
  const result: Send[][] = [];
  of(...hosts)
    .pipe(toConnections(make))
    .subscribe((list) => result.push([...list]));
  return { result, made };
}

describe('toConnections', () => {
  describe('a list', () => {
    it('becomes a list of connections, as its picture shows', () => {
      run(({ cold, expectObservable, expectSubscriptions }) => {
        const hosts = { x: ['a', 'b'], y: ['b', 'c'] };
        const e1 = cold('     -x-----y-----|', hosts);
        const e1subs = '      ^------------!';
        const expected = '    -x-----y-----|';
        const connections$ = e1.pipe(toConnections(counting().make), inShort);
        expectObservable(connections$).toBe(expected, { x: '1,2', y: '2,3' });
        expectSubscriptions(e1.subscriptions).toBe(e1subs);
      });
    });

    it('keeps the order of the hosts', () => {
      const { result, made } = lists(['b', 'a', 'c'], ['c', 'b', 'a']);
      const [[b, a, c] = []] = result;
      expect(made).to.deep.equal(['b', 'a', 'c']);
      expect(result[1]).to.have.ordered.members([c, b, a]);
    });

    it('may be empty', () => {
      const { result, made } = lists([], ['a'], []);
      expect(result.map(({ length }) => length)).to.deep.equal([0, 1, 0]);
      expect(made).to.deep.equal(['a']);
    });

    it('is emitted also when nothing has changed', () => {
      const { result } = lists(['a'], ['a']);
      expect(result).to.have.length(2);
      expect(result[1]).to.have.ordered.members(result[0] ?? []);
    });

    it('is a new one each time, which the next does not change', () => {
      const { make } = counting();
      const emitted: (readonly Send[])[] = [];
      of(['a'], ['a', 'b'])
        .pipe(toConnections(make))
        .subscribe((list) => emitted.push(list));
      expect(emitted.map(({ length }) => length)).to.deep.equal([1, 2]);
    });
  });

  describe('a connection', () => {
    it('is the same as long as its host is listed', () => {
      const { result, made } = lists(['a'], ['a', 'b'], ['b', 'a'], ['a']);
      const kept = result.map((list, index) => list[index === 2 ? 1 : 0]);
      expect(new Set(kept).size).to.equal(1);
      expect(made).to.deep.equal(['a', 'b']);
    });

    it('is made once for a host that is listed twice', () => {
      const { result, made } = lists(['a', 'b', 'a'], ['a', 'a']);
      expect(result.map(({ length }) => length)).to.deep.equal([2, 1]);
      expect(result[1]?.[0]).to.equal(result[0]?.[0]);
      expect(made).to.deep.equal(['a', 'b']);
    });

    it('is a new one for a host that has left and comes back', () => {
      const { result, made } = lists(['a', 'b'], ['b'], ['a', 'b']);
      expect(result[2]?.[0]).to.not.equal(result[0]?.[0]);
      expect(result[2]?.[1]).to.equal(result[0]?.[1]);
      expect(made).to.deep.equal(['a', 'b', 'a']);
    });

    it('is not shared between subscriptions', () => {
      const { make, made } = counting();
      const connections$ = of(['a']).pipe(toConnections(make));
      const got: Send[] = [];
      const keep = (list: readonly Send[]): void => {
        got.push(...list);
      };
      connections$.subscribe(keep);
      connections$.subscribe(keep);
      expect(made).to.deep.equal(['a', 'a']);
      expect(got[0]).to.not.equal(got[1]);
    });
  });

  describe('the key', () => {
    interface Host {
      readonly address: string;
      readonly weight: number;
    }
    const listsOf = (key?: (host: Host) => unknown): { made: Host[]; result: (readonly Send[])[] } => {
      const made: Host[] = [];
      const result: (readonly Send[])[] = [];
      const make = (host: Host): Send => {
        made.push(host);
        return (event) => of(event);
      };
      of<Host[][]>([{ address: 'a', weight: 1 }], [{ address: 'a', weight: 2 }])
        .pipe(key === undefined ? toConnections(make) : toConnections(make, key))
        .subscribe((list) => result.push(list));
      return { made, result };
    };

    it('tells hosts apart', () => {
      const { made, result } = listsOf(({ address }) => address);
      expect(made).to.deep.equal([{ address: 'a', weight: 1 }]);
      expect(result[1]?.[0]).to.equal(result[0]?.[0]);
    });

    it('is the host itself by default, so two objects that look the same are two hosts', () => {
      const { made, result } = listsOf();
      expect(made).to.have.length(2);
      expect(result[1]?.[0]).to.not.equal(result[0]?.[0]);
    });

    it('gives the same connection to different hosts of one key', () => {
      const { made } = listsOf(() => 'all');
      expect(made).to.have.length(1);
    });

    for (const key of [NaN, undefined, null, 0, '']) {
      it(`may be ${key === '' ? 'an empty string' : String(key)}`, () => {
        expect(listsOf(() => key).made).to.have.length(1);
      });
    }

    it('makes what it throws the error of the output', () => {
      run(({ cold, expectObservable, expectSubscriptions }) => {
        const e1 = cold('     -x-y-|', { x: ['a'], y: ['b'] });
        const e1subs = '      ^--!';
        const expected = '    -x-#';
        const key = (host: string): string => {
          if (host === 'b') {
            throw new Error('no key');
          }
          return host;
        };
        const connections$ = e1.pipe(toConnections(counting().make, key), inShort);
        expectObservable(connections$).toBe(expected, { x: '1' }, new Error('no key'));
        expectSubscriptions(e1.subscriptions).toBe(e1subs);
      });
    });
  });

  describe('a make that throws', () => {
    const make = (host: string): Send & { readonly number: number } => {
      if (host === 'b') {
        throw new Error('unknown host');
      }
      return counting().make(host);
    };

    it('makes what it throws the error of the output', () => {
      run(({ cold, expectObservable, expectSubscriptions }) => {
        const e1 = cold('     -x-y-|', { x: ['a'], y: ['a', 'b'] });
        const e1subs = '      ^--!';
        const expected = '    -x-#';
        const connections$ = e1.pipe(toConnections(make), inShort);
        expectObservable(connections$).toBe(expected, { x: '1' }, new Error('unknown host'));
        expectSubscriptions(e1.subscriptions).toBe(e1subs);
      });
    });

    it('closes the balancer, which passes the error on', () => {
      const reasons: string[] = [];
      let passed: unknown;
      const hosts$ = new Subject<string[]>();
      const events$ = new Subject<string>();
      events$.pipe(loadBalance(hosts$.pipe(toConnections(make)))).subscribe({
        next: (outcome) => reasons.push(isDelivered(outcome) ? 'delivered' : outcome.reason),
        error: (error: unknown) => (passed = error),
      });
      events$.next('x');
      hosts$.next(['b']);
      expect(reasons).to.deep.equal(['closed']);
      expect(passed).to.be.an('error').with.property('message', 'unknown host');
    });
  });

  describe('before a balancer', () => {
    it('keeps open what stays listed, opens what comes, and closes what goes', () => {
      run(({ cold, expectObservable, flush }) => {
        const source = cold('       -a--b--c|');
        const hosts = cold('        x--y--z', { x: ['one'], y: ['one', 'two'], z: ['two'] });
        const expected = '          --a--b--(c|)';
        const made = new Map(
          ['one', 'two'].map((name) => [name, fakeConnection<string>('u', '-(r|)', { name })]),
        );
        const make = (host: string) => made.get(host) ?? expect.fail(`no fake for ${host}`);
        const result$ = source.pipe(
          loadBalance(hosts.pipe(toConnections(make))),
          map((outcome) => (isDelivered(outcome) ? `${outcome.event} to ${outcome.connection}` : '')),
        );
        const places = { a: 'a to one', b: 'b to one', c: 'c to two' };
        expectObservable(result$).toBe(expected, places);
        flush();
        expect(made.get('one')).to.deep.include({ opened: [0], closed: [6] });
        expect(made.get('two')).to.deep.include({ opened: [3], closed: [8] });
      });
    });
  });

  describe('as any operator', () => {
    const hosts = { x: ['a'], y: ['a', 'b'] };
    const emitted = { x: '1', y: '1,2' };

    it('never ends when the source never does', () => {
      run(({ cold, expectObservable, expectSubscriptions }) => {
        const e1 = cold('     -', hosts);
        const e1subs = '      ^';
        const expected = '    -';
        expectObservable(e1.pipe(toConnections(counting().make))).toBe(expected);
        expectSubscriptions(e1.subscriptions).toBe(e1subs);
      });
    });

    it('completes at once when the source is empty', () => {
      run(({ cold, expectObservable, expectSubscriptions }) => {
        const e1 = cold('     |', hosts);
        const e1subs = '      (^!)';
        const expected = '    |';
        expectObservable(e1.pipe(toConnections(counting().make))).toBe(expected);
        expectSubscriptions(e1.subscriptions).toBe(e1subs);
      });
    });

    it('passes an error on', () => {
      run(({ cold, expectObservable, expectSubscriptions }) => {
        const e1 = cold('     -x-#', hosts, 'broken');
        const e1subs = '      ^--!';
        const expected = '    -x-#';
        expectObservable(e1.pipe(toConnections(counting().make), inShort)).toBe(expected, emitted, 'broken');
        expectSubscriptions(e1.subscriptions).toBe(e1subs);
      });
    });

    it('leaves the source when it is unsubscribed early', () => {
      run(({ hot, expectObservable, expectSubscriptions }) => {
        const e1 = hot('      -x-y-|', hosts);
        const unsub = '       --!';
        const e1subs = '      ^-!';
        const expected = '    -x-';
        expectObservable(e1.pipe(toConnections(counting().make), inShort), unsub).toBe(expected, emitted);
        expectSubscriptions(e1.subscriptions).toBe(e1subs);
      });
    });

    it('should not break unsubscription chains when result is unsubscribed explicitly', () => {
      run(({ hot, expectObservable, expectSubscriptions }) => {
        const e1 = hot('      -x-y-|', hosts);
        const unsub = '       --!';
        const e1subs = '      ^-!';
        const expected = '    -x-';
        const connections$ = e1.pipe(
          mergeMap((list) => of(list)),
          toConnections(counting().make),
          mergeMap((list) => of(list)),
          inShort,
        );
        expectObservable(connections$, unsub).toBe(expected, emitted);
        expectSubscriptions(e1.subscriptions).toBe(e1subs);
      });
    });

    it('should stop listening to a synchronous observable when unsubscribed', () => {
      const { make, made } = counting();
      of(['a'], ['b'], ['c'], ['d']).pipe(toConnections(make), take(2)).subscribe();
      expect(made).to.deep.equal(['a', 'b']);
    });
  });
});

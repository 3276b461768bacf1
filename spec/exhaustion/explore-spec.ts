/** The search itself: it takes every way once, the short ones first, and tells the one that breaks something. */
import { expect } from 'chai';
import { concat, concatMap, delay, filter, ignoreElements, map, NEVER, of } from 'rxjs';
import type { MonoTypeOperatorFunction } from 'rxjs';
import type { Outcome } from '../../src/index.js';
import { explore, type Travel } from './explore.js';
import { Path } from './path.js';
import { plans } from './plans.js';
import { SmallWorld } from './smallWorld.js';

/** Walks along letters, three at most; a walk that contains `trap` breaks. */
function walk(walks: string[], trap: string): Travel {
  return (path, depth) => {
    let way = '';
    for (let step = 0; step < Math.min(depth, 3); step++) {
      way += path.pick(['a', 'b']);
    }
    walks.push(way);
    return Promise.resolve({
      script: Array.from(way),
      broken: way.includes(trap) ? `${trap} breaks` : undefined,
      hasMore: depth < 3,
    });
  };
}

/** What is found in the first of the worlds when something stands between the balancer and the consumer. */
async function found(around: MonoTypeOperatorFunction<Outcome<number>>): Promise<string | undefined> {
  for (const plan of plans.slice(0, 1)) {
    const { failure } = await explore(
      (path, depth, inDetail) => new SmallWorld(plan, path, inDetail, around).run(depth),
      (depth) => depth <= 3,
    );
    return failure?.join(' / ');
  }
  return undefined;
}

describe('the search through small worlds', () => {
  it('should take every way once, the short ones first', async () => {
    const walks: string[] = [];
    const seen = await explore(walk(walks, 'c'), () => true);
    expect(walks.join(' ')).to.equal('a b aa ab ba bb aaa aab aba abb baa bab bba bbb');
    expect(seen).to.deep.equal({ depth: 3, paths: 14, exhausted: true, failure: undefined });
  });

  it('should end with the first of the shortest ways that break something, in words', async () => {
    const seen = await explore(walk([], 'bb'), () => true);
    expect(seen).to.deep.equal({ depth: 1, paths: 6, exhausted: false, failure: ['b', 'b', 'bb breaks'] });
  });

  it('should stop when it is told to', async () => {
    const seen = await explore(walk([], 'c'), (depth) => depth < 2);
    expect(seen).to.deep.equal({ depth: 1, paths: 2, exhausted: false, failure: undefined });
  });

  it('should not go on when the same way leads elsewhere', () => {
    const path = new Path();
    path.pick(['a', 'b']);
    path.next();
    expect(() => path.pick(['a', 'b', 'c'])).to.throw('choice 0: 3 options, not 2');
  });

  it('should find that an event has two outcomes', async () => {
    expect(await found(concatMap((outcome) => [outcome, outcome]))).to.equal(
      '0: the source emits / then everything goes well / 0: the source ends / 0: a up /     a is sent 0 / ' +
        '0: a, sent 0, delivers /     outcome of 0: delivered by a, attempts 1 / ' +
        '    outcome of 0: delivered by a, attempts 1 / 0 is delivered and had an outcome',
    );
  });

  it('should find that an event has no outcome', async () => {
    expect(await found(ignoreElements())).to.contain('0 has no outcome');
    expect(await found(filter(({ event }) => event !== 1))).to.contain('1 has no outcome');
  });

  it('should find that an outcome is wrong', async () => {
    expect(await found(map((outcome) => ({ ...outcome, attempts: outcome.attempts + 1 })))).to.contain(
      'after 2 attempts, which were 1',
    );
    expect(await found(map((outcome) => ({ ...outcome, event: 0 })))).to.contain('had an outcome');
  });

  it('should find that it ends too late, or never', async () => {
    expect(await found((outcomes$) => concat(outcomes$, NEVER))).to.contain('goes on');
    expect(await found((outcomes$) => concat(outcomes$, of(0).pipe(delay(1), ignoreElements())))).to.contain(
      'goes on',
    );
  });
});

/** The recipe for a database pool: its window, what errors mean, a connection of it that breaks. */
import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { noop } from 'rxjs';
import type * as recipe from '../../../examples/recipes/connectionPool.js';
import { OpenConnection } from '../../connections/openConnection.js';
import { until } from '../../until.js';
import { quietly } from './quietly.js';
import { shipped } from './shipped.js';

describe('the recipe for a database pool', () => {
  let database: typeof recipe.database;

  before(async () => {
    ({ database } = await quietly(() => import('../../../examples/recipes/connectionPool.js')));
  });

  /** A pool that does with an INSERT what a spec says. */
  class Pool extends EventEmitter implements recipe.Pool {
    running = 0;
    most = 0;
    ended = 0;

    constructor(
      private readonly insert: (id: unknown) => Promise<unknown>,
      private readonly hello: () => Promise<unknown> = () => Promise.resolve(),
    ) {
      super();
    }

    async query(text: string, [id]: unknown[] = []): Promise<unknown> {
      if (!text.startsWith('INSERT')) {
        return this.hello();
      }
      this.most = Math.max(this.most, ++this.running);
      try {
        return await this.insert(id);
      } finally {
        this.running--;
      }
    }

    end(): Promise<void> {
      this.ended++;
      return Promise.resolve();
    }
  }

  const rows = (count: number): recipe.Row[] =>
    Array.from({ length: count }, (_, id) => ({ id, text: `row ${id}` }));
  const refusal = (code: string): Error => Object.assign(new Error(`SQLSTATE ${code}`), { code });

  it('should use as many of its connections as there are, and no more', async () => {
    const pool = new Pool(() => sleep(1));
    const sizes: number[] = [];
    const newPool = (max: number): Pool => {
      sizes.push(max);
      return pool;
    };
    const outcomes = await shipped(rows(20), [database('one', newPool, 3)]);
    expect(outcomes.filter(({ status }) => status === 'delivered')).to.have.length(20);
    expect(pool.most).to.equal(3);
    expect(sizes).to.deep.equal([3]);
    expect(pool.ended).to.equal(1);
  });

  for (const [code, what, kind] of [
    ['22P02', 'bad data', 'rejected'],
    ['23502', 'a constraint', 'rejected'],
    ['40P01', 'a deadlock', 'temporary'],
    ['53300', 'too many connections', 'temporary'],
    ['57P01', 'a shutdown', 'connection'],
    ['ECONNREFUSED', 'a refused connection', 'connection'],
  ] as const) {
    it(`should understand ${what}: ${kind}`, async () => {
      const answers = [Promise.reject(refusal(code)), Promise.resolve()];
      answers[0]?.catch(noop); // it may be asked for later
      const pools: Pool[] = [];
      const newPool = (): Pool => {
        const pool = new Pool(() => answers.shift() ?? Promise.resolve());
        pools.push(pool);
        return pool;
      };
      const [outcome] = await shipped(rows(1), [database('one', newPool)], { reconnectDelay: 1 });
      expect(outcome).to.include(
        kind === 'rejected'
          ? { status: 'dropped', reason: 'rejected' }
          : { status: 'delivered', attempts: 2 },
      );
      expect(pools).to.have.length(kind === 'connection' ? 2 : 1);
    });
  }

  it('should open again when a connection that was idle breaks', async () => {
    const pool = new Pool(() => Promise.resolve());
    const open = await new OpenConnection(database('one', () => pool)).up();
    const error = new Error('terminated');
    pool.emit('error', error);
    expect(await open.lost()).to.equal(error);
    expect(pool.ended).to.equal(1);
    expect(() => pool.emit('error', new Error('and another one'))).to.not.throw();
    open.close();
  });

  it('should cost an event no attempt that the database is not there yet', async () => {
    const pools: Pool[] = [];
    const newPool = (): Pool => {
      const hello = (): Promise<void> =>
        pools.length < 3 ? Promise.reject(refusal('ECONNREFUSED')) : Promise.resolve();
      const pool = new Pool(() => Promise.resolve(), hello);
      pools.push(pool);
      return pool;
    };
    const [outcome] = await shipped(rows(1), [database('one', newPool)], { reconnectDelay: 1 });
    expect(outcome).to.include({ status: 'delivered', attempts: 1 });
    await until('all to be ended', () => pools.every(({ ended }) => ended === 1));
    expect(pools).to.have.length(3);
  });
});

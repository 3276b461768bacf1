/** A database pool as one connection: its window is the size of the pool. */
import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { from, fromEvent, noop } from 'rxjs';
import { connection, loadBalance, type Connection, type FailureKind } from 'rxjs-load-balance';

/** What is used of `pg.Pool`, and of many others. */
export interface Pool extends EventEmitter {
  query(text: string, values?: unknown[]): Promise<unknown>;
  end(): Promise<void>;
}

export interface Row {
  readonly id: number;
  readonly text: string | null;
}

/** What the first two characters of an SQLSTATE say. */
const kinds: Readonly<Partial<Record<string, FailureKind>>> = {
  '22': 'rejected', // the data is wrong
  '23': 'rejected', // or breaks a constraint
  '40': 'temporary', // a deadlock, or a transaction that should be tried again
  '53': 'temporary', // too many connections, a full disk
};

export const database = (name: string, newPool: (max: number) => Pool, max = 4): Connection<Row> =>
  connection({
    name,
    window: max,
    open: async () => {
      const pool = newPool(max).on('error', noop); // also when nobody listens to `lost` any more
      try {
        await pool.query('SELECT 1');
        return pool;
      } catch (error) {
        void pool.end();
        throw error;
      }
    },
    lost: (pool) => fromEvent(pool, 'error'), // of a connection that was idle
    close: (pool) => pool.end(),
    // An event may come twice. The second time, its row is there.
    send: (pool, { id, text }: Row) =>
      pool.query('INSERT INTO events VALUES ($1, $2) ON CONFLICT DO NOTHING', [id, text]),
    classify: (error) => kinds[(error as { code?: string }).code?.slice(0, 2) ?? ''] ?? 'connection',
  });

/** A toy. In a program: `new pg.Pool({ connectionString, max, query_timeout: 5_000 })`. */
class ToyPool extends EventEmitter implements Pool {
  async query(_sql: string, values: unknown[] = []): Promise<void> {
    await sleep(1);
    if (values.includes(null)) throw Object.assign(new Error('null in column "text"'), { code: '23502' });
  }
  end(): Promise<void> {
    return Promise.resolve();
  }
}

const rows = ['a', null, 'b', 'c'].map((text, id) => ({ id, text }));
const replicas = ['east', 'west'].map((name) => database(name, () => new ToyPool()));
const outcomes: string[] = [];
await from(rows)
  .pipe(loadBalance(replicas))
  .forEach(({ event, status }) => outcomes.push(`${event.id} ${status}`));
console.log(outcomes.sort().join(', ')); // 0 delivered, 1 dropped, 2 delivered, 3 delivered

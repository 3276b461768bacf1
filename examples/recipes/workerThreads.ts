/** Worker threads: work for the processor, with one Piscina thread behind each connection. */
import { Piscina } from 'piscina';
import { from, fromEvent, noop } from 'rxjs';
import { connection, loadBalance, type Connection } from 'rxjs-load-balance';

/** What a thread does: the function `name` of a module. One of your own is `new URL('work.js', import.meta.url).href`. */
export interface Work {
  readonly filename: string;
  readonly name?: string;
}

export const thread = (index: number, work: Work): Connection<string, Uint8Array> =>
  connection({
    name: `thread ${index}`,
    open: () => {
      const pool = new Piscina<string, Uint8Array>({ ...work, maxThreads: 1 });
      return pool.on('error', noop); // also when nobody listens to `lost` any more
    },
    lost: (pool) => fromEvent(pool, 'error'),
    close: (pool) => pool.destroy(),
    // Aborted when the send takes too long. It ends the thread: nothing else can interrupt a loop.
    send: (pool, text: string, { signal }) => pool.run(text, { signal }),
    // What is thrown for this text would be thrown again. Any other error is the end of a thread.
    classify: (error) => (error instanceof TypeError ? 'rejected' : 'connection'),
  });

const threads = [1, 2].map((index) => thread(index, { filename: 'node:zlib', name: 'gzipSync' }));

const texts = ['a', 'b', 'c'].map((letter) => letter.repeat(1_000_000));
let bytes = 0;
await from(texts)
  .pipe(loadBalance(threads, { maxAttempts: 2, timeout: { send: 10_000 } }))
  .forEach((outcome) => {
    if (outcome.status === 'delivered') bytes += outcome.value.length;
  });
console.log(bytes < 5_000 ? 'compressed' : 'not compressed'); // compressed

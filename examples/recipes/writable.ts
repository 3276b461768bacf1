/** A Writable as a connection: a file, a pipe, a child's standard input. */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { BehaviorSubject, from, fromEvent, merge, Observable } from 'rxjs';
import { connection, loadBalance, type Connection } from 'rxjs-load-balance';

const lines = 1_000; // in flight at most

export const toWritable = (name: string, open: () => Promise<Writable>): Connection<string, never> => {
  const window$ = new BehaviorSubject(lines);
  return connection({
    name,
    window: window$,
    open: async () => {
      const stream = await open();
      window$.next(lines);
      return stream;
    },
    lost: (stream) => merge(fromEvent(stream, 'error'), fromEvent(stream, 'close')),
    close: (stream) => {
      if (stream.writableLength > 0) {
        stream.destroy(); // what was cancelled should not be written after all
        return undefined;
      }
      return finished(stream.end());
    },
    send: (stream, line: string) =>
      new Observable<never>((subscriber) => {
        const taken = (error?: Error | null): void => {
          if (error) subscriber.error(error);
          else subscriber.complete();
        };
        if (!stream.write(`${line}\n`, taken)) {
          window$.next(0); // its buffer is full
          stream.once('drain', () => {
            window$.next(lines);
          });
        }
      }),
  });
};

const folder = await mkdtemp(join(tmpdir(), 'writable-'));
const path = join(folder, 'events.log');
const file = toWritable('a file', async () => {
  const stream = createWriteStream(path, { flags: 'a' });
  await once(stream, 'open'); // a disk that is gone costs no event an attempt
  return stream;
});

await from(['a', 'b', 'c'])
  .pipe(loadBalance([file]))
  .forEach(({ event, status }) => {
    console.log(`${event} ${status}`); // a delivered, b delivered, c delivered
  });
console.log(JSON.stringify(await readFile(path, 'utf8'))); // "a\nb\nc\n"
await rm(folder, { recursive: true });

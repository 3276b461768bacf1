/** Coming from `mergeMap` + `retry` + `timeout`: the same sends, before and after. */
import { catchError, defer, EMPTY, from, mergeMap, retry, timeout } from 'rxjs';
import { deadLetter, loadBalance } from 'rxjs-load-balance';

const hosts = ['a.example', 'b.example'];
const post = (host: string, event: string): Promise<string> =>
  host === 'b.example' ? Promise.reject(new Error('gone')) : Promise.resolve(`${event} to ${host}`);

// Before: who sends where is decided beforehand, and a retry goes to the same host again.
from(['x', 'y'])
  .pipe(
    mergeMap(
      (event, index) =>
        defer(() => post(hosts[index % hosts.length] ?? '', event)).pipe(
          timeout(5_000),
          retry(2),
          catchError((error: unknown) => {
            console.error(`before: ${event} lost`, error);
            return EMPTY;
          }),
        ),
      hosts.length,
    ),
  )
  .subscribe((sent) => {
    console.log(`before: ${sent}`);
  });
// before: x to a.example

// After: whichever host can take it takes it, and a retry goes to another one.
from(['x', 'y'])
  .pipe(
    loadBalance(
      hosts.map((host) => (event: string) => post(host, event)),
      { maxAttempts: 3, timeout: { send: 5_000 } },
    ),
    deadLetter(({ event, error }) => {
      console.error(`after: ${event} lost`, error);
    }),
  )
  .subscribe((sent) => {
    console.log(`after: ${sent}`);
  });
// after: x to a.example, after: y to a.example

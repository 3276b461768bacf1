/** A program that uses a connection, leaves it, and then has to end by itself: nothing may keep it alive. */
import { concat, NEVER, of, timer } from 'rxjs';
import { httpConnection } from '../../src/connections/http.js';
import { loadBalance } from '../../src/index.js';

const [, , url = '', health] = process.argv;

const connection = httpConnection<string>(url, {
  tls: { rejectUnauthorized: false },
  ...(health === undefined ? {} : { health: { path: health, interval: 5 } }),
});

const subscription = concat(of('a', 'b', 'c'), NEVER)
  .pipe(loadBalance([connection]))
  .subscribe(({ status }) => {
    console.log(status);
  });

// By then it delivers, waits for an answer, or tries to connect: which of them, the server decides.
timer(1_000).subscribe(() => {
  subscription.unsubscribe();
  console.log('left');
});

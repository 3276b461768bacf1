/** A program that uses a connection, leaves it, and then has to end by itself: nothing may keep it alive. */
import { concat, NEVER, of } from 'rxjs';
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

console.log('begun');

// By then it has delivered, waits for an answer, or tries to connect: which of them, the server decides.
process.once('message', () => {
  subscription.unsubscribe();
  process.disconnect();
  console.log('left');
});

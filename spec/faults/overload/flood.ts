/** A source that emits as fast as it can, far faster than anybody takes it. */
import { Subject } from 'rxjs';
import { loadBalance, type LoadBalanceOptions } from 'rxjs-load-balance';
import { httpConnection, ndjson, type BatchLimits } from 'rxjs-load-balance/http';
import { Census, type Reading } from './census.js';
import { nothingLeft, over } from '../shutdown/witness.js';

/** What the spec decides. */
export interface Flood {
  readonly events: number;
  readonly urls: readonly string[];
  readonly window: number;
  readonly batch?: BatchLimits;
  readonly options: LoadBalanceOptions<Reading>;
}

const { events, urls, window, batch, options } = JSON.parse(process.argv[2] ?? '') as Flood;

/** How many come at once, and after how many the memory is looked at. */
const burst = 500;
const period = 20_000;

const census = new Census();
const source$ = new Subject<Reading>();
const connections = urls.map((url) =>
  httpConnection<Reading>(url, { format: ndjson(), window, ...(batch && { batch }) }),
);
const end = new Promise<void>((resolve) => {
  source$.pipe(loadBalance(connections, options)).subscribe({
    next: (outcome) => {
      census.took(outcome);
    },
    complete: resolve,
  });
});

for (let emitted = 0; emitted < events; emitted += burst) {
  for (let count = 0; count < burst; count++) {
    source$.next(census.next());
    census.look();
  }
  await (emitted % period === 0 ? census.count() : new Promise(setImmediate));
}
source$.complete();
await end;
await census.count();
console.log(JSON.stringify(census.findings()));
await nothingLeft();
over();

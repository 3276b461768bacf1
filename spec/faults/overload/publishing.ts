/** A program that publishes as fast as it can, and waits for nothing. */
import { LoadBalancer, type LoadBalanceOptions } from 'rxjs-load-balance';
import { httpConnection, ndjson } from 'rxjs-load-balance/http';
import { Census, type Reading } from './census.js';
import { nothingLeft, over } from '../shutdown/witness.js';

/** What the spec decides. */
export interface Publishing {
  readonly events: number;
  readonly urls: readonly string[];
  readonly window: number;
  readonly options: LoadBalanceOptions<Reading>;
}

const { events, urls, window, options } = JSON.parse(process.argv[2] ?? '') as Publishing;

/** How many come at once, and after how many the memory is looked at. */
const burst = 500;
const period = 20_000;

/** How many are published together at the end. */
const several = 5_000;

const census = new Census();
let told = 0;
const balancer = new LoadBalancer<Reading, void>(
  urls.map((url) => httpConnection<Reading>(url, { format: ndjson(), window })),
  {
    ...options,
    // Here outcomes are heard of at once; the promises come a little later.
    monitor: {
      next: (activity) => {
        if (activity.type === 'outcome') {
          census.took(activity.outcome as Parameters<Census['took']>[0]);
        }
      },
    },
  },
);

const publish = async (): Promise<void> => {
  await balancer.publish(census.next());
  told++;
};

for (let published = 0; published < events; published += burst) {
  for (let count = 0; count < burst; count++) {
    void publish();
    census.look();
  }
  await (published % period === 0 ? census.count() : new Promise(setImmediate));
}
// Whoever publishes together gets all outcomes together, and they are in memory until then.
const together = balancer
  .publishAll(Array.from({ length: several }, () => census.next()))
  .then(({ length }) => (told += length));
census.look();
await together;
await balancer.drain();
await census.count();
console.log(JSON.stringify({ ...census.findings(), told }));
await nothingLeft();
over();

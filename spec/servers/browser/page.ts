/** What runs in the browser: a balancer over WebSockets, driven from outside. */
import { Subject } from 'rxjs';
import { exponentialBackoff, loadBalance } from '../../../src/index.js';
import { webSocketConnection } from '../../../src/connections/webSocket.js';

/** What the spec asks of it. */
export interface Page {
  /** Begins to balance over these URLs. */
  balance(urls: readonly string[]): void;
  /** Publishes so many events more. */
  push(count: number): void;
  /** How many were published so far. */
  pushed(): number;
  /** The outcomes so far: event, status, and the connection's name where there is one. */
  outcomes(): (readonly [event: string, status: string, connection: string])[];
  /** What the connections that broke have said. */
  errors(): string[];
}

const outcomes: (readonly [string, string, string])[] = [];
const errors: string[] = [];
const event$ = new Subject<string>();
let pushed = 0;

const page: Page = {
  balance: (urls) => {
    event$
      .pipe(
        loadBalance(
          urls.map((url) => webSocketConnection<string>(url)),
          {
            reconnectDelay: exponentialBackoff({ initialDelay: 50, maxDelay: 200 }),
            monitor: {
              next: (activity) => {
                if (activity.type === 'state' && activity.error !== undefined) {
                  errors.push(activity.error instanceof Error ? activity.error.message : 'no Error');
                }
              },
            },
          },
        ),
      )
      .subscribe((outcome) => {
        const connection = outcome.status === 'delivered' ? outcome.connection : '';
        outcomes.push([outcome.event, outcome.status, connection]);
      });
  },
  push: (count) => {
    for (let n = 0; n < count; n++) {
      event$.next(`event ${pushed++}`);
    }
  },
  pushed: () => pushed,
  outcomes: () => outcomes,
  errors: () => errors,
};

Object.assign(globalThis, { page });

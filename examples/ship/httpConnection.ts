/** A connection to an HTTP collector, with nothing but `fetch`. */
import { concatMap, ignoreElements, repeat, timeout, timer } from 'rxjs';
import { fromFetch } from 'rxjs/fetch';
import { connection, RejectedError, TemporaryError, type Connection } from 'rxjs-load-balance';
import { recordOf, type LogEvent } from './record.js';

/** How long after an answer its health is asked for again, and how long that may take; in milliseconds. */
const pollPeriod = 250;
const pollTimeout = 2_000;

/**
 * Makes a connection that is up while the collector answers `GET /health`.
 * @param name The connection's name.
 * @param url Where the collector listens.
 * @param window How many requests may be in flight.
 */
export function httpConnection(name: string, url: string, window: number): Connection<LogEvent, void> {
  const health = `${url}/health`;
  return connection({
    name,
    window,
    open: async (signal) => {
      await expectTaken(await fetch(health, { signal }));
    },
    // A send that fails says the same, but only when there is something to send.
    lost: () =>
      timer(pollPeriod).pipe(
        concatMap(() => fromFetch(health, { selector: expectTaken })),
        timeout(pollPeriod + pollTimeout),
        repeat(),
        ignoreElements(),
      ),
    send: async (_client, event: LogEvent, { signal }) => {
      const body = recordOf(event);
      await expectTaken(await fetch(`${url}/events`, { method: 'POST', body, signal }));
    },
  });
}

/** Says in the balancer's terms what an answer means. */
async function expectTaken(response: Response): Promise<void> {
  // A body that nobody reads keeps its socket from the next request.
  const said = await response.text();
  const { ok, status, headers } = response;
  if (ok) {
    return;
  }
  const message = `answered ${status} ${said.trim()}`;
  if (status === 429 || status === 503) {
    const retryAfter = retryAfterOf(headers);
    throw new TemporaryError(message, retryAfter === undefined ? {} : { retryAfter });
  }
  if (status >= 400 && status < 500) {
    throw new RejectedError(message);
  }
  throw new Error(message);
}

/** The header's seconds or date, in milliseconds from now. */
function retryAfterOf(headers: Headers): number | undefined {
  const header = headers.get('Retry-After') ?? '';
  const wait = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}

/** Ships lines to three HTTP collectors, kills one of them midway, and counts what has arrived. */
import {
  concatMap,
  connect,
  delay,
  endWith,
  filter,
  fromEvent,
  ignoreElements,
  interval,
  lastValueFrom,
  merge,
  of,
  take,
  takeUntil,
  tap,
  type Observable,
  type OperatorFunction,
} from 'rxjs';
import { exponentialBackoff, loadBalanceFrom } from 'rxjs-load-balance';
import type { CollectorProcess } from './collectorProcess.js';
import { withCollectors } from './collectors.js';
import { httpConnection } from './httpConnection.js';
import { Ledger, type Reconciliation } from './ledger.js';
import { Progress } from './progress.js';
import { fileSource, generated, standardInput, type Source } from './source.js';

/** What to ship, and how. */
export interface ShipOptions {
  /** A file's path, or `-` for standard input. Default: made-up events. */
  readonly input?: string | undefined;
  /** How many events to make up. Default 20,000. */
  readonly events?: number | undefined;
  /** Requests in flight on each connection. Default 8. */
  readonly window?: number | undefined;
  /** How long the killed collector is gone, in milliseconds. Default 1,000. */
  readonly outage?: number | undefined;
  /** Leave the collectors' files where they are. Default: they are removed. */
  readonly keep?: boolean | undefined;
  /** Stops reading; what has been read is still shipped, within five seconds. */
  readonly stop?: AbortSignal | undefined;
  /** Takes what there is to tell: what happens, and how far it is, once a second. */
  readonly print?: ((text: string) => void) | undefined;
}

/** What became of it: by the collectors' files, and by the balancer's outcomes. */
export interface Shipment extends Reconciliation {
  readonly delivered: number;
  readonly dropped: number;
  /** How often a collector was started again. */
  readonly restarts: number;
  /** The collectors' files; they are still there only with `keep`. */
  readonly files: readonly string[];
}

/** How often progress is told, and how long shipping goes on after a stop; in milliseconds. */
const progressPeriod = 1_000;
const drainTime = 5_000;

/**
 * Ships it all. The collectors end with it.
 * @param options What to ship, and how.
 * @throws InputError when the input cannot be read.
 */
export async function ship(options: ShipOptions = {}): Promise<Shipment> {
  const { window = 8, outage = 1_000, keep = false, print = () => undefined } = options;
  const { stop = new AbortController().signal } = options;
  const source = await sourceOf(options, stop);
  return withCollectors(keep, async (collectors) => {
    for (const { name, url, pid, file } of collectors) {
      print(`${name}: ${url}, process ${pid ?? ''}${keep ? `, ${file}` : ''}`);
    }
    const ledger = new Ledger();
    const progress = new Progress(
      collectors.map(({ name }) => name),
      () => ledger.sent,
    );
    print(progress.head());

    const outcome$ = loadBalanceFrom(
      ledger.enter(source.lines),
      collectors.map(({ name, url }) => httpConnection(name, url, window)),
      {
        // A collector that is killed again and again must not use up an event's attempts.
        guaranteed: true,
        reconnectDelay: exponentialBackoff({ initialDelay: 100, maxDelay: 1_000 }),
        timeout: { connect: 2_000, send: 10_000 },
        closeOn: abortOf(stop).pipe(delay(drainTime)),
        monitor: progress,
      },
    ).pipe(
      tap((outcome) => {
        progress.settled(outcome);
      }),
    );
    const isHalf = (): boolean => source.isHalf(progress);
    const tick$ = interval(progressPeriod).pipe(
      tap(() => {
        print(progress.line());
      }),
    );
    const shipping$ = outcome$.pipe(
      connect((shared$) => {
        const end$ = shared$.pipe(ignoreElements(), endWith('end'));
        const accident$ = shared$.pipe(filter(isHalf), take(1), killAndRestart(collectors[0], outage, print));
        return merge(shared$, accident$, tick$).pipe(takeUntil(end$));
      }),
    );
    await lastValueFrom(shipping$, { defaultValue: undefined });
    print(progress.lastLine());

    const restarts = collectors.reduce((sum, { starts }) => sum + starts - 1, 0);
    // What still runs could still write.
    await Promise.all(collectors.map((collector) => collector.kill()));
    const files = collectors.map(({ file }) => file);
    const { events: delivered, dropped } = progress;
    return { ...(await ledger.reconcile(files)), delivered, dropped, restarts, files };
  });
}

async function sourceOf({ input, events = 20_000 }: ShipOptions, stop: AbortSignal): Promise<Source> {
  switch (input) {
    case undefined:
      return generated(events, stop);
    case '-':
      return standardInput(stop);
    default:
      return fileSource(input, stop);
  }
}

/** Emits when the signal is aborted, or has been already. */
function abortOf(signal: AbortSignal): Observable<unknown> {
  return signal.aborted ? of(undefined) : fromEvent(signal, 'abort').pipe(take(1));
}

/** When the source emits, a collector is killed, and a little later started again. */
function killAndRestart(
  collector: CollectorProcess,
  outage: number,
  print: (text: string) => void,
): OperatorFunction<unknown, never> {
  return (moment$) =>
    moment$.pipe(
      concatMap(() => collector.kill()),
      tap(() => {
        print(`${collector.name}: killed (SIGKILL)`);
      }),
      delay(outage),
      concatMap(() => collector.start()),
      tap(() => {
        print(`${collector.name}: started again`);
      }),
      ignoreElements(),
    );
}

/** What to ship, and how. */
import { quiet, type Display } from './display.js';
import type { FormatName } from './formats.js';
import { uninterrupted, type Interruption } from './interruption.js';
import type { Target } from './targets.js';

/** The options of the shipper. */
export interface ShipOptions {
  /** A file's path, or `-` for standard input. Default: made-up events. */
  readonly input?: string | undefined;
  /** How many events to make up. Default 20,000. */
  readonly events?: number | undefined;
  /** The endpoints to ship to. Default: collectors of our own. */
  readonly targets?: readonly Target[] | undefined;
  /** How events are written into a request to `targets`. Default `lines`. */
  readonly format?: FormatName | undefined;
  /** A path at the targets that has to answer `GET` with 2xx. Default: none is asked. */
  readonly health?: string | undefined;
  /** Sends of an event at most. Default: until it is delivered. */
  readonly maxAttempts?: number | undefined;
  /** How long a send may take, in milliseconds. Default 10,000. */
  readonly timeout?: number | undefined;
  /** Requests in flight on each connection. Default 8. */
  readonly window?: number | undefined;
  /** Events in a request at most. Default 1. */
  readonly batch?: number | undefined;
  /** Events a second at most. Default: without limit. */
  readonly rate?: number | undefined;
  /** A file to which drops are appended. Default: none. */
  readonly deadLetter?: string | undefined;
  /** How long the collector that is killed is gone, in milliseconds. Default 1,000. */
  readonly outage?: number | undefined;
  /** Leave the collectors' files where they are. Default: they are removed. */
  readonly keep?: boolean | undefined;
  /** Where progress is shown. Default: nowhere. */
  readonly display?: Display | undefined;
  /** How it can be stopped. Default: not at all. */
  readonly interruption?: Interruption | undefined;
}

/** The same with every default in its place. */
export function withDefaults(options: ShipOptions) {
  return {
    ...options,
    events: options.events ?? 20_000,
    format: options.format ?? 'lines',
    maxAttempts: options.maxAttempts ?? Infinity,
    timeout: options.timeout ?? 10_000,
    window: options.window ?? 8,
    batch: options.batch ?? 1,
    outage: options.outage ?? 1_000,
    keep: options.keep ?? false,
    display: options.display ?? quiet,
    interruption: options.interruption ?? uninterrupted,
  };
}

/** Options without gaps. */
export type ShipSettings = ReturnType<typeof withDefaults>;

/** A case in which something happens to the first of several places, for a while, under a steady load. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { HttpOptions } from '../../src/connections/http.js';
import type { LoadBalanceOptions } from '../../src/index.js';
import type { Account, Case, Goal } from './case.js';
import { Day, usual } from './day.js';
import type { Entry } from './ledger.js';
import type { Place } from './places.js';

/** What happens, and how. */
export interface Fault {
  readonly name: string;
  readonly what: string;
  /** Begins it, after a while in which all is well; what it returns ends it. */
  readonly begin: (place: Place) => End | Promise<End>;
  /** What is so before the first event. Default: nothing special. */
  readonly before?: (place: Place, others: readonly Place[]) => void;
  /** How many places there are. Default 3. */
  readonly places?: number;
  /** The options of the connections, and of the balancer where they are not the usual ones. */
  readonly connection?: HttpOptions<Entry, unknown>;
  readonly options?: LoadBalanceOptions<Entry>;
  /** Another way to a place. Default: through its proxy. */
  readonly urlOf?: (place: Place) => string;
  /** What it is not judged by: no load is there that could move away. Default: by both. */
  readonly notJudged?: 'moving';
}

/** Ends a fault. */
export type End = () => void | Promise<void>;

/** A timeout begins with the first send that meets the fault, and that is not at once. In milliseconds. */
const slack = 50;

/** Events a second. */
const rate = 1_000;

/** How long all is well at first, how long the fault lasts, and how long all is well again, in milliseconds. */
const spans = {
  full: { before: 1_000, lasts: 2_000, after: 3_000 },
  quick: { before: 500, lasts: 1_200, after: 2_000 },
};

/** The way past the proxy. */
export const past = ({ collector }: Place): string => `${collector.url}/lines`;

/** Makes a case of a fault. */
export function faultCase(fault: Fault): Case {
  const { name, what, places: count = 3, connection, options, urlOf } = fault;
  return {
    name,
    what,
    run: async ({ quick }) => {
      const { before, lasts, after } = quick ? spans.quick : spans.full;
      const length = before + lasts + after;
      const day = await Day.begin(count, Math.ceil((rate * length) / 1_000));
      const [first, ...others] = day.places;
      fault.before?.(first, others);
      const balanced = day.balance(day.load(rate, length), day.connections(connection, urlOf), options);
      await sleep(before);
      const begun = performance.now();
      const end = await fault.begin(first);
      await sleep(lasts);
      await end();
      const ended = performance.now();
      await balanced;
      const { recording } = day;
      const moved = recording.leftUpAfter(begun, first.name);
      const back = recording.shareBackAfter(ended, first.name, count);
      const account: Account = {
        statement: await day.end(),
        latency: recording.latency(),
        backoffs: recording.backoffs,
        ...(moved === undefined || moved > ended ? {} : { movedAway: moved - begun }),
        ...(back === undefined ? {} : { shareBack: back - ended }),
        goals: [],
      };
      const backoff = recording.longestBackoff(0, ended, first.name);
      return { ...account, goals: goalsOf(fault, account, backoff) };
    },
  };
}

function goalsOf({ options, notJudged }: Fault, account: Account, backoff: number): Goal[] {
  const { movedAway = NaN, shareBack = NaN } = account;
  const { send } = { ...usual.timeout, ...(options?.timeout as object | undefined) };
  const moving: Goal = {
    what: 'time until the load has moved away',
    asked: `one timeout (${send} ms) and ${slack} ms`,
    measured: movedAway,
    unit: 'ms',
    reached: movedAway <= send + slack,
  };
  const share: Goal = {
    what: 'time until a place has its share again',
    asked: 'two backoffs and 1 s',
    measured: shareBack,
    unit: 'ms',
    reached: shareBack <= 2 * backoff + 1_000,
  };
  return notJudged === 'moving' ? [share] : [moving, share];
}

/** A case in which something happens to the first of three places, for a while, under a steady load. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { HttpOptions } from '../../src/connections/http.js';
import type { Account, Case, Goal } from './case.js';
import { usual, withDay, type Day } from './day.js';
import type { Entry } from './ledger.js';
import type { Place } from './places.js';

/** What happens, and how. */
export interface Fault {
  readonly name: string;
  readonly what: string;
  /** What the errors say by which the connection notices it. */
  readonly shows: RegExp;
  /** Begins it, after a while in which all is well; what it returns ends it. */
  readonly begin: (place: Place) => End | Promise<End>;
  /** What is so before the first event, and an end of that. Default: nothing special. */
  readonly before?: (place: Place, others: readonly Place[]) => End;
  /** The options of the connections, where they are not the usual ones. */
  readonly connection?: HttpOptions<Entry, unknown>;
  /** Another way to a place. Default: through its proxy. */
  readonly urlOf?: (place: Place) => string;
  /** From when on the place is well again. Default: from its end on. */
  readonly wellFrom?: 'its beginning' | 'when the load has left';
  /** Whether the place takes events all the same, now and then. Default false. */
  readonly comesAndGoes?: boolean;
}

/** Ends a fault. */
export type End = () => void | Promise<void>;

/** When what happened, in milliseconds of `performance.now()`. */
interface Times {
  readonly begun: number;
  readonly ended: number;
}

const places = 3;

/** A timeout begins with the first send that meets the fault, and that is not at once. In milliseconds. */
const slack = 50;

/** Events a second. */
const rate = 1_000;

/** How long all is well at first, how long the fault lasts, and how long all is well again, in milliseconds. */
const spans = {
  full: { before: 1_000, lasts: 2_000, after: 3_000 },
  quick: { before: 500, lasts: 1_000, after: 1_800 },
};

/** The way past the proxy. */
export const past = ({ collector }: Place): string => `${collector.url}/lines`;

/** Makes a case of a fault. */
export function faultCase(fault: Fault): Case {
  const { name, what, connection, urlOf } = fault;
  return {
    name,
    what,
    run: ({ quick }) => {
      const { before, lasts, after } = quick ? spans.quick : spans.full;
      const length = before + lasts + after;
      return withDay({ places, capacity: (rate * length) / 1_000 }, async (day) => {
        const [first, ...others] = [day.first, ...day.places.slice(1)];
        const cleanUp = fault.before?.(first, others);
        const happening = async (): Promise<Times> => {
          await sleep(before);
          const begun = performance.now();
          const end = await fault.begin(first);
          await sleep(lasts);
          await end();
          return { begun, ended: performance.now() };
        };
        try {
          const connections = day.connections(connection, urlOf);
          const [times] = await Promise.all([happening(), day.balance(day.load(rate, length), connections)]);
          return await accountOf(fault, day, times);
        } finally {
          await cleanUp?.();
        }
      });
    },
  };
}

async function accountOf(fault: Fault, day: Day, { begun, ended }: Times): Promise<Account> {
  const { shows, wellFrom, comesAndGoes = false } = fault;
  const { recording, first } = day;
  const isThereBefore = fault.before === undefined;
  const left = isThereBefore ? recording.leftUpAfter(begun, first.name) : undefined;
  const well = wellFrom === 'its beginning' ? begun : wellFrom === undefined ? ended : (left ?? ended);
  const back = recording.shareBackAfter(well, first.name, places);
  const movedAway = (left ?? NaN) - begun;
  const shareBack = (back ?? NaN) - well;
  const backoff = recording.longestBackoff(0, ended, first.name);
  const probes = recording.startedBetween(left ?? NaN, well, first.name);
  const statement = await day.statement();
  const errors = recording.errorsOf(first.name);
  const dropped = statement.sent - statement.delivered;
  const problems = [
    ...(errors.some((error) => shows.test(error))
      ? []
      : [`expected an error like ${String(shows)}, got ${errors.join(', ')}`]),
    ...(dropped === 0 ? [] : [`${dropped} events were dropped although there were good places`]),
  ];
  return {
    statement,
    latency: recording.latency(),
    problems,
    ...(isThereBefore ? { movedAway } : {}),
    shareBack,
    goals: [
      ...(isThereBefore ? [movingGoal(movedAway)] : []),
      ...(isThereBefore && !comesAndGoes && wellFrom === undefined
        ? [probesGoal(probes, ended - begun)]
        : []),
      shareGoal(shareBack, backoff),
    ],
  };
}

function movingGoal(measured: number): Goal {
  const { send } = usual.timeout;
  return {
    what: 'time until the load has moved away',
    asked: `one timeout (${send} ms) and ${slack} ms`,
    measured,
    unit: 'ms',
    reached: measured <= send + slack,
  };
}

/** That it has moved away is not to be taken on trust. */
function probesGoal(probes: number, lasted: number): Goal {
  const percent = (100 * probes) / ((rate * lasted) / 1_000 / places);
  return {
    what: 'sends to the place after that, of its share',
    asked: '5 %',
    measured: percent,
    unit: '%',
    reached: percent <= 5,
  };
}

function shareGoal(measured: number, backoff: number): Goal {
  return {
    what: 'time until a place has its share again',
    asked: 'two backoffs and 1 s',
    measured,
    unit: 'ms',
    reached: measured <= 2 * backoff + 1_000,
  };
}

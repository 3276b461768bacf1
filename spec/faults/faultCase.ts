/** A case in which something happens to the first of three places, for a while, under a steady load. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Subject, takeUntil } from 'rxjs';
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

/** How long there is a load at most, how long what must come is waited for, and how often to look, in milliseconds. */
const longest = 60_000;
const patience = 15_000;
const period = 50;

/** How long all is well at first, and how long the fault lasts and all is well again at least, in milliseconds. */
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
      return withDay({ places, capacity: (rate * longest) / 1_000 }, async (day) => {
        const [first, ...others] = [day.first, ...day.places.slice(1)];
        const cleanUp = fault.before?.(first, others);
        const over$ = new Subject<void>();
        const happening = async (): Promise<Times> => {
          try {
            await sleep(before);
            if (!isThereAtFirst(fault)) {
              await patiently(() => hasShown(fault, day));
            }
            const begun = performance.now();
            const end = await fault.begin(first);
            await sleep(lasts);
            const hasLeft = () => !isThereAtFirst(fault) || whenLeft(fault, day, begun) !== undefined;
            await patiently(() => hasShown(fault, day) && hasLeft());
            await end();
            const times = { begun, ended: performance.now() };
            await sleep(after);
            await patiently(() => whenBack(fault, day, times) !== undefined);
            return times;
          } finally {
            over$.next();
          }
        };
        try {
          const connections = day.connections(connection, urlOf);
          const load$ = day.load(rate, longest).pipe(takeUntil(over$));
          const [times] = await Promise.all([happening(), day.balance(load$, connections)]);
          return await accountOf(fault, day, times);
        } finally {
          await cleanUp?.();
        }
      });
    },
  };
}

/** Waits until something is so. What never is so is told as such. */
async function patiently(isSo: () => boolean): Promise<void> {
  const end = performance.now() + patience;
  while (!isSo() && performance.now() < end) {
    await sleep(period);
  }
}

/** Whether the errors say what they are to say. */
function hasShown({ shows }: Fault, { recording, first }: Day): boolean {
  return recording.errorsOf(first.name).some((error) => shows.test(error));
}

/** Whether the place is well before the fault begins. */
function isThereAtFirst({ before }: Fault): boolean {
  return before === undefined;
}

/** When the load has left the place, if it was there. */
function whenLeft(fault: Fault, { recording, first }: Day, begun: number): number | undefined {
  return isThereAtFirst(fault) ? recording.leftUpAfter(begun, first.name) : undefined;
}

/** From when on the place is well again. */
function whenWell(fault: Fault, day: Day, { begun, ended }: Times): number {
  switch (fault.wellFrom) {
    case undefined:
      return ended;
    case 'its beginning':
      return begun;
    default:
      return whenLeft(fault, day, begun) ?? ended;
  }
}

/** When the place has its share again. */
function whenBack(fault: Fault, day: Day, times: Times): number | undefined {
  return day.recording.shareBackAfter(whenWell(fault, day, times), day.first.name, places);
}

async function accountOf(fault: Fault, day: Day, times: Times): Promise<Account> {
  const { shows, wellFrom, comesAndGoes = false } = fault;
  const { recording, first } = day;
  const { begun, ended } = times;
  const left = whenLeft(fault, day, begun);
  const well = whenWell(fault, day, times);
  const movedAway = (left ?? NaN) - begun;
  const shareBack = (whenBack(fault, day, times) ?? NaN) - well;
  const backoff = recording.longestBackoff(0, ended, first.name);
  const probes = recording.startedBetween(left ?? NaN, well, first.name);
  const statement = await day.statement();
  const errors = recording.errorsOf(first.name);
  const dropped = recording.droppedInVain([first.name]);
  const problems = [
    ...(hasShown(fault, day) ? [] : [`expected an error like ${String(shows)}, got ${errors.join(', ')}`]),
    ...(dropped === 0 ? [] : [`${dropped} events were dropped although there were good places`]),
  ];
  return {
    statement,
    latency: recording.latency(),
    problems,
    ...(isThereAtFirst(fault) ? { movedAway } : {}),
    shareBack,
    goals: [
      ...(isThereAtFirst(fault) ? [movingGoal(movedAway)] : []),
      ...(isThereAtFirst(fault) && !comesAndGoes && wellFrom === undefined
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

/** Takes all ways through a small world: first all of one step, then all of two, and so on. */
import { Path } from './path.js';

/** What is seen on one way. */
export interface Journey {
  /** What happened, in words. */
  readonly script: readonly string[];
  /** What was broken, if anything. */
  readonly broken: string | undefined;
  /** Whether the way could have gone on. */
  readonly hasMore: boolean;
}

/** Takes a way of so many steps, from the start; writes it down where that is asked for. */
export type Travel = (path: Path, depth: number, inDetail: boolean) => Promise<Journey>;

/** What a search has seen. */
export interface Exploration {
  /** All ways of so many steps were taken. */
  readonly depth: number;
  /** How many ways there were, the shorter ones included. */
  readonly paths: number;
  /** Whether no way is longer than that. */
  readonly exhausted: boolean;
  /** The first of the shortest ways that break something, in words, and what it breaks. */
  readonly failure: readonly string[] | undefined;
}

/**
 * Searches without keeping any state: every way is taken from the start.
 * @param travel Takes one.
 * @param goesOn Whether to take one more way, of so many steps; asked before each.
 * @returns What was seen; the search ends with the first failure.
 */
export async function explore(travel: Travel, goesOn: (depth: number) => boolean): Promise<Exploration> {
  const { stackTraceLimit } = Error;
  try {
    // Most of the time would go into stack traces that nobody reads.
    Error.stackTraceLimit = 0;
    return await search(travel, goesOn);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

async function search(travel: Travel, goesOn: (depth: number) => boolean): Promise<Exploration> {
  const seen = { depth: 0, paths: 0, exhausted: false, failure: undefined };
  while (!seen.exhausted) {
    const path = new Path();
    const depth = seen.depth + 1;
    let hasMore = false;
    do {
      if (!goesOn(depth)) {
        return seen;
      }
      seen.paths++;
      const journey = await travel(path, depth, false);
      if (journey.broken !== undefined) {
        path.rewind();
        const { script } = await travel(path, depth, true);
        return { ...seen, failure: [...script, journey.broken] };
      }
      hasMore ||= journey.hasMore;
    } while (path.next());
    seen.depth = depth;
    seen.exhausted = !hasMore;
  }
  return seen;
}

/** The storm: processes are killed at their times, and others started in their places. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kill } from './plan.js';

/** What can be killed. */
export interface Victim {
  readonly name: string;
  /** Resolves when it is gone. */
  kill(): Promise<void>;
  /** Resolves when there is another one in its place. */
  start(): Promise<void>;
}

/** Who is told. */
export interface Witness {
  killed(kill: Kill, victim: Victim): void;
  restarted(kill: Kill, victim: Victim): void;
}

/**
 * Kills as planned; resolves when all is there again.
 * @param kills What, and when.
 * @param victimOf Who that is.
 * @param witness Told of each.
 * @param stop Ends it.
 */
export async function rage(
  kills: readonly Kill[],
  victimOf: (kill: Kill) => Victim,
  witness: Witness,
  stop: AbortSignal,
): Promise<void> {
  // What is not back yet cannot be killed again.
  const busy = new Map<Victim, Promise<void>>();
  await Promise.all(
    kills.map(async (kill) => {
      await sleep(kill.at, undefined, { signal: stop });
      const victim = victimOf(kill);
      const turn = (busy.get(victim) ?? Promise.resolve()).then(async () => {
        await victim.kill();
        witness.killed(kill, victim);
        await sleep(kill.outage, undefined, { signal: stop });
        await victim.start();
        witness.restarted(kill, victim);
      });
      busy.set(victim, turn);
      await turn;
    }),
  );
}

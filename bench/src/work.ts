/** The work that every contender is given, and what it must give back. */

/** Takes one event to its place. `A` is how it answers: a promise, or an Observable. */
export type Send<A> = (event: number) => A;

/** Events, the places that take them, and how hard to try. */
export interface Work<A> {
  readonly events: readonly number[];
  readonly senders: readonly Send<A>[];
  /** How many sends each sender may have in flight. */
  readonly window: number;
  /** How often an event may be sent; for those contenders that try again. */
  readonly attempts: number;
}

/** Does the work of a burst. Resolves when all of it is done, with how many events were delivered. */
export type Contender<A = Promise<unknown>> = (work: Work<A>) => Promise<number>;

/** How long a send may take, for those contenders that have a timeout; as the default of `loadBalance`. */
export const sendTimeout = 30_000;

/** Puts an event into something that stays open. */
export type Push = (event: number) => void;

/** Opens it. `settled` is called once for every event. */
export type LiveContender<A = Promise<unknown>> = (
  work: Omit<Work<A>, 'events'>,
  settled: (delivered: boolean) => void,
) => Push;

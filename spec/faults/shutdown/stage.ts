/** What a balancer is made of in one phase of a connection's life. */
import { concat, concatWith, EMPTY, map, NEVER, of, Subject, take, takeUntil, type Observable } from 'rxjs';
import type { BalancerActivity, BalanceOptions, ConnectionInput } from 'rxjs-load-balance';
import type { Books } from './books.js';

/** How one phase is brought about. */
export interface Phase {
  /** The connection that is to come into it. */
  readonly connection: ConnectionInput<number>;
  /** Beside the monitor. */
  readonly options?: Pick<BalanceOptions<number>, 'reconnectDelay' | 'drainTimeout'>;
  /** Whether the connection is in it, as far as this process can tell. */
  readonly isReached: (stage: Stage, books: Books) => boolean;
  /** Whether the connection is removed then. */
  readonly removed?: boolean;
  /** What has to be done at the very end. */
  readonly cleanUp?: () => void;
}

/** One connection under a monitor. */
export class Stage {
  /** What the monitor was told. */
  readonly activities: BalancerActivity[] = [];
  readonly options: BalanceOptions<number>;
  private readonly removal$ = new Subject<void>();

  /**
   * @param phase How it is brought about.
   */
  constructor(readonly phase: Phase) {
    this.options = { ...phase.options, monitor: { next: (activity) => this.activities.push(activity) } };
  }

  /** The connections, for a balancer. */
  connections(
    more: readonly ConnectionInput<number>[] = [],
  ): readonly ConnectionInput<number>[] | Observable<readonly ConnectionInput<number>[]> {
    const { connection, removed } = this.phase;
    const list = [...more, connection];
    const removal$ = this.removal$.pipe(
      take(1),
      map(() => []),
    );
    return removed === true ? concat(of(list), removal$) : list;
  }

  /** Removes it, where that is the phase. */
  remove(): void {
    this.removal$.next();
  }

  /** Whether the monitor was told that the connection is in this state. */
  wasIn(state: (BalancerActivity & { type: 'state' })['state']): boolean {
    return this.activities.some((activity) => activity.type === 'state' && activity.state === state);
  }

  /** How many activities there were of a type. */
  count(type: BalancerActivity['type']): number {
    return this.activities.filter((activity) => activity.type === type).length;
  }
}

/** A connection that delivers one event, and then leaves by itself: somebody has to get an outcome. */
export function scout(): ConnectionInput<number> {
  const sent$ = new Subject<void>();
  return {
    name: 'scout',
    state$: of('up' as const).pipe(concatWith(NEVER), takeUntil(sent$)),
    send: () => {
      sent$.next();
      return EMPTY;
    },
  };
}

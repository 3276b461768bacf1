/** Which connections take part: those of the latest list, and those that have left it and still have sends in flight. */
import { Observable, type Subscriber } from 'rxjs';

/** What is asked of a member. */
export interface Member {
  /** It is no longer listed: it finishes what it has begun, and leaves. */
  leave(why: 'removed'): void;
  /** It is listed again, before it has left; false when it cannot go on. */
  stay(): boolean;
  /** It has left. */
  left(): void;
}

/** Somebody who joins: run it, and say when it has left. */
export interface Joining<M> {
  readonly member: M;
  readonly left: () => void;
}

/** What is known of something that is, or was, listed. */
interface Entry<M> {
  /** The member that was made of it, until that has left. */
  member: M | undefined;
  listed: boolean;
}

/** Compares each list with the one before, by identity; what is listed twice counts once. */
export class Membership<C, M extends Member> {
  private readonly entries = new Map<C, Entry<M>>();
  /** What was listed again while its member was on its way out: it joins anew when that has left. */
  private readonly returning = new Set<C>();
  private frozen = false;
  /** The list that is to be put in place. */
  private latest: readonly C[] | undefined;
  private replacing = false;
  /** How many have joined so far. */
  private joined = 0;

  /**
   * @param lists$ The lists.
   * @param make Makes a member, the n-th one, counted from 1.
   * @param atOnce Runs the change of many members as one step.
   */
  constructor(
    private readonly lists$: Observable<readonly C[]>,
    private readonly make: (listed: C, position: number) => M,
    private readonly atOnce: (work: () => void) => void,
  ) {}

  /** Emits everybody who joins; completes when nobody can any more. */
  readonly joins$ = new Observable<Joining<M>>((subscriber) =>
    this.lists$.subscribe({
      next: (list) => {
        this.latest = list;
        if (!this.replacing) {
          this.atOnce(() => {
            this.replaceAll(subscriber);
          });
        }
      },
      error: (error: unknown) => {
        subscriber.error(error);
      },
      complete: () => {
        this.frozen = true;
        if (!this.replacing) {
          this.completeWhenFinal(subscriber);
        }
      },
    }),
  );

  /** Opening a connection may cause the next list: that waits until this one is in place. */
  private replaceAll(subscriber: Subscriber<Joining<M>>): void {
    this.replacing = true;
    try {
      for (let list = this.latest; list !== undefined; list = this.latest) {
        this.latest = undefined;
        this.replace(new Set(list), subscriber);
      }
    } catch (error) {
      // A connection that was well when it was checked, and could not be looked into again.
      subscriber.error(error);
    }
    this.replacing = false;
    this.completeWhenFinal(subscriber);
  }

  private replace(list: ReadonlySet<C>, subscriber: Subscriber<Joining<M>>): void {
    for (const [item, entry] of this.entries) {
      if (entry.listed && !list.has(item)) {
        entry.listed = false;
        this.returning.delete(item);
        if (entry.member === undefined) {
          this.entries.delete(item);
        } else {
          entry.member.leave('removed');
        }
      }
    }
    for (const item of list) {
      const entry = this.entries.get(item);
      if (entry === undefined) {
        this.join(item, subscriber);
      } else if (!entry.listed) {
        entry.listed = true;
        if (entry.member?.stay() !== true) {
          this.returning.add(item);
        }
      }
    }
  }

  private join(item: C, subscriber: Subscriber<Joining<M>>): void {
    if (subscriber.closed) {
      return;
    }
    const member = this.make(item, ++this.joined);
    const entry: Entry<M> = { member, listed: true };
    this.entries.set(item, entry);
    const left = (): void => {
      entry.member = undefined;
      member.left();
      if (this.returning.delete(item)) {
        this.join(item, subscriber);
        this.completeWhenFinal(subscriber);
      } else if (!entry.listed) {
        this.entries.delete(item);
      }
    };
    subscriber.next({ member, left });
  }

  private completeWhenFinal(subscriber: Subscriber<Joining<M>>): void {
    if (this.frozen && this.returning.size === 0) {
      subscriber.complete();
    }
  }
}

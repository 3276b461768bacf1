/** R1, R3, R13, R14, R17, R19 to R21 where a connection goes on from one event to the next, with more waiting. */
import { expect } from 'chai';
import { BehaviorSubject, Observable, of, Subject } from 'rxjs';
import {
  isDelivered,
  loadBalance,
  TemporaryError,
  type Connection,
  type ConnectionInput,
  type ConnectionState,
  type Outcome,
} from '../../src/index.js';
import { until } from '../until.js';

type Kind = 'an Observable' | 'a promise';

/** A connection whose sends are answered by hand. */
class Place implements Connection<string, string> {
  /** What it was sent, in order. */
  readonly sent: string[] = [];
  opened = 0;
  open = 0;
  readonly state$: Observable<ConnectionState>;
  readonly window: Observable<number>;
  private states = new BehaviorSubject<ConnectionState>('up');
  private readonly sizes = new BehaviorSubject(1);
  /** How to answer what is in flight. */
  private readonly answers: ((error?: Error) => void)[] = [];

  constructor(
    readonly name: string,
    private readonly kind: Kind,
  ) {
    this.window = this.sizes.asObservable();
    this.state$ = new Observable((subscriber) => {
      this.opened++;
      this.open++;
      subscriber.add(() => {
        this.open--;
      });
      return this.states.subscribe(subscriber);
    });
  }

  readonly send = (event: string): Observable<string> | Promise<string> => {
    this.sent.push(event);
    return this.kind === 'a promise'
      ? new Promise<string>((resolve, reject) => {
          this.answers.push((error) => {
            if (error === undefined) {
              resolve('r');
            } else {
              reject(error);
            }
          });
        })
      : new Observable<string>((subscriber) => {
          this.answers.push((error) => {
            if (error === undefined) {
              subscriber.next('r');
              subscriber.complete();
            } else {
              subscriber.error(error);
            }
          });
        });
  };

  becomes(state: ConnectionState): void {
    this.states.next(state);
  }

  /** When it is opened again, it is up. */
  breaks(): void {
    const { states } = this;
    this.states = new BehaviorSubject<ConnectionState>('up');
    states.error(new Error('broken'));
  }

  ends(): void {
    this.states.complete();
  }

  /** Takes so many sends at a time. */
  takes(size: number): void {
    this.sizes.next(size);
  }

  /** Answers its oldest send; false when there is none. */
  async answer(error?: Error): Promise<boolean> {
    const answer = this.answers.shift();
    answer?.(error);
    await new Promise(setImmediate);
    return answer !== undefined;
  }

  /** Answers its oldest send from inside something else. */
  answerNow(error?: Error): void {
    this.answers.shift()?.(error);
  }
}

/** Answers all that is sent, until nothing is. */
async function answerAll(...places: readonly Place[]): Promise<void> {
  for (let n = 0; n < 100; n++) {
    const answered = await Promise.all(places.map((place) => place.answer()));
    if (!answered.includes(true)) {
      return;
    }
  }
  throw new Error('there is no end of sends');
}

const brief = (outcome: Outcome<string>): string =>
  isDelivered(outcome)
    ? `${outcome.event}@${outcome.connection} ${outcome.attempts}`
    : `${outcome.event} ${outcome.reason} ${outcome.attempts}`;

for (const kind of ['an Observable', 'a promise'] as const) {
  describe(`a connection with a backlog, and ${kind} for every send`, () => {
    let one: Place;
    let two: Place;
    let source$: Subject<string>;
    let lists$: BehaviorSubject<readonly ConnectionInput<string, string>[]>;
    let closeOn: Subject<void>;
    let again$: Subject<void>;
    let log: string[];
    let leave: () => void;

    beforeEach(() => {
      one = new Place('one', kind);
      two = new Place('two', kind);
      source$ = new Subject();
      lists$ = new BehaviorSubject<readonly ConnectionInput<string, string>[]>([one]);
      closeOn = new Subject();
      again$ = new Subject();
      log = [];
    });

    afterEach(() => {
      leave();
      expect([one.open, two.open]).to.deep.equal([0, 0]);
    });

    /** These wait. Inside the outcome of the first, something happens. */
    const begin = (events: string, act: () => void): void => {
      const subscription = source$
        .pipe(loadBalance(lists$, { maxAttempts: 2, closeOn, reconnectDelay: () => again$ }))
        .subscribe({
          next: (outcome) => {
            log.push(brief(outcome));
            if (log.length === 1) {
              act();
              log.push('acted');
            }
          },
          error: (error: unknown) => log.push(String(error)),
          complete: () => log.push('completed'),
        });
      leave = () => {
        subscription.unsubscribe();
      };
      for (const event of events) {
        source$.next(event);
      }
    };

    it('should take one after the other', async () => {
      begin('abcd', () => undefined);
      expect(one.sent).to.deep.equal(['a']);
      await one.answer();
      expect(one.sent).to.deep.equal(['a', 'b']);
      await answerAll(one, two);
      expect(one.sent).to.deep.equal(['a', 'b', 'c', 'd']);
      expect(log).to.deep.equal(['a@one 1', 'acted', 'b@one 1', 'c@one 1', 'd@one 1']);
    });

    it('should take the next only when the outcome is over', async () => {
      begin('abc', () => log.push(one.sent.join('')));
      await one.answer();
      expect(log).to.deep.equal(['a@one 1', 'a', 'acted']);
      expect(one.sent).to.deep.equal(['a', 'b']);
    });

    describe('that comes to its next event when, inside the outcome,', () => {
      it('it is closed, should send no more', async () => {
        begin('abc', () => {
          closeOn.next();
        });
        await one.answer();
        expect(one.sent).to.deep.equal(['a']);
        expect(log).to.deep.equal(['a@one 1', 'acted', 'b closed 0', 'c closed 0', 'completed']);
      });

      it('the subscriber leaves, should send no more', async () => {
        begin('abc', () => {
          leave();
        });
        await one.answer();
        expect(one.sent).to.deep.equal(['a']);
        expect(log).to.deep.equal(['a@one 1', 'acted']);
      });

      it('it goes down, should send the next when it is up again', async () => {
        begin('abc', () => {
          one.becomes('down');
        });
        await one.answer();
        expect(one.sent).to.deep.equal(['a']);
        one.becomes('up');
        expect(one.sent).to.deep.equal(['a', 'b']);
        await answerAll(one, two);
        expect(log).to.deep.equal(['a@one 1', 'acted', 'b@one 1', 'c@one 1']);
      });

      it('it goes down, should leave the rest to another', async () => {
        lists$.next([one, two]);
        begin('abcd', () => {
          one.becomes('down');
        });
        await one.answer();
        await answerAll(one, two);
        expect([one.sent, two.sent]).to.deep.equal([['a'], ['b', 'c', 'd']]);
        expect(log).to.deep.equal(['a@one 1', 'acted', 'b@two 1', 'c@two 1', 'd@two 1']);
      });

      it('it goes down and comes up, should send one and no more', async () => {
        begin('abc', () => {
          one.becomes('down');
          one.becomes('up');
        });
        await one.answer();
        expect(one.sent).to.deep.equal(['a', 'b']);
        await answerAll(one, two);
        expect(log).to.deep.equal(['a@one 1', 'acted', 'b@one 1', 'c@one 1']);
      });

      it('it breaks, should send no more until it is opened again', async () => {
        begin('abc', () => {
          one.breaks();
        });
        await one.answer();
        expect(one.sent).to.deep.equal(['a']);
        again$.next();
        expect([one.opened, one.sent]).to.deep.equal([2, ['a', 'b']]);
        await answerAll(one, two);
        expect(log).to.deep.equal(['a@one 1', 'acted', 'b@one 1', 'c@one 1']);
      });

      it('it comes to its end, should send no more, and the rest is dropped once nobody else can come', async () => {
        begin('abc', () => {
          lists$.complete();
          one.ends();
        });
        await one.answer();
        expect(one.sent).to.deep.equal(['a']);
        expect(log).to.deep.equal(['a@one 1', 'acted', 'b no-connection 0', 'c no-connection 0']);
      });

      it('it is removed, should send no more and be closed, and the rest should wait', async () => {
        begin('abc', () => {
          lists$.next([]);
        });
        await one.answer();
        expect([one.sent, one.open]).to.deep.equal([['a'], 0]);
        lists$.next([two]);
        await answerAll(one, two);
        expect([one.sent, two.sent]).to.deep.equal([['a'], ['b', 'c']]);
        expect(log).to.deep.equal(['a@one 1', 'acted', 'b@two 1', 'c@two 1']);
      });

      it('it is removed with another send in flight, should finish that, and be closed', async () => {
        one.takes(2);
        begin('abcd', () => {
          lists$.next([]);
        });
        await one.answer();
        expect([one.sent, one.open]).to.deep.equal([['a', 'b'], 1]);
        await answerAll(one, two);
        expect([one.sent, one.open]).to.deep.equal([['a', 'b'], 0]);
        expect(log).to.deep.equal(['a@one 1', 'acted', 'b@one 1']);
      });

      it('it is removed and listed again, should go on', async () => {
        begin('abc', () => {
          lists$.next([]);
          lists$.next([one]);
        });
        await one.answer();
        expect([one.sent, one.open]).to.deep.equal([['a', 'b'], 1]);
        await answerAll(one, two);
        expect(log).to.deep.equal(['a@one 1', 'acted', 'b@one 1', 'c@one 1']);
      });

      it('its window becomes 0, should send no more until there is one again', async () => {
        begin('abc', () => {
          one.takes(0);
        });
        await one.answer();
        expect(one.sent).to.deep.equal(['a']);
        one.takes(1);
        expect(one.sent).to.deep.equal(['a', 'b']);
        await answerAll(one, two);
        expect(log).to.deep.equal(['a@one 1', 'acted', 'b@one 1', 'c@one 1']);
      });

      it('its window shrinks below what is in flight, should send no more until there is room', async () => {
        one.takes(3);
        begin('abcdef', () => {
          one.takes(1);
        });
        await one.answer();
        expect(one.sent).to.deep.equal(['a', 'b', 'c']);
        await one.answer();
        expect(one.sent).to.deep.equal(['a', 'b', 'c']);
        await one.answer();
        expect(one.sent).to.deep.equal(['a', 'b', 'c', 'd']);
        await answerAll(one, two);
        expect(one.sent).to.deep.equal(['a', 'b', 'c', 'd', 'e', 'f']);
        expect(log).to.have.length(7);
      });

      it('its window grows, should send as many as it takes', async () => {
        begin('abcdef', () => {
          one.takes(3);
        });
        await one.answer();
        expect(one.sent).to.deep.equal(['a', 'b', 'c', 'd']);
        await answerAll(one, two);
        expect(log).to.have.length(7);
      });

      it('the source ends, should send the rest, and then complete', async () => {
        begin('abc', () => {
          source$.complete();
        });
        await one.answer();
        await answerAll(one, two);
        expect(log).to.deep.equal(['a@one 1', 'acted', 'b@one 1', 'c@one 1', 'completed']);
      });

      it('the source fails, should send the rest, and then pass on the error', async () => {
        begin('abc', () => {
          source$.error(new Error('no more'));
        });
        await one.answer();
        await answerAll(one, two);
        expect(log).to.deep.equal(['a@one 1', 'acted', 'b@one 1', 'c@one 1', 'Error: no more']);
      });

      it('an event comes, should take it in its turn', async () => {
        begin('ab', () => {
          source$.next('c');
        });
        await one.answer();
        await answerAll(one, two);
        expect(log).to.deep.equal(['a@one 1', 'acted', 'b@one 1', 'c@one 1']);
      });

      it('the only event comes, should take it', async () => {
        begin('a', () => {
          source$.next('b');
        });
        await one.answer();
        expect(one.sent).to.deep.equal(['a', 'b']);
      });

      it('another comes up, should let that one go first', async () => {
        two.becomes('down');
        lists$.next([one, two]);
        begin('abcd', () => {
          two.becomes('up');
        });
        await one.answer();
        expect([one.sent, two.sent]).to.deep.equal([['a', 'c'], ['b']]);
      });

      it('another is added, should let that one go first', async () => {
        begin('abcd', () => {
          lists$.next([one, two]);
        });
        await one.answer();
        expect([one.sent, two.sent]).to.deep.equal([['a', 'c'], ['b']]);
      });

      it('the window of another grows, should let that one go first', async () => {
        lists$.next([one, two]);
        begin('abcde', () => {
          two.takes(2);
        });
        expect(two.sent).to.deep.equal(['b']);
        await one.answer();
        expect([one.sent, two.sent]).to.deep.equal([
          ['a', 'd'],
          ['b', 'c'],
        ]);
      });
    });
  });
}

/** Which events have an outcome, in the order of the alphabet: one twice if it has two. */
const eventsOf = (log: readonly string[]): string =>
  log
    .map((outcome) => outcome.charAt(0))
    .sort()
    .join('');

describe('two connections with a backlog', () => {
  const answered = async (act: (one: Place, two: Place) => void) => {
    const [one, two] = [new Place('one', 'an Observable'), new Place('two', 'an Observable')];
    one.takes(2);
    const log: string[] = [];
    const again$ = new Subject<void>();
    const source$ = new Subject<string>();
    const subscription = source$
      .pipe(loadBalance([one, two], { maxAttempts: 2, reconnectDelay: () => again$ }))
      .subscribe((outcome) => {
        log.push(brief(outcome));
        if (outcome.event === 'a') {
          act(one, two);
        }
      });
    for (const event of 'abcdefgh') {
      source$.next(event);
    }
    expect([one.sent, two.sent]).to.deep.equal([['a', 'c'], ['b']]);
    await one.answer();
    return { one, two, log, again$, subscription };
  };

  it('should each take one when both are answered, one inside the outcome of the other', async () => {
    const { one, two, log, subscription } = await answered((_one, other) => {
      other.answerNow();
    });
    expect(log).to.deep.equal(['a@one 1', 'b@two 1']);
    expect([one.sent.length, two.sent.length]).to.deep.equal([3, 2]);
    expect([...one.sent, ...two.sent].sort().join('')).to.equal('abcde');
    subscription.unsubscribe();
  });

  it('should leave what waits to the other when one breaks inside an outcome of its own', async () => {
    const { one, two, log, again$, subscription } = await answered((place) => {
      place.answerNow(new Error('broken'));
    });
    expect([one.sent, one.open, two.sent]).to.deep.equal([['a', 'c'], 0, ['b']]);
    await two.answer();
    expect([one.sent, two.sent]).to.deep.equal([
      ['a', 'c'],
      ['b', 'c'],
    ]);
    again$.next();
    // On probation it takes a new one, and one only.
    expect(one.sent).to.deep.equal(['a', 'c', 'd']);
    await answerAll(one, two);
    expect(eventsOf(log)).to.equal('abcdefgh');
    expect(log).to.include('c@two 2');
    subscription.unsubscribe();
  });

  it('should send nothing in a pause that begins inside an outcome', async () => {
    const { one, two, log, again$, subscription } = await answered((place) => {
      place.answerNow(new TemporaryError('busy'));
    });
    expect([one.sent, one.open, two.sent]).to.deep.equal([['a', 'c'], 1, ['b']]);
    again$.next();
    expect(one.sent).to.deep.equal(['a', 'c', 'd']);
    await one.answer();
    expect(one.sent.length, 'its window again').to.equal(5);
    await answerAll(one, two);
    expect(eventsOf(log)).to.equal('abcdefgh');
    subscription.unsubscribe();
  });

  it('should send one at a time on a probation that begins inside an outcome', async () => {
    const { one, two, log, subscription } = await answered((place) => {
      place.answerNow(new TemporaryError('busy', { retryAfter: 0 }));
    });
    expect([one.sent, two.sent]).to.deep.equal([['a', 'c', 'd'], ['b']]);
    await answerAll(one, two);
    expect(eventsOf(log)).to.equal('abcdefgh');
    subscription.unsubscribe();
  });

  it('should keep their turns, event by event, for as long as it lasts', async () => {
    const [one, two] = [new Place('one', 'an Observable'), new Place('two', 'an Observable')];
    const source$ = new Subject<string>();
    const subscription = source$.pipe(loadBalance([one, two])).subscribe();
    for (const event of 'abcdefgh') {
      source$.next(event);
    }
    for (let n = 0; n < 4; n++) {
      await one.answer();
      await two.answer();
    }
    expect([one.sent.join(''), two.sent.join('')]).to.deep.equal(['aceg', 'bdfh']);
    subscription.unsubscribe();
  });

  it('should not grow the stack when the next send is answered at once, or is refused at once', async () => {
    const first = new Subject<string>();
    const seen: Record<string, number> = {};
    const send = (event: number): Observable<string> => {
      if (event === 0) {
        return first;
      }
      if (event > 20_000) {
        throw new TemporaryError('no', { retryAfter: 0 });
      }
      return of('r');
    };
    const source$ = new Subject<number>();
    source$.pipe(loadBalance([send], { maxAttempts: 1 })).subscribe(({ status }) => {
      seen[status] = (seen[status] ?? 0) + 1;
    });
    for (let n = 0; n < 30_000; n++) {
      source$.next(n);
    }
    first.complete();
    await until('all outcomes', () => (seen['delivered'] ?? 0) + (seen['dropped'] ?? 0) === 30_000, 5_000);
    expect(seen).to.deep.equal({ delivered: 20_001, dropped: 9_999 });
  });
});

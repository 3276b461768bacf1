/** The books: what does not balance shows. */
import { expect } from 'chai';
import { from, NEVER, of, throwError, type Observable, type ObservableInput } from 'rxjs';
import { HttpStatusError } from '../../src/connections/http.js';
import { TemporaryError, type BatchAnswer, type SendContext } from '../../src/index.js';
import { Ledger, type Entry } from './ledger.js';

const context = {} as SendContext;
const noAnswer = new Error('socket hang up');
const refused = new TemporaryError('full', { cause: new HttpStatusError('place-1 answered 503', 503) });

/** Subscribes, and leaves at once. */
function attempt(answer: ObservableInput<unknown>): void {
  from(answer)
    .subscribe({ error: () => undefined })
    .unsubscribe();
}

const delivered = (event: Entry) =>
  ({ status: 'delivered', event, value: undefined, connection: 'place-1', attempts: 1 }) as const;
const dropped = (event: Entry) =>
  ({ status: 'dropped', event, reason: 'attempts', error: noAnswer, attempts: 3, failures: [] }) as const;

describe('ledger', () => {
  let ledger: Ledger;
  let event: Entry;

  beforeEach(() => {
    ledger = new Ledger(10, ({ text }) => text === 'guaranteed');
    event = ledger.next('text');
  });

  /** A send of the event that ends like this. */
  const sending = (answer: Observable<unknown>, name = 'place-1'): void => {
    const watched = ledger.witness({ name, state$: NEVER, send: () => answer });
    if (!('batch' in watched)) {
      attempt(watched.send(event, context));
    }
  };

  /** A send of several events. */
  const sendingBatch = (events: readonly Entry[], answer: Observable<BatchAnswer<unknown>>): void => {
    const watched = ledger.witness({
      name: 'place-1',
      state$: NEVER,
      batch: { size: 9, send: () => answer },
    });
    if ('batch' in watched) {
      attempt(watched.batch.send(events, context));
    }
  };

  const taken$ = of('taken');
  const lost$ = throwError(() => noAnswer);
  const refused$ = throwError(() => refused);
  const problems = (): readonly string[] => ledger.statement().problems;
  const notOnce = '1 events were not taken once, by the place that is said to have taken them: 0';
  const tooOften =
    '1 events are in the file of place-1 more often than sends of them were answered or lost their answer: 0';

  it('should balance what was delivered and has arrived', () => {
    sending(taken$);
    ledger.outcome(delivered(event));
    ledger.found(0, 'place-1');
    expect(ledger.statement()).to.deep.equal({
      sent: 1,
      delivered: 1,
      dropped: {},
      arrived: 1,
      duplicates: 0,
      droppedButArrived: 0,
      lost: 0,
      problems: [],
    });
  });

  it('should balance what was dropped and has not arrived', () => {
    sending(refused$);
    ledger.outcome(dropped(event));
    expect(ledger.statement()).to.deep.include({ dropped: { attempts: 1 }, lost: 0, problems: [] });
  });

  it('should find what has no outcome', () => {
    expect(problems()).to.deep.equal(['1 events have no outcome: 0']);
  });

  it('should find what has two outcomes', () => {
    sending(taken$);
    ledger.outcome(delivered(event));
    ledger.outcome(delivered(event));
    ledger.found(0, 'place-1');
    expect(problems()).to.deep.equal(['1 events have more than one outcome: 0']);
  });

  it('should find what was taken and is not in the file', () => {
    sending(taken$);
    ledger.outcome(delivered(event));
    expect(problems()).to.deep.equal(['1 events were taken by place-1 and are not in its file: 0']);
  });

  it('should find what was delivered by one that has not taken it', () => {
    sending(lost$);
    sending(taken$, 'place-2');
    ledger.outcome(delivered(event));
    ledger.found(0, 'place-1');
    ledger.found(0, 'place-2');
    expect(problems()).to.deep.equal([notOnce]);
  });

  it('should find what was delivered and not sent', () => {
    ledger.outcome(delivered(event));
    expect(problems()).to.deep.equal([notOnce]);
  });

  it('should find what was dropped although it was taken', () => {
    sending(taken$);
    ledger.outcome(dropped(event));
    ledger.found(0, 'place-1');
    expect(problems()).to.deep.equal([notOnce]);
  });

  it('should find what was taken twice', () => {
    sending(taken$);
    sending(taken$);
    ledger.outcome(delivered(event));
    ledger.found(0, 'place-1');
    ledger.found(0, 'place-1');
    expect(problems()).to.deep.equal([notOnce]);
  });

  it('should find a duplicate that nothing explains', () => {
    sending(refused$);
    sending(taken$);
    ledger.outcome(delivered(event));
    ledger.found(0, 'place-1');
    ledger.found(0, 'place-1');
    expect(ledger.statement()).to.deep.include({ duplicates: 1, problems: [tooOften] });
  });

  it('should not explain a duplicate by a send where nobody listened', () => {
    const refusal = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    sending(throwError(() => new Error('place-1: connect ECONNREFUSED', { cause: refusal })));
    sending(taken$);
    ledger.outcome(delivered(event));
    ledger.found(0, 'place-1');
    ledger.found(0, 'place-1');
    expect(ledger.statement()).to.deep.include({ lost: 0, problems: [tooOften] });
  });

  it('should find what was dropped and has arrived although every send of it was answered', () => {
    sending(refused$);
    ledger.outcome(dropped(event));
    ledger.found(0, 'place-1');
    expect(ledger.statement()).to.deep.include({ droppedButArrived: 1, problems: [tooOften] });
  });

  it('should find what is in a file and was never sent', () => {
    sending(refused$);
    ledger.outcome(dropped(event));
    ledger.found(7, 'place-1');
    expect(problems()).to.deep.equal(['1 events are in a file and were never sent: 7']);
  });

  it('should find what was guaranteed and dropped', () => {
    const guaranteed = ledger.next('guaranteed');
    ledger.outcome(dropped(event));
    ledger.outcome(dropped(guaranteed));
    expect(problems()).to.deep.equal(['1 events were guaranteed, and dropped: 1']);
  });

  for (const [how, answer] of [
    ['failed', lost$],
    ['was cancelled', NEVER],
  ] as const) {
    it(`should explain a duplicate by a send that ${how} without an answer`, () => {
      sending(answer);
      sending(taken$);
      ledger.outcome(delivered(event));
      ledger.found(0, 'place-1');
      ledger.found(0, 'place-1');
      expect(ledger.statement()).to.deep.include({ duplicates: 1, lost: 1, problems: [] });
    });
  }

  it('should explain duplicates of those events of a batch that had no answer', () => {
    const second = ledger.next('text');
    const third = ledger.next('text');
    sendingBatch(
      [event, second, third],
      of([
        { index: 0, status: 'delivered' },
        { index: 1, status: 'failed', error: refused },
      ]),
    );
    sendingBatch([second, third], of(undefined));
    for (const each of [event, second, third]) {
      ledger.outcome(delivered(each));
      ledger.found(each.n, 'place-1');
      ledger.found(each.n, 'place-1');
    }
    expect(ledger.statement()).to.deep.include({
      lost: 1,
      problems: [
        '2 events are in the file of place-1 more often than sends of them were answered or lost their answer: 0, 1',
      ],
    });
  });

  it('should refuse more events than it has room for', () => {
    expect(() => {
      for (let n = 0; n < 11; n++) {
        ledger.next('text');
      }
    }).to.throw('expected at most 10 events');
  });
});

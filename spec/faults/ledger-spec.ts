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
    ledger = new Ledger(10);
    event = ledger.next('text');
  });

  /** A send of the event that ends like this. */
  const sending = (answer: Observable<unknown>): void => {
    const watched = ledger.witness({ name: 'place-1', state$: NEVER, send: () => answer });
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

  it('should balance what was delivered and has arrived', () => {
    sending(of('taken'));
    ledger.outcome(delivered(event));
    ledger.found(0);
    expect(ledger.statement()).to.deep.equal({
      sent: 1,
      delivered: 1,
      dropped: {},
      arrived: 1,
      duplicates: 0,
      droppedButArrived: 0,
      unanswered: 0,
      problems: [],
    });
  });

  it('should balance what was dropped and has not arrived', () => {
    sending(throwError(() => refused));
    ledger.outcome(dropped(event));
    expect(ledger.statement()).to.deep.include({ dropped: { attempts: 1 }, unanswered: 0, problems: [] });
  });

  it('should find what has no outcome', () => {
    expect(ledger.statement().problems).to.deep.equal([
      'sent 1, but delivered 0 and dropped 0',
      '1 events have no outcome: 0',
    ]);
  });

  it('should find what has two outcomes', () => {
    ledger.outcome(delivered(event));
    ledger.outcome(dropped(event));
    ledger.found(0);
    expect(ledger.statement().problems).to.deep.equal([
      'sent 1, but delivered 1 and dropped 1',
      '1 events have more than one outcome: 0',
    ]);
  });

  it('should find what was delivered and is nowhere', () => {
    ledger.outcome(delivered(event));
    expect(ledger.statement().problems).to.deep.equal(['1 events were delivered and are in no file: 0']);
  });

  it('should find a duplicate that nothing explains', () => {
    sending(throwError(() => refused));
    ledger.outcome(delivered(event));
    ledger.found(0);
    ledger.found(0);
    expect(ledger.statement()).to.deep.include({
      duplicates: 1,
      problems: [
        '1 events are in a file more often than sends of them were answered or lost their answer: 0',
      ],
    });
  });

  it('should find what was dropped and has arrived although every send of it was answered', () => {
    sending(throwError(() => refused));
    ledger.outcome(dropped(event));
    ledger.found(0);
    expect(ledger.statement()).to.deep.include({
      droppedButArrived: 1,
      problems: [
        '1 events are in a file more often than sends of them were answered or lost their answer: 0',
      ],
    });
  });

  for (const [how, answer] of [
    ['failed', throwError(() => noAnswer)],
    ['was cancelled', NEVER],
  ] as const) {
    it(`should explain a duplicate by a send that ${how} without an answer`, () => {
      sending(answer);
      ledger.outcome(delivered(event));
      ledger.found(0);
      ledger.found(0);
      expect(ledger.statement()).to.deep.include({ duplicates: 1, unanswered: 1, problems: [] });
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
    sendingBatch([event, second, third], of(undefined));
    for (const each of [event, second, third]) {
      ledger.outcome(delivered(each));
      ledger.found(each.n);
      ledger.found(each.n);
    }
    expect(ledger.statement()).to.deep.include({
      unanswered: 1,
      problems: [
        '2 events are in a file more often than sends of them were answered or lost their answer: 0, 1',
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

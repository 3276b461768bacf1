/** The whole worker: how it runs, goes on, and comes to its end. */
import { errors } from '@nats-io/transport-node';
import { expect } from 'chai';
import { concat, NEVER, of, Subject, throwError } from 'rxjs';
import { RejectedError, type Connection } from '../../src/index.js';
import { jetStreamBalancer } from '../../src/jetStream/index.js';
import { consumerGone, statusError } from './failures.js';
import { Place } from './place.js';
import { infoWith, ScriptedConsumer } from './scriptedConsumer.js';
import { messages, ScriptedMessage } from './scriptedMessage.js';
import { timeOf, Worker } from './worker.js';

describe('jetStreamBalancer', () => {
  let worker: Worker;
  const time = timeOf(() => worker);

  /** What every one of these was told. */
  function words(all: readonly ScriptedMessage[]): string[][] {
    return all.map((message) => message.words);
  }

  it('sends every message, and settles it by its outcome', async () => {
    const send = ({ seq }: { readonly seq: number }): Promise<string> =>
      seq === 2 ? Promise.reject(new RejectedError('no')) : Promise.resolve('there');
    worker = new Worker({ connections: [send] });
    const all = messages(1, 3);
    for (const message of all) {
      await time.pass(0);
      worker.consumer.give(message);
    }
    await time.pass(0);
    expect(worker.heard).to.deep.equal(['1 delivered ack', '2 rejected term', '3 delivered ack']);
    expect(words(all)).to.deep.equal([['ack'], ['term'], ['ack']]);
    expect(worker.outcomes[0]).to.deep.include({ value: 'there', settlement: 'ack', attempts: 1 });
  });

  it('does nothing before it is subscribed, and has messages of its own for each subscription', async () => {
    const consumer = new ScriptedConsumer();
    const results$ = jetStreamBalancer({ consumer, connections: () => [() => NEVER] });
    await time.pass(1_000);
    expect(consumer.infos).to.equal(0);
    const both = [results$.subscribe(), results$.subscribe()];
    await time.pass(0);
    expect(consumer.asked).to.deep.equal([1, 1]);
    for (const subscription of both) {
      subscription.unsubscribe();
    }
    await time.pass(100);
    worker = new Worker({ consumer, connections: [] });
  });

  it('sends a message once that is delivered again while it is here', async () => {
    const place = new Place('a', 3);
    worker = new Worker({ connections: [place] });
    await time.pass(0);
    const one = new ScriptedMessage(1);
    const again = new ScriptedMessage(1, 2);
    worker.consumer.latest.giveMore(one, again);
    await time.pass(0);
    expect(place.sent).to.deep.equal([1]);
    place.deliver(1);
    await time.pass(0);
    expect(words([one, again])).to.deep.equal([[], ['ack']]);
    expect(worker.outcomes.map(({ attempts }) => attempts)).to.deep.equal([2]);
  });

  it('gives back what came beyond what was asked for, and not what is here', async () => {
    const place = new Place('a', 2);
    worker = new Worker({ connections: [place] });
    await time.pass(0);
    const [one, two, three] = messages(1, 3) as [ScriptedMessage, ScriptedMessage, ScriptedMessage];
    const again = new ScriptedMessage(1, 2);
    worker.consumer.latest.giveMore(one, two, again, three);
    await time.pass(0);
    expect(place.sent).to.deep.equal([1, 2]);
    expect(words([one, two, again, three])).to.deep.equal([[], [], [], ['nak']]);
  });

  it('gives back at once what comes when all connections have gone down', async () => {
    const place = new Place('a', 2);
    worker = new Worker({ connections: [place] });
    await time.pass(0);
    place.become('down');
    const [one, two] = messages(1, 2) as [ScriptedMessage, ScriptedMessage];
    worker.consumer.give(one, two);
    await time.pass(0);
    expect(words([two])).to.deep.equal([['nak']]);
    expect(place.sent).to.deep.equal([]);
  });

  describe('when a connection has gone down since it asked', () => {
    let [up, down] = [new Place('a', 2), new Place('b', 2)];

    beforeEach(async () => {
      [up, down] = [new Place('a', 2), new Place('b', 2)];
      worker = new Worker({ consumer: new ScriptedConsumer({ max_deliver: 3 }), connections: [up, down] });
      await time.pass(0);
      expect(worker.consumer.asked).to.deep.equal([4]);
      down.become('down');
    });

    it('gives back at once what was for that one', async () => {
      const all = messages(1, 4);
      worker.consumer.give(...all);
      await time.pass(0);
      expect(up.sent).to.deep.equal([1, 2]);
      expect(words(all)).to.deep.equal([[], [], ['nak'], ['nak']]);
    });

    it('but keeps what would not come again', async () => {
      const all = [...messages(1, 2), new ScriptedMessage(3, 2), new ScriptedMessage(4, 3)];
      worker.consumer.give(...all);
      await time.pass(15_000);
      expect(words(all)).to.deep.equal([['working'], ['working'], ['nak'], ['working']]);
      up.deliver(1);
      await time.pass(0);
      expect(up.sent).to.deep.equal([1, 2, 4]);
    });

    it('and hands out nothing in the moment in which the other one goes down as well', async () => {
      const [one, last] = [new ScriptedMessage(1), new ScriptedMessage(2, 3)];
      worker.consumer.latest.giveMore(one, last);
      await time.turn();
      up.become('down');
      await time.pass(5_000);
      expect(up.sent).to.deep.equal([]);
      // As soon as the request is over; what would not come again stays.
      expect([one, last].map(({ told }) => told)).to.deep.equal([['nak @1000'], []]);
      up.become('up');
      await time.pass(0);
      expect(up.sent).to.deep.equal([2]);
      expect(last.words).to.deep.equal([]);
    });
  });

  it('goes on when the event loop was blocked for half of the ack wait, just when a message came', async () => {
    const place = new Place('a');
    worker = new Worker({ connections: [place] });
    await time.pass(0);
    const one = new ScriptedMessage(1);
    worker.consumer.give(one);
    await time.turn();
    time.block(15_000);
    await time.pass(0);
    expect(one.words).to.deep.equal(['nak']);
    expect(worker.consumer.asked).to.deep.equal([1, 1]);
    worker.consumer.give(new ScriptedMessage(1, 2));
    await time.pass(0);
    expect(place.sent).to.deep.equal([1]);
  });

  it('keeps what came beyond what was asked for where it would not come again', async () => {
    const place = new Place('a');
    worker = new Worker({ consumer: new ScriptedConsumer({ max_deliver: 3 }), connections: [place] });
    await time.pass(0);
    const last = new ScriptedMessage(2, 3);
    worker.consumer.latest.giveMore(new ScriptedMessage(1), last);
    await time.pass(0);
    expect(last.words).to.deep.equal([]);
    place.deliver(1);
    await time.pass(0);
    expect(place.sent).to.deep.equal([1, 2]);
  });

  it('gives a message back when no connection comes up in time: ten seconds for each attempt', async () => {
    const place = new Place('a');
    worker = new Worker({ connections: [place], maxAttempts: 3 });
    await time.pass(0);
    const one = new ScriptedMessage(1);
    worker.consumer.give(one);
    await time.pass(0);
    place.become('down');
    // What was in the send has used an attempt.
    await time.pass(19_999);
    expect(worker.heard).to.deep.equal([]);
    await time.pass(1);
    expect(worker.heard).to.deep.equal(['1 no-connection nak']);
    expect(one.words.slice(-1)).to.deep.equal(['nak 2000']);
  });

  for (const [name, timeout, after] of [
    ['a number', 300, 600],
    ['wait', { wait: 700 }, 1_400],
    ['others', { send: 700 }, 20_000],
  ] as const) {
    it(`waits for a connection as the user's timeout says: ${name}`, async () => {
      const place = new Place('a');
      worker = new Worker({ connections: [place], maxAttempts: 3, timeout });
      await time.pass(0);
      worker.consumer.give(new ScriptedMessage(1));
      await time.pass(0);
      place.become('down');
      await time.pass(after - 1);
      expect(worker.heard).to.deep.equal([]);
      await time.pass(1);
      expect(worker.heard).to.deep.equal(['1 no-connection nak']);
    });
  }

  describe('drains', () => {
    it('asks no more, finishes what is here, and completes', async () => {
      const place = new Place('a', 2);
      const drainOn = new Subject<void>();
      worker = new Worker({ connections: [place], drainOn });
      await time.pass(0);
      const [one, two] = messages(1, 2) as [ScriptedMessage, ScriptedMessage];
      worker.consumer.give(one);
      await time.pass(0);
      drainOn.next();
      await time.pass(50);
      // On its way when it drained: it is not taken.
      worker.consumer.give(two);
      await time.pass(5_000);
      expect(worker.consumer.asked).to.deep.equal([2]);
      expect(worker.heard).to.deep.equal([]);
      place.deliver(1);
      await time.pass(0);
      expect(worker.heard).to.deep.equal(['1 delivered ack', '|']);
      expect(words([one, two])).to.deep.equal([['ack'], ['nak']]);
    });

    it('and learns it also while nobody asks: then drainTimeout begins', async () => {
      const place = new Place('a');
      const drainOn = new Subject<void>();
      worker = new Worker({ connections: [place], drainOn, drainTimeout: 500 });
      await time.pass(0);
      const one = new ScriptedMessage(1);
      worker.consumer.give(one);
      await time.pass(1_000);
      drainOn.next();
      await time.pass(499);
      expect(worker.heard).to.deep.equal([]);
      await time.pass(1);
      expect(worker.heard).to.deep.equal(['1 closed nak', '|']);
      expect(one.told).to.deep.equal(['nak @1500']);
    });

    it('with the error of drainOn, also while nobody asks, when everything has its outcome', async () => {
      const place = new Place('a');
      const drainOn = new Subject<void>();
      worker = new Worker({ connections: [place], drainOn, drainTimeout: 500 });
      await time.pass(0);
      worker.consumer.give(new ScriptedMessage(1));
      await time.pass(0);
      drainOn.error(new Error('no drain'));
      await time.pass(500);
      expect(worker.heard).to.deep.equal(['1 closed nak', '# no drain']);
    });

    it('at once with the error of drainOn while it waits for the server', async () => {
      const consumer = new ScriptedConsumer();
      consumer.onInfo = () => Promise.reject(new Error('timeout'));
      const drainOn = new Subject<void>();
      worker = new Worker({ consumer, connections: [() => NEVER], drainOn, resumeDelay: () => NEVER });
      await time.pass(0);
      drainOn.error(new Error('no drain'));
      await time.pass(0);
      expect(worker.heard).to.deep.equal(['# no drain']);
    });

    it('at once when it has not begun', async () => {
      worker = new Worker({ connections: [() => NEVER], drainOn: throwError(() => new Error('no drain')) });
      await time.pass(0);
      expect(worker.heard).to.deep.equal(['# no drain']);
      expect(worker.consumer.infos).to.equal(0);
    });
  });

  describe('closes', () => {
    it('with what is in a send, what waits, and what comes: all of it is given back', async () => {
      const place = new Place('a', 4);
      const closeOn = new Subject<void>();
      worker = new Worker({ connections: [place], closeOn });
      await time.pass(0);
      const [one, two, three] = messages(1, 3) as [ScriptedMessage, ScriptedMessage, ScriptedMessage];
      worker.consumer.give(one, two);
      await time.pass(200);
      closeOn.next();
      await time.pass(99);
      // Its request is still open: it would get them again.
      expect(worker.heard).to.deep.equal([]);
      worker.consumer.give(three);
      await time.pass(1);
      expect(worker.consumer.latest.closedAt).to.equal(300);
      expect(worker.heard).to.deep.equal(['1 closed nak', '2 closed nak', '|']);
      expect([one, two, three].map(({ told }) => told)).to.deep.equal([
        ['nak @300'],
        ['nak @300'],
        ['nak @300'],
      ]);
      expect(place.inFlight).to.deep.equal([]);
    });

    it('at once where no request is open', async () => {
      const place = new Place('a');
      const closeOn = new Subject<void>();
      worker = new Worker({ connections: [place], closeOn });
      await time.pass(0);
      const one = new ScriptedMessage(1);
      worker.consumer.give(one);
      await time.pass(0);
      closeOn.next();
      await time.pass(0);
      expect(worker.heard).to.deep.equal(['1 closed nak', '|']);
      expect(one.told).to.deep.equal(['nak @0']);
    });

    it('closes a request that would never end, and waits for nothing that hangs', async () => {
      for (const hang of ['request', 'fetch', 'info', 'wait'] as const) {
        const consumer = new ScriptedConsumer();
        consumer.expires = false;
        const forever = (): Promise<never> => new Promise(() => undefined);
        if (hang === 'fetch') {
          consumer.onFetch = forever;
        } else if (hang === 'info') {
          consumer.onInfo = forever;
        } else if (hang === 'wait') {
          consumer.onFetch = () => Promise.reject(statusError(503, 'no responders'));
        }
        const closeOn = new Subject<void>();
        worker = new Worker({ consumer, connections: [() => NEVER], closeOn, resumeDelay: () => NEVER });
        await time.pass(50_000);
        closeOn.next();
        await time.pass(100);
        expect(worker.heard, hang).to.deep.equal(['|']);
        time.expectNoTimers();
      }
    });

    it('before it has begun: nothing is opened, nothing is asked', async () => {
      worker = new Worker({ connections: [() => NEVER], closeOn: of(1) });
      await time.pass(0);
      expect(worker.heard).to.deep.equal(['|']);
      expect(worker.consumer.infos).to.equal(0);
    });
  });

  it('completes when all connections have retired, and does not wait for a message', async () => {
    const place = new Place('a');
    worker = new Worker({ connections: [place] });
    await time.pass(0);
    place.retire();
    const one = new ScriptedMessage(1);
    await time.pass(50);
    worker.consumer.give(one);
    await time.pass(100);
    expect(worker.heard).to.deep.equal(['|']);
    expect(one.words).to.deep.equal(['nak']);
  });

  it('completes at once without a connection', async () => {
    worker = new Worker({ connections: [] });
    await time.pass(0);
    expect(worker.heard).to.deep.equal(['|']);
    expect(worker.consumer.infos).to.equal(0);
  });

  describe('errors, after the outcomes that are outstanding,', () => {
    const ends: readonly [string, (consumer: ScriptedConsumer) => void, string][] = [
      [
        'when the consumer is gone',
        (consumer) => {
          consumer.onInfo = () => Promise.reject(consumerGone());
          consumer.latest.fail(statusError(409, 'consumer deleted'));
        },
        '# jetStreamBalancer: consumer "workers" of stream "EVENTS" is gone: consumer not found',
      ],
      [
        'when the client is closed',
        (consumer) => {
          consumer.latest.fail(new errors.ClosedConnectionError());
        },
        '# jetStreamBalancer: the connection to NATS is closed: to wait for a lost server, connect with maxReconnectAttempts: -1',
      ],
    ];
    for (const [name, fail, end] of ends) {
      it(name, async () => {
        const place = new Place('a', 2);
        worker = new Worker({ connections: [place] });
        await time.pass(0);
        worker.consumer.give(new ScriptedMessage(1));
        await time.pass(0);
        fail(worker.consumer);
        await time.pass(1_000);
        expect(worker.heard).to.deep.equal([]);
        place.deliver(1);
        await time.pass(0);
        expect(worker.heard).to.deep.equal(['1 delivered ack', end]);
      });
    }

    it('when messages of this consumer cannot be acknowledged one by one', async () => {
      worker = new Worker({
        consumer: new ScriptedConsumer({ ack_policy: 'all' }),
        connections: [() => NEVER],
      });
      await time.pass(0);
      expect(worker.heard).to.deep.equal([
        '# jetStreamBalancer: expected consumer "workers" of stream "EVENTS" to have the ack policy "explicit", got "all"',
      ]);
    });

    it('when a function of the user throws, and what is here is given back', async () => {
      const faulty: Connection<unknown> = {
        name: 'faulty',
        state$: concat(of('up' as const), NEVER),
        send: () => throwError(() => new Error('failed')),
        classify: () => {
          throw new Error('a bug of the user');
        },
      };
      worker = new Worker({ connections: [faulty] });
      await time.pass(0);
      const one = new ScriptedMessage(1);
      worker.consumer.give(one);
      await time.pass(100);
      expect(worker.heard).to.deep.equal(['1 closed nak', '# a bug of the user']);
    });
  });

  it('waits for a lost server, and goes on when it is there again', async () => {
    const place = new Place('a', 2);
    worker = new Worker({ connections: [place], timeout: Infinity, resumeDelay: 5_000 });
    await time.pass(0);
    worker.consumer.give(new ScriptedMessage(1));
    await time.pass(0);
    worker.consumer.onInfo = () => Promise.reject(new Error('timeout'));
    worker.consumer.onFetch = () => Promise.reject(statusError(503, 'no responders'));
    worker.consumer.latest.fail(statusError(503, 'no responders'));
    await time.pass(60_000);
    expect(worker.heard).to.deep.equal([]);
    worker.consumer.onInfo = () => Promise.resolve(infoWith());
    worker.consumer.onFetch = () => undefined;
    await time.pass(5_000);
    expect(worker.consumer.asked).to.deep.equal([2, 1]);
    worker.consumer.give(new ScriptedMessage(2));
    await time.pass(0);
    expect(place.sent).to.include(2);
  });
});

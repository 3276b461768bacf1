/** What the shipper counts. */
import { expect } from 'chai';
import type { AnswerActivity, Dropped, DropReason, Outcome } from '../../src/index.js';
import { errorText } from '../../examples/ship/errorText.js';
import type { LogEvent } from '../../examples/ship/logEvent.js';
import { Progress } from '../../examples/ship/progress.js';
import { bytesText, clockText, grouped, latencyText, percentText } from '../../examples/ship/quantities.js';
import { shipmentOf } from '../../examples/ship/shipment.js';
import type { Size } from '../../examples/ship/source.js';

describe("the shipper's progress", () => {
  let now: number;
  let told: string[];

  beforeEach(() => {
    now = 1_000;
    told = [];
  });

  const progressOf = (size?: Size): Progress =>
    new Progress(
      ['a', 'b'],
      size,
      (notice) => told.push(notice),
      () => now,
    );

  /** Reads so many lines of 10 bytes. */
  const read = (progress: Progress, count: number): LogEvent[] =>
    Array.from({ length: count }, () => progress.enter(Buffer.from('123456789\n')));

  const attempt = (progress: Progress, connection: string, events: number): void => {
    progress.next({ type: 'attempt', connection, events, attempt: 1 });
  };

  const answer = (progress: Progress, connection: string, change: Partial<AnswerActivity>): void => {
    progress.next({ type: 'answer', connection, delivered: 0, failed: 0, elapsed: 1, ...change });
  };

  const delivered = (event: LogEvent, attempts = 1): Outcome<LogEvent> => ({
    status: 'delivered',
    event,
    value: undefined,
    connection: 'a',
    attempts,
  });

  const dropped = (event: LogEvent, reason: DropReason, ...failedOn: string[]): Dropped<LogEvent> => ({
    status: 'dropped',
    event,
    reason,
    error: undefined,
    attempts: failedOn.length,
    failures: failedOn.map((connection) => ({ connection, error: undefined })),
  });

  /** Ships so many lines at once. */
  const ship = (progress: Progress, connection: string, count: number): void => {
    const events = read(progress, count);
    attempt(progress, connection, count);
    answer(progress, connection, { delivered: count });
    for (const event of events) {
      progress.settled(delivered(event));
    }
  };

  it('should number lines, and know where each is', () => {
    const progress = progressOf();
    const events = read(progress, 7);
    expect(events.map(({ n }) => n)).to.deep.equal([0, 1, 2, 3, 4, 5, 6]);
    expect(progress.snapshot()).to.include({ read: 7, waiting: 7 });
    attempt(progress, 'a', 3);
    attempt(progress, 'a', 2);
    expect(progress.snapshot()).to.include({ waiting: 2 });
    expect(progress.snapshot().connections[0]).to.include({ inFlight: 2, delivered: 0 });
    answer(progress, 'a', { delivered: 2, failed: 1 });
    for (const event of events.slice(0, 2)) {
      progress.settled(delivered(event));
    }
    expect(progress.snapshot()).to.include({ read: 7, delivered: 2, waiting: 3, dropped: 0 });
    expect(progress.snapshot().connections[0]).to.include({ inFlight: 1, delivered: 2, putBack: 1 });
    expect(progress.bytes).to.equal(20);
  });

  it('should take no failure for a retry that is the last of its event', () => {
    const progress = progressOf();
    const [first, second, third, fourth] = read(progress, 4) as [LogEvent, LogEvent, LogEvent, LogEvent];
    for (const connection of ['a', 'b', 'a']) {
      attempt(progress, connection, 1);
      answer(progress, connection, { failed: 1 });
    }
    progress.settled(dropped(first, 'attempts', 'a', 'b', 'a'));
    expect(progress.snapshot().connections.map(({ putBack }) => putBack)).to.deep.equal([1, 1]);
    expect(progress.retried).to.equal(2);
    attempt(progress, 'b', 1);
    answer(progress, 'b', { failed: 1 });
    progress.settled(dropped(second, 'rejected', 'b'));
    expect(progress.retried).to.equal(2);
    attempt(progress, 'b', 2);
    progress.closes();
    answer(progress, 'b', { failed: 2 });
    progress.settled(dropped(third, 'closed'));
    progress.settled(dropped(fourth, 'closed', 'b'));
    expect(progress.snapshot().connections.map(({ putBack }) => putBack)).to.deep.equal([1, 1]);
    expect(progress).to.include({ dropped: 4, retried: 2 });
    expect(progress.reasons).to.deep.equal({ attempts: 1, rejected: 1, closed: 2 });
  });

  it('should tell rates and shares of the last second, and at the end those of all the time', () => {
    const progress = progressOf();
    for (let tenths = 0; tenths < 20; tenths++) {
      ship(progress, 'a', 10);
      now += 100;
      progress.snapshot();
    }
    for (let tenths = 0; tenths < 10; tenths++) {
      ship(progress, 'b', 30);
      now += 100;
      progress.snapshot();
    }
    const { rate, byteRate, connections } = progress.snapshot();
    expect(rate).to.be.closeTo(300, 1);
    expect(byteRate).to.be.closeTo(3_000, 10);
    expect(connections.map(({ share }) => share)).to.deep.equal([0, 1]);
    expect(connections[1]?.rate).to.be.closeTo(300, 1);
    const summary = progress.summary();
    expect(summary.rate).to.be.closeTo(500 / 3, 1);
    expect(summary.connections[0]?.share).to.be.closeTo(0.4, 1e-9);
    expect(summary.elapsed).to.equal(3_000);
  });

  it('should have no rates and shares before anything is delivered', () => {
    const { rate, byteRate, connections } = progressOf().snapshot();
    expect({ rate, byteRate }).to.deep.equal({ rate: 0, byteRate: 0 });
    expect(connections[0]).to.include({ share: 0, rate: 0, p50: undefined, p99: undefined });
  });

  it('should measure how long sends take', () => {
    const progress = progressOf();
    for (let elapsed = 0; elapsed < 100; elapsed++) {
      answer(progress, 'a', { delivered: 1, elapsed });
    }
    const [{ p50, p99 } = { p50: 0, p99: 0 }] = progress.snapshot().connections;
    expect({ p50, p99 }).to.deep.equal({ p50: 49, p99: 98 });
  });

  it('should know no part of a millisecond', () => {
    const progress = progressOf();
    answer(progress, 'a', { delivered: 1, elapsed: 0 });
    expect(progress.snapshot().connections[0]).to.include({ p50: 0, p99: 0 });
    const [first, second] = shipmentOf(progress, undefined).connections;
    expect(JSON.parse(JSON.stringify([first, second]))).to.deep.equal([
      { name: 'a', delivered: 1, putBack: 0, p50: 0, p99: 0 },
      { name: 'b', delivered: 0, putBack: 0, p50: null, p99: null },
    ]);
  });

  it('should know how much is done, by bytes or by events, drops included', () => {
    const byBytes = progressOf({ bytes: 40 });
    const byEvents = progressOf({ events: 4 });
    for (const progress of [byBytes, byEvents]) {
      const [first, second, third, fourth, grown] = read(progress, 5) as [
        LogEvent,
        LogEvent,
        LogEvent,
        LogEvent,
        LogEvent,
      ];
      expect(progress.done()).to.equal(0);
      progress.settled(delivered(first));
      expect(progress.done()).to.equal(0.25);
      progress.settled(dropped(second, 'rejected'));
      expect(progress.done()).to.equal(0.5);
      progress.settled(delivered(third));
      progress.settled(delivered(fourth));
      progress.settled(delivered(grown));
      expect(progress.done()).to.equal(1);
    }
    expect(progressOf({ bytes: 0 }).done()).to.equal(1);
    expect(progressOf().done()).to.equal(undefined);
  });

  it('should know the states, and how long a backoff takes still', () => {
    const progress = progressOf();
    const first = () => progress.snapshot().connections[0];
    expect(first()).to.include({ state: 'connecting', retryIn: undefined });
    progress.next({ type: 'state', connection: 'a', state: 'up' });
    expect(first()).to.include({ state: 'up' });
    progress.next({ type: 'state', connection: 'a', state: 'backoff', delay: 800, error: new Error('gone') });
    now += 300;
    expect(first()).to.include({ state: 'backoff', retryIn: 500 });
    now += 600;
    expect(first()).to.include({ retryIn: 0 });
    progress.next({ type: 'state', connection: 'a', state: 'backoff', error: new Error('gone') });
    expect(first()).to.include({ state: 'backoff', retryIn: undefined });
    progress.next({ type: 'state', connection: 'a', state: 'connecting' });
    expect(first()).to.include({ state: 'connecting', retryIn: undefined });
    progress.next({ type: 'state', connection: 'a', state: 'removed' });
    expect(first()).to.include({ state: 'connecting' });
  });

  describe('in notices', () => {
    const stateOf = (progress: Progress, state: 'up' | 'backoff', message?: string): void => {
      const error = message === undefined ? {} : { error: new Error(message) };
      progress.next({ type: 'state', connection: 'a', state, ...error });
    };

    it('should tell of a failure once, and of its end when something is delivered', () => {
      const progress = progressOf();
      stateOf(progress, 'up');
      answer(progress, 'a', { delivered: 1 });
      for (const message of ['gone', 'gone', 'a: still\ngone', 'gone']) {
        stateOf(progress, 'backoff', message);
        stateOf(progress, 'up');
        answer(progress, 'a', { failed: 1 });
      }
      expect(told).to.deep.equal(['a: gone', 'a: still gone']);
      answer(progress, 'a', { delivered: 1 });
      answer(progress, 'a', { delivered: 1 });
      stateOf(progress, 'backoff', 'gone');
      progress.notice('something else');
      expect(told.slice(2)).to.deep.equal(['a: up again', 'a: gone', 'something else']);
      expect(progress.snapshot().notices).to.deep.equal(told.slice(2));
    });

    it('should end, where every failure is another', () => {
      const progress = progressOf();
      for (let request = 0; request < 100; request++) {
        stateOf(progress, 'backoff', `request ${request} failed`);
        stateOf(progress, 'up');
      }
      expect(told).to.deep.equal(['a: request 0 failed', 'a: request 1 failed', 'a: request 2 failed']);
    });

    it('should name a connection once', () => {
      const progress = progressOf();
      stateOf(progress, 'backoff', 'connection "a": a send took longer than 300 ms');
      stateOf(progress, 'backoff', 'a: gone');
      stateOf(progress, 'backoff', 'all is lost');
      expect(told).to.deep.equal(['a: a send took longer than 300 ms', 'a: gone', 'a: all is lost']);
    });

    it('should tell why the first line was rejected, for each connection', () => {
      const progress = progressOf();
      const events = read(progress, 5);
      for (const [at, event] of events.entries()) {
        const outcome = dropped(event, at === 0 ? 'attempts' : 'rejected', at % 2 === 0 ? 'a' : 'b');
        progress.settled({ ...outcome, error: new Error(`b: answered 400:\nno ${at}`) });
      }
      expect(told).to.deep.equal([
        'b: rejected line 2: answered 400: no 1',
        'a: rejected line 3: b: answered 400: no 2',
      ]);
    });
  });

  describe('in words', () => {
    it('should group digits', () => {
      expect([0, 999, 1_000, 12_345.6, 1_234_567].map(grouped)).to.deep.equal([
        '0',
        '999',
        '1,000',
        '12,346',
        '1,234,567',
      ]);
    });

    it('should have units of bytes', () => {
      expect([0, 999, 1_000, 1_250_000, 999_950, 123_456_789, 5e9, 5e15].map(bytesText)).to.deep.equal([
        '0 B',
        '999 B',
        '1.0 kB',
        '1.3 MB',
        '1.0 MB',
        '123 MB',
        '5.0 GB',
        '5000 TB',
      ]);
    });

    it('should write times as clocks do', () => {
      expect([0, 59_499, 59_500, 600_000, 3_599_999, 3_725_000].map(clockText)).to.deep.equal([
        '0:00',
        '0:59',
        '1:00',
        '10:00',
        '1:00:00',
        '1:02:05',
      ]);
    });

    it('should write latencies', () => {
      expect([undefined, 0.4, 1, 23.4, 999.4, 999.5, 12_345].map(latencyText)).to.deep.equal([
        '-',
        '<1 ms',
        '1 ms',
        '23 ms',
        '999 ms',
        '1.0 s',
        '12.3 s',
      ]);
    });

    it('should not be at 100 % before the end', () => {
      expect([0, 0.005, 0.994, 0.999, 1].map(percentText)).to.deep.equal([
        '0 %',
        '1 %',
        '99 %',
        '99 %',
        '100 %',
      ]);
    });

    it('should have errors on one line, whatever was thrown', () => {
      expect(errorText(new Error(' a\r\n\tb\u001b[2J\u0000c '))).to.equal('a b [2J c');
      expect(errorText(new TypeError())).to.equal('TypeError');
      expect([undefined, null, 'text', { a: 1 }].map(errorText)).to.deep.equal([
        'undefined',
        'null',
        'text',
        '[object Object]',
      ]);
    });
  });
});

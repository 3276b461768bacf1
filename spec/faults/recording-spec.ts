/** What is read from a recording, and how it is told. */
import { expect } from 'chai';
import { TimeoutError } from 'rxjs';
import type { BalancerActivity } from '../../src/index.js';
import { Recording } from './recording.js';
import { problems, tables, type Told } from './report.js';

describe('recording', () => {
  let now: number;
  let recording: Recording;

  beforeEach(() => {
    now = 0;
    recording = new Recording(1_000, () => now);
  });

  const state = (at: number, connection: string, name: 'up' | 'backoff', delay = 0): void => {
    now = at;
    const backoff = name === 'backoff' ? { delay, error: new Error('broke off') } : {};
    recording.activity({ type: 'state', connection, state: name, ...backoff });
  };

  /** Sent 5 ms before. */
  const delivered = (n: number, at: number, connection: string): void => {
    const event = { n, text: '' };
    now = at - 5;
    recording.sent(event);
    now = at;
    recording.outcome({ status: 'delivered', event, value: undefined, connection, attempts: 1 });
  };

  const told = (at: number, activity: BalancerActivity): void => {
    now = at;
    recording.activity(activity);
  };

  it('should tell latencies', () => {
    for (let n = 0; n < 100; n++) {
      now = 0;
      recording.sent({ n, text: '' });
    }
    for (let n = 0; n < 100; n++) {
      now = n + 1;
      const event = { n, text: '' };
      recording.outcome({ status: 'delivered', event, value: undefined, connection: 'a', attempts: 1 });
    }
    expect(recording.latency()).to.deep.equal({ median: 50, p99: 99, longest: 100 });
  });

  it('should tell when a connection pulled no more, and the longest backoff', () => {
    state(10, 'a', 'up');
    state(20, 'b', 'backoff', 900);
    state(30, 'a', 'backoff', 100);
    state(40, 'a', 'backoff', 300);
    expect(recording.leftUpAfter(15, 'a')).to.equal(30);
    expect(recording.leftUpAfter(45, 'a')).to.equal(undefined);
    expect(recording.longestBackoff(0, 45, 'a')).to.equal(300);
    expect(recording.longestBackoff(0, 35, 'a')).to.equal(100);
    expect(recording.errorsOf('a')).to.deep.equal(['Error: broke off']);
  });

  it('should tell when any connection was up for the first time', () => {
    state(10, 'a', 'up');
    state(20, 'a', 'backoff');
    state(30, 'b', 'up');
    state(40, 'a', 'up');
    expect(recording.firstUpAfter(15)).to.equal(30);
    expect(recording.firstUpAfter(45)).to.deep.equal(NaN);
  });

  it('should count drops, but for those where a good place took too long', () => {
    const reset = new Error('reset');
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- it is what a balancer gives
    const late = new TimeoutError();
    for (const failures of [
      [],
      [{ connection: 'good', error: reset }],
      [{ connection: 'bad', error: late }],
      [
        { connection: 'bad', error: late },
        { connection: 'good', error: late },
      ],
    ]) {
      const event = { n: 0, text: '' };
      recording.outcome({
        status: 'dropped',
        event,
        reason: 'attempts',
        error: reset,
        attempts: 3,
        failures,
      });
    }
    expect(recording.droppedInVain(['bad'])).to.equal(3);
    expect(recording.droppedInVain([])).to.equal(2);
  });

  it('should give a share back only after a hundred deliveries of which enough are its', () => {
    for (let n = 0; n < 150; n++) {
      // Until the 60th none, then every other one.
      delivered(n, 1_000 + n, n >= 60 && n % 2 === 0 ? 'a' : 'b');
    }
    // Of the hundred up to the 140th, 40 are its: four fifths of a half.
    expect(recording.shareBackAfter(1_000, 'a', 2)).to.equal(1_138);
    expect(recording.shareBackAfter(1_060, 'a', 2)).to.equal(undefined);
  });

  it('should count sends and deliveries in a span of time', () => {
    told(10, { type: 'attempt', connection: 'a', events: 1, attempt: 1 });
    told(20, { type: 'attempt', connection: 'b', events: 1, attempt: 1 });
    told(30, { type: 'attempt', connection: 'a', events: 1, attempt: 1 });
    expect(recording.startedBetween(10, 30, 'a')).to.equal(1);
    delivered(0, 50, 'a');
    delivered(1, 60, 'a');
    expect(recording.deliveredBetween(50, 60)).to.equal(1);
  });

  it('should tell how many waited at most', () => {
    told(10, { type: 'queue', waiting: 3, retrying: 4, inFlight: 0 });
    told(20, { type: 'queue', waiting: 0, retrying: 1, inFlight: 0 });
    expect(recording.largestBacklog).to.equal(7);
  });

  it('should tell how long so many deliveries took', () => {
    for (let n = 0; n < 10; n++) {
      delivered(n, 100 + n, 'a');
    }
    expect(recording.timeToDeliver(3, 103)).to.equal(2);
    expect(recording.timeToDeliver(8, 103)).to.deep.equal(NaN);
  });
});

describe('report', () => {
  const goal = { what: 'time', asked: '5 ms', measured: 4.321, unit: 'ms', reached: true };
  const day = (goals: Told['account']['goals'], wrong: readonly string[] = []): Told => ({
    day: { name: 'rain', what: 'it rains' },
    account: {
      statement: {
        sent: 2_000,
        delivered: 1_998,
        dropped: { attempts: 2 },
        arrived: 1_999,
        duplicates: 3,
        droppedButArrived: 1,
        lost: 4,
        problems: wrong,
      },
      latency: { median: 1.2345, p99: 12.345, longest: 123.45 },
      problems: [],
      movedAway: 0.5,
      shareBack: NaN,
      goals,
    },
  });

  it('should tell a day in a row, and goals of one kind in another', async () => {
    const cells = (await tables([day([goal]), day([{ ...goal, measured: 7, reached: false }])]))
      .split('\n')
      .map((line) => line.replace(/ +/g, ' '));
    expect(cells).to.include(
      '| **rain**: it rains | 2,000 | 1,998 | 2 attempts (1 in a file) | 1,999 | 3 | 4 | 1.23 | 12.3 | 123 | 0.5 | never |',
    );
    expect(cells).to.include('| time | 5 ms | 4.32 to 7 ms | not rain |');
  });

  it('should tell of what never was, and of what must not be', async () => {
    const never = { ...goal, measured: NaN, reached: false };
    const days = [day([never], ['1 events have no outcome: 0'])];
    expect(await tables(days)).to.match(/\| time +\| 5 ms +\| never +\| not rain \|/);
    expect(problems(days)).to.deep.equal(['rain: 1 events have no outcome: 0', 'rain: time: never']);
  });
});

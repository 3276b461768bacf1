/** What specs in virtual time have in common: how they run, and how they draw outcomes and sends. */
import { expect } from 'chai';
import { map, type OperatorFunction } from 'rxjs';
import { TestScheduler, type RunHelpers } from 'rxjs/testing';
import { isDelivered, type Outcome } from '../src/index.js';
import type { FakeLog } from '../src/testing/index.js';

/** Runs a test in virtual time. */
export function run(test: (helpers: RunHelpers) => void): void {
  new TestScheduler((actual, expected) => {
    expect(actual).to.deep.equal(expected);
  }).run(test);
}

/** A delivered event as it is, a dropped one in capitals. */
export const drawn: OperatorFunction<Outcome<string>, string> = map((outcome) =>
  isDelivered(outcome) ? outcome.event : outcome.event.toUpperCase(),
);

/** `a@here 2`: a was delivered by here, with its second send. `a attempts 3`: it was dropped after the third. */
export const inShort: OperatorFunction<Outcome<string>, string> = map((outcome) =>
  isDelivered(outcome)
    ? `${outcome.event}@${outcome.connection} ${outcome.attempts}`
    : `${outcome.event} ${outcome.reason} ${outcome.attempts}`,
);

/** What a connection was sent, as the messages that marbles are read into. */
export function sends({ sent }: FakeLog<string>): unknown {
  return sent.map(({ frame, event }) => ({
    frame,
    notification: { kind: 'N', value: event, error: undefined },
  }));
}

/** A diagram of what a connection should have been sent. */
export function diagram(marbles: string): unknown {
  return TestScheduler.parseMarbles(marbles, undefined, undefined, undefined, true);
}

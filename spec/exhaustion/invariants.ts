/** What a balancer must do and must not, at each send, at each outcome, after each step, and at the end. */
import type { Outcome, SendContext } from '../../src/index.js';
import type { Known } from './known.js';
import type { Passage } from './passage.js';
import type { Place } from './place.js';

/** A send begins: it may, it is the turn of its connection, and that of its events. */
export function atSend(known: Known, place: Place, passages: readonly Passage[], context: SendContext): void {
  const { name, plan, flights, state } = place;
  const note = (what: string): void => {
    known.note(`${name} is sent ${passages.map(({ event }) => event).join()} ${what}`);
  };
  if (known.ended !== undefined || known.closing) {
    note('after the end');
  }
  if (!place.ready) {
    note(`and is not ready: ${state}, ${flights.length}/${place.window} in flight`);
  }
  if (passages.length === 0 || passages.length > (plan.batch?.size ?? 1)) {
    note(`in one send of ${passages.length} events`);
  }
  if (context.attempt !== 1 + Math.max(...passages.map(({ starts }) => starts))) {
    note(`as attempt ${context.attempt}`);
  }
  if (
    known.plan.inside === undefined &&
    known.members.every((member) => member.plan.batch?.linger === undefined)
  ) {
    lookAtTheLine(known, place);
  }
  for (const passage of passages) {
    lookAtTheQueue(known, place, passage);
    passage.at = 'send';
    passage.starts++;
  }
}

/** Whoever stands before it in line wants nothing of what waits, and goes to the back (R3). */
function lookAtTheLine(known: Known, place: Place): void {
  const before = known.members.filter(({ turn }) => turn > 0 && turn < place.turn);
  for (const other of before.sort((a, b) => a.turn - b.turn)) {
    if (known.waiting.some((passage) => !known.refuses(passage, other))) {
      known.note(`${place.name} pulls, and it is the turn of ${other.name}`);
    }
    known.toTheBack(other);
  }
}

/** No other event has to be taken before it (R2, R4). */
function lookAtTheQueue(known: Known, place: Place, taken: Passage): void {
  if (taken.at !== 'queue' || taken.due !== undefined) {
    known.note(`${place.name} is sent ${taken.event}, which does not wait`);
    return;
  }
  if (known.plan.source === 'stream' && known.refuses(taken, place)) {
    known.note(`${place.name} is sent ${taken.event}, which has failed there and need not`);
  }
  const untried = known.waiting.filter(({ putBacks }) => putBacks === 0);
  const oldest = Math.min(...untried.map(({ event }) => event));
  for (const other of known.waiting) {
    if (other !== taken && isBefore(other, taken, place, oldest) && !known.refuses(other, place)) {
      known.note(`${place.name} is sent ${taken.event} before ${other.event}`);
    }
  }
}

/** Which of two events comes first, for a connection, while a new one is the oldest of its kind (R2). */
function isBefore(one: Passage, other: Passage, { probation }: Place, oldest: number): boolean {
  const rank = ({ putBacks, behind }: Passage): number => {
    if (putBacks === 0) {
      return probation ? 0 : 3;
    }
    // Put back again, it goes behind what was new then.
    return putBacks === 1 ? 1 : behind > oldest ? 4 : 2;
  };
  return rank(one) === rank(other) ? one.order - other.order < 0 : rank(one) < rank(other);
}

/** An outcome: it is the one that its event must have. */
export function atOutcome(known: Known, outcome: Outcome<number>): void {
  const { event, attempts } = outcome;
  const passage = known.passages[event];
  const what = `${event} is ${outcome.status}${outcome.status === 'dropped' ? `, ${outcome.reason},` : ''}`;
  if (passage === undefined || known.ended !== undefined) {
    known.note(`${what} after the end`);
    return;
  }
  if (passage.at === 'end') {
    known.note(`${what} and had an outcome`);
  }
  if (attempts !== passage.starts) {
    known.note(`${what} after ${attempts} attempts, which were ${passage.starts}`);
  }
  if (outcome.status === 'delivered') {
    const { due } = passage;
    if (typeof due !== 'object' || due.by.name !== outcome.connection || due.value !== outcome.value) {
      known.note(`${what} by ${outcome.connection} with ${String(outcome.value)}, and was not`);
    }
  } else {
    if (
      passage.due === undefined ? !mayDrop(known, passage, outcome.reason) : passage.due !== outcome.reason
    ) {
      known.note(`${what} for no reason`);
    }
    // Every attempt has failed but the one that was in flight.
    const failures = passage.starts - (passage.due === undefined && passage.at === 'send' ? 1 : 0);
    if (outcome.failures.length !== failures) {
      known.note(`${what} with ${outcome.failures.length} failures, which were ${failures}`);
    }
    if (passage.limit === Infinity && outcome.reason === 'attempts') {
      known.note(`${what} and is guaranteed`);
    }
  }
  passage.at = 'end';
}

/** Whether an event that no send has settled may be dropped. */
function mayDrop(known: Known, passage: Passage, reason: string): boolean {
  const { waiting, clock } = known;
  const { queue } = known.plan.options;
  switch (reason) {
    case 'closed':
      return known.closing || known.drained;
    case 'no-connection':
      return passage.at === 'queue' && (known.deserted || clock.frame === known.expiryOf(passage));
    case 'overflow': {
      const untried = waiting.filter(({ putBacks }) => putBacks === 0);
      const first = queue?.overflow === 'drop-oldest' ? untried.at(0) : untried.at(-1);
      const isWanted = known.plan.inside === undefined && known.members.some(({ ready }) => ready);
      return passage === first && waiting.length > (queue?.capacity ?? Infinity) && !isWanted;
    }
    default:
      return false;
  }
}

/** Nothing happens any more, until something happens: whatever had to follow from the last step has followed. */
export function afterStep(known: Known): void {
  if (known.ended !== undefined) {
    lookForLeftovers(known);
    return;
  }
  const { waiting, plan, members } = known;
  const { timeout, queue, drainTimeout = Infinity } = plan.options;
  if (known.closing) {
    known.note('it was told to close, and goes on');
  }
  expectInTime(known, known.sourceOverAt + drainTimeout, 'it drains');
  let open = 0;
  for (const { event, at, due } of known.passages) {
    open += at === 'end' ? 0 : 1;
    if (due !== undefined && at !== 'end') {
      known.note(`${event} is settled and has no outcome`);
    }
  }
  if (known.sourceOver !== undefined && open === 0) {
    known.note('the last event has its outcome, and it goes on');
  }
  const capacity = queue?.capacity ?? Infinity;
  lookAtTheCapacity(known, capacity);
  for (const place of members) {
    lookAtThePlace(known, place, timeout);
  }
  if (waiting.length > 0 && known.deserted) {
    known.note(`${waiting.length} wait, and nobody is left`);
  }
  for (const passage of waiting) {
    expectInTime(known, known.expiryOf(passage), `${passage.event} waits`);
  }
  lookForIdlers(known);
}

/** A deadline has not passed, and a timer will see to it. */
function expectInTime(known: Known, deadline: number, what: string): void {
  const { clock } = known;
  if (clock.frame > deadline) {
    known.note(`${what} for too long`);
  } else if (clock.next > deadline) {
    known.note(`${what}, and nobody looks at the time`);
  }
}

/** New events beyond the capacity are dropped; what was put back is not, and may be more (R22). */
function lookAtTheCapacity(known: Known, capacity: number): void {
  const { waiting, waitingBefore, putBacks, putBacksBefore } = known;
  const untried = waiting.filter((passage) => passage.putBacks === 0).length;
  const more = putBacks === putBacksBefore && waiting.length > Math.max(capacity, waitingBefore);
  if (untried > capacity || more) {
    known.note(`${waiting.length}/${capacity} wait`);
  }
  known.waitingBefore = waiting.length;
  known.putBacksBefore = putBacks;
}

/** A connection is open as long as it should be, and no send on it takes too long. */
function lookAtThePlace(known: Known, place: Place, timeout: Known['plan']['options']['timeout']): void {
  const { name, states, flights, listed, member, failed, completed, paused, wantsPause } = place;
  const now = known.clock.frame;
  for (const { startedAt, observer, cancelled } of flights) {
    expectInTime(known, startedAt + timeout.send, `${name} sends`);
    if (observer === undefined || cancelled) {
      known.note(`a send of ${name} is not heard`);
    }
  }
  expectInTime(known, place.connectingSince + timeout.connect, `${name} is connecting`);
  if (states.open > 0 && flights.length === 0 && (!listed || failed || completed)) {
    known.note(`${name} is still open`);
  }
  if (flights.length > 0 && place.state !== 'up') {
    known.note(`${name} is ${place.state}, and its sends go on`);
  }
  const isWaiting = [...known.waits].some((wait) => wait.place === place && !wait.isPause);
  if (listed && !member && !completed && !place.hasGivenUp) {
    known.note(`${name} is listed, and is not opened`);
  }
  if (member && !completed && states.open === 0 && !isWaiting) {
    known.note(`${name} is closed, and is not to be opened again`);
  }
  if (failed && flights.length > 0 && timeout.send === Infinity && listed && !completed && !isWaiting) {
    known.note(`${name} is broken, and its sends may take as long as they like`);
  }
  if (member && (wantsPause || (paused && now > place.pausedUntil))) {
    known.note(`${name} has to pause`);
  }
}

/** Nobody who is ready leaves an event waiting, or a source unasked (R1, R4). */
function lookForIdlers(known: Known): void {
  const { members, waiting, available, plan, iterator, clock } = known;
  for (const place of members) {
    if (!place.ready) {
      continue;
    }
    const { size = 0, linger = 0 } = place.plan.batch ?? {};
    if (linger > 0 && waiting.length < size && known.sourceOver === undefined) {
      if (waiting.length > 0) {
        expectInTime(known, clock.frame + linger, `${place.name} lingers`);
      }
      continue;
    }
    for (const passage of waiting) {
      if (passage.putBacks > 0 && passage.avoids(place, available)) {
        expectInTime(
          known,
          passage.since + plan.options.timeout.send,
          `${passage.event} avoids ${place.name}`,
        );
      } else {
        known.note(`${place.name} idles, and ${passage.event} waits`);
      }
    }
    if (plan.source !== 'stream' && waiting.length === 0 && !iterator.asked && !iterator.exhausted) {
      known.note(`${place.name} idles, and the source is not asked`);
    }
  }
}

/** An iterator is asked only when somebody is ready, and there is room (R1). */
export function atAsking(known: Known): void {
  const { iterator, members, passages } = known;
  if (iterator.asked || iterator.exhausted || iterator.returns > 0 || known.ended !== undefined) {
    known.note('the source is asked, and must not be');
  }
  if (!members.some(({ ready }) => ready)) {
    known.note('the source is asked, and nobody is ready');
  }
  let room = 0;
  for (const { active, window, flights, plan } of members) {
    room += Math.max(active ? window : 0, flights.length) * (plan.batch?.size ?? 1);
  }
  const inMemory = passages.filter(({ at }) => at !== 'end').length;
  if (inMemory > room) {
    known.note(`the source is asked with ${inMemory} events in memory, and room for ${room}`);
  }
}

/** Once it has ended, everything is torn down (R20). */
function lookForLeftovers(known: Known): void {
  const { clock, members, waits, iterator, plan, passages, ended } = known;
  if (clock.pending > 0) {
    known.note(`${clock.pending} timers after the end`);
  }
  if (waits.size > 0) {
    known.note(`${waits.size} waits after the end`);
  }
  for (const { name, states, sizes, flights } of members) {
    if (states.open + sizes.open + flights.length > 0) {
      known.note(`${name} is open after the end, with ${flights.length} in flight`);
    }
  }
  if (plan.source !== 'stream' && iterator.returns !== (iterator.exhausted ? 0 : 1)) {
    known.note(`the iterator is returned ${iterator.returns} times`);
  }
  if (ended === 'unsubscription') {
    return;
  }
  for (const { event, at } of passages) {
    if (at !== 'end') {
      known.note(`${event} has no outcome`);
    }
  }
  if (known.sourceOver === undefined && !known.closing && !(plan.source !== 'stream' && known.deserted)) {
    known.note('it has ended, and the source has not');
  }
  if ((ended === 'error') !== (known.sourceOver === 'error')) {
    known.note(`it has ended with ${ended}`);
  }
}

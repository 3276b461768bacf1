/** This package over iterables, and the bare loop `for await`. */
import { eachOutcomeFrom, loadBalanceFrom } from 'rxjs-load-balance';
import type { Contender, Work } from '../work.js';
import { connectionsTo } from './connectionsTo.js';
import { deliveredOf } from './deliveredOf.js';
import { roundRobin } from './roundRobin.js';

type Promised = Work<Promise<unknown>>;
type Source = (events: readonly number[]) => Iterable<number> | AsyncIterable<number>;

const array: Source = (events) => events;

/** The least that an async generator does. */
export async function* generated(events: readonly number[]): AsyncGenerator<number> {
  for (const event of events) {
    yield event;
  }
}

const balanced =
  (source: Source): Contender =>
  ({ events, senders, window }) =>
    deliveredOf(loadBalanceFrom(source(events), connectionsTo(senders, window)));

const each =
  (source: Source): Contender =>
  async ({ events, senders, window }) => {
    let delivered = 0;
    for await (const { status } of eachOutcomeFrom(source(events), connectionsTo(senders, window))) {
      delivered += Number(status === 'delivered');
    }
    return delivered;
  };

export const fromArray = balanced(array);
export const fromGenerator = balanced(generated);
export const eachOfArray = each(array);
export const eachOfGenerator = each(generated);

export const oneSendAtATime: Contender = async ({ events, senders }: Promised) => {
  const send = roundRobin(senders);
  let delivered = 0;
  for await (const event of generated(events)) {
    await send(event);
    delivered++;
  }
  return delivered;
};

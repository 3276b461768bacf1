/** RxJS's own operators, as a user would put them together. */
import { defer, from, mergeMap, retry, timeout, type ObservableInput } from 'rxjs';
import { sendTimeout, type Contender } from '../work.js';
import { valuesOf } from './deliveredOf.js';
import { roundRobin } from './roundRobin.js';

type OfRxJS = Contender<ObservableInput<unknown>>;

export const merged: OfRxJS = ({ events, senders, window }) => {
  const send = roundRobin(senders);
  return valuesOf(from(events).pipe(mergeMap((event) => send(event), senders.length * window)));
};

export const withRetry: OfRxJS = ({ events, senders, window, attempts }) => {
  const send = roundRobin(senders);
  const sent = (event: number) => defer(() => send(event)).pipe(retry(attempts - 1));
  return valuesOf(from(events).pipe(mergeMap(sent, senders.length * window)));
};

export const withTimeoutAndRetry: OfRxJS = ({ events, senders, window, attempts }) => {
  const send = roundRobin(senders);
  const sent = (event: number) => defer(() => send(event)).pipe(timeout(sendTimeout), retry(attempts - 1));
  return valuesOf(from(events).pipe(mergeMap(sent, senders.length * window)));
};

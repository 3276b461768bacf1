/** RxJS's operator, fed by a Subject. */
import { mergeMap, Subject, type ObservableInput } from 'rxjs';
import type { LiveContender } from '../../work.js';
import { roundRobin } from '../roundRobin.js';

export const mergedBySubject: LiveContender<ObservableInput<unknown>> = ({ senders, window }, settled) => {
  const send = roundRobin(senders);
  const event$ = new Subject<number>();
  event$.pipe(mergeMap((event) => send(event), senders.length * window)).subscribe(() => {
    settled(true);
  });
  return (event) => {
    event$.next(event);
  };
};

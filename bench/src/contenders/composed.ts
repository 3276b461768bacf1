/** The balancer written with RxJS's own operators, the readable model: `examples/composed.ts`. */
import { from, NEVER, type ObservableInput } from 'rxjs';
// The same path from the source and from what is compiled of it.
import { composed } from '../../../dist/examples/composed.js';
import { sendTimeout, type Contender } from '../work.js';
import { connectionsTo } from './connectionsTo.js';
import { deliveredOf } from './deliveredOf.js';

export const composedBalancer: Contender<ObservableInput<unknown>> = ({
  events,
  senders,
  window,
  attempts,
}) =>
  deliveredOf(
    from(events).pipe(
      composed(connectionsTo(senders, window), {
        maxAttempts: attempts,
        guaranteed: () => false,
        timeout: { connect: 30_000, send: sendTimeout },
        reconnectDelay: 1_000,
        closeOn: NEVER,
      }),
    ),
  );

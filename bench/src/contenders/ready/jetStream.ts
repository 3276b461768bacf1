/** The messages of a consumer over `jetStreamBalancer`, to connections that take them at once. */
import type { JsMsg } from '@nats-io/jetstream';
import { BehaviorSubject, Subject } from 'rxjs';
import type { BatchConnection, Connection, ConnectionState } from 'rxjs-load-balance';
import { jetStreamBalancer } from 'rxjs-load-balance/jetstream';
import type { Reader, Reading } from '../../reading.js';

export const balanced: Reader = async (reading) => {
  const { consumer, count } = reading;
  const drain$ = new Subject<void>();
  const connections = connectionsTo(reading);
  return new Promise((resolve, reject) => {
    let acknowledged = 0;
    const ended = new Promise<void>((end) => {
      jetStreamBalancer({ consumer, connections, drainOn: drain$ }).subscribe({
        next: ({ settlement }) => {
          acknowledged += Number(settlement === 'ack');
          if (acknowledged === count) {
            resolve({
              acknowledged,
              end: () => {
                drain$.next();
                return ended;
              },
            });
          }
        },
        error: reject,
        complete: end,
      });
    });
  });
};

function connectionsTo(reading: Reading): (Connection<JsMsg> | BatchConnection<JsMsg>)[] {
  const { size, tally, window } = reading;
  const take = async (messages: readonly JsMsg[]) => {
    for (const message of messages) {
      tally.add(Number(message.string()));
    }
  };
  const sending =
    size === 1 ? { send: (message: JsMsg) => take([message]) } : { batch: { size, send: take } };
  return Array.from({ length: reading.connections }, (_, index) => ({
    name: `sender ${index}`,
    state$: new BehaviorSubject<ConnectionState>('up'),
    window,
    ...sending,
  }));
}

/**
 * A program that is a worker, leaves, drains its NATS connection, and then has to end by itself.
 *
 * Arguments: the port of the server, and how it leaves.
 */
import { jetstream, type JsMsg } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { BehaviorSubject, delay, elementAt, finalize, NEVER, Subject, type Observable } from 'rxjs';
import type { Connection, ConnectionState } from '../../../src/index.js';
import { jetStreamBalancer, jetStreamMessages } from '../../../src/jetStream/index.js';

const [, , port = '', how = ''] = process.argv;

const nats = await connect({ servers: `127.0.0.1:${port}`, user: 'ship-user', pass: 'open sesame' });
const consumer = await jetstream(nats).consumers.get('EVENTS', 'workers');

/** Emits for each message that is delivered, or is in a send that has no end. */
const seen$ = new Subject<string>();
/** When those are all four; not in the middle of an outcome. */
const leaving$ = seen$.pipe(elementAt(3), delay(0));

/** The fourth message has no end. */
const send = (message: JsMsg): Observable<unknown> | Promise<string> => {
  if (message.string() === 'event 4' && how !== 'drain') {
    seen$.next('in its send');
    return NEVER;
  }
  return Promise.resolve('taken');
};
const place: Connection<JsMsg> = {
  name: 'place',
  state$: new BehaviorSubject<ConnectionState>('up'),
  window: 3,
  send,
};

const leave = async (): Promise<void> => {
  await nats.drain();
  console.log('left');
};

if (how === 'loop') {
  const messages = jetStreamMessages(consumer, { drainOn: leaving$, maxUnacknowledged: 3 });
  for await (const message of messages) {
    messages.settle(message, (latest) => {
      latest.ack();
    });
    console.log('delivered');
    seen$.next('delivered');
  }
  await leave();
} else {
  const subscription = jetStreamBalancer({
    consumer,
    connections: [place],
    ...(how === 'drain' ? { drainOn: leaving$ } : {}),
    ...(how === 'close' ? { closeOn: leaving$ } : {}),
  })
    .pipe(
      finalize(() => {
        void leave();
      }),
    )
    .subscribe(({ settlement, status }) => {
      console.log(`${status}: ${settlement}`);
      seen$.next(status);
    });
  if (how === 'unsubscribe') {
    leaving$.subscribe(() => {
      subscription.unsubscribe();
    });
  }
}

/**
 * A worker, in a process of its own: it writes down what it delivers before it says that it has, and what became of it.
 *
 * Arguments: the port of the server, and how long a send lasts in milliseconds; `never` for one that does not end.
 */
import { appendFileSync } from 'node:fs';
import { jetstream, type JsMsg } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { BehaviorSubject, NEVER, timer, type Observable } from 'rxjs';
import type { Connection, ConnectionState } from '../../../src/index.js';
import { jetStreamBalancer } from '../../../src/jetStream/index.js';

const [, , port = '', lasts = ''] = process.argv;

const send = (message: JsMsg): Observable<unknown> => {
  appendFileSync('delivered', `${message.string()}\n`);
  return lasts === 'never' ? NEVER : timer(Number(lasts));
};
const state$ = new BehaviorSubject<ConnectionState>('up');
const place: Connection<JsMsg> = { name: 'place', state$, window: 2, send };

const nats = await connect({
  servers: `127.0.0.1:${port}`,
  user: 'ship-user',
  pass: 'open sesame',
  maxReconnectAttempts: -1,
});
const consumer = await jetstream(nats).consumers.get('EVENTS', 'workers');
jetStreamBalancer({ consumer, connections: [place] }).subscribe(({ event }) => {
  appendFileSync('outcomes', `${event.string()}\n`);
});
appendFileSync('state', 'ready\n');

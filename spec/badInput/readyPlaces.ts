/** Every argument and option of the ready-made connections. */
import { bulk, httpConnection } from '../../src/connections/http.js';
import { natsConnection } from '../../src/connections/nats.js';
import { redisConnection } from '../../src/connections/redis.js';
import { tcpConnection } from '../../src/connections/tcp.js';
import { webSocketConnection } from '../../src/connections/webSocket.js';
import {
  aBoolean,
  aCount,
  aDelay,
  aFunction,
  aLimit,
  anObject,
  aNumber,
  aString,
  either,
  nothing,
  optional,
  type Kind,
} from './kinds.js';
import { untouched$, type Place } from './place.js';
import { propertiesOf, untyped } from './properties.js';

const send = (): typeof untouched$ => untouched$;

// ---- './http'

const http = (options: object): unknown => untyped(httpConnection)('http://127.0.0.1:1/', options);

const format = { encode: send };

const httpPlaces: readonly Place[] = [
  { who: 'httpConnection', option: 'url', takes: nothing, put: untyped(httpConnection) },
  {
    who: 'httpConnection',
    option: 'options',
    takes: optional(anObject),
    put: (options) => untyped(httpConnection)('http://127.0.0.1:1/', options),
  },
  ...propertiesOf(
    'httpConnection',
    '',
    {},
    {
      name: optional(aString),
      window: optional(aCount(0)),
      classify: optional(aFunction),
      tls: optional(anObject),
      maxResponseSize: optional(aCount(0)),
      // Whatever the path is, it is one of this origin.
      health: optional(aString),
    },
    http,
  ),
  {
    who: 'httpConnection',
    option: 'format',
    takes: optional(nothing),
    put: (value) => http({ format: value }),
  },
  { who: 'httpConnection', option: 'batch', takes: optional(nothing), put: (batch) => http({ batch }) },
  ...propertiesOf(
    'httpConnection',
    'format.',
    format,
    { encode: aFunction, read: optional(aFunction) },
    (value) => http({ format: value }),
  ),
  ...propertiesOf('httpConnection', 'batch.', { size: 1 }, { size: aCount(1) }, (batch) => http({ batch })),
  ...propertiesOf(
    'httpConnection',
    'health.',
    { path: '/' },
    { path: aString, interval: optional(aLimit), timeout: optional(aLimit) },
    (health) => http({ health }),
  ),
];

const headerPlace: Place = {
  who: 'httpConnection',
  option: 'headers["x-odd"]',
  takes: aString,
  put: (value) => http({ headers: { 'x-odd': value } }),
};

const bulkPlaces: readonly Place[] = propertiesOf(
  'bulk',
  '',
  {},
  {
    action: optional(nothing),
    index: optional(aString),
    id: optional(aFunction),
    routing: optional(aFunction),
    document: optional(aFunction),
  },
  untyped(bulk),
);

// ---- './tcp'

const tcp = (options: object): unknown => untyped(tcpConnection)('tls://127.0.0.1:1', options);

const tcpPlaces: readonly Place[] = [
  { who: 'tcpConnection', option: 'url', takes: nothing, put: untyped(tcpConnection) },
  {
    who: 'tcpConnection',
    option: 'options',
    takes: optional(anObject),
    put: (options) => untyped(tcpConnection)('tcp://127.0.0.1:1', options),
  },
  ...propertiesOf(
    'tcpConnection',
    '',
    {},
    {
      name: optional(aString),
      window: optional(aCount(0)),
      classify: optional(aFunction),
      encode: optional(aFunction),
      read: optional(aFunction),
      framing: optional(nothing),
      unacknowledged: optional(aBoolean),
      tls: optional(anObject),
      keepAlive: optional(aLimit),
      connectTimeout: optional(aLimit),
      idleTimeout: optional(aLimit),
      maxAnswerSize: optional(aCount(0)),
      batch: optional(nothing),
    },
    tcp,
  ),
  ...propertiesOf(
    'tcpConnection',
    'batch.',
    { size: 1 },
    { size: aCount(1), linger: optional(aDelay) },
    (batch) => tcp({ batch }),
  ),
];

// ---- './websocket'

const webSocket = (options: object): unknown => untyped(webSocketConnection)('wss://127.0.0.1:1/', options);

const webSocketPlaces: readonly Place[] = [
  { who: 'webSocketConnection', option: 'url', takes: nothing, put: untyped(webSocketConnection) },
  {
    who: 'webSocketConnection',
    option: 'options',
    takes: optional(anObject),
    put: (options) => untyped(webSocketConnection)('ws://127.0.0.1:1/', options),
  },
  ...propertiesOf(
    'webSocketConnection',
    '',
    {},
    {
      name: optional(aString),
      window: optional(aCount(0)),
      classify: optional(aFunction),
      encode: optional(aFunction),
      decode: optional(aFunction),
      protocol: optional(either(aString, (value) => Array.isArray(value) && value.every(aString))),
      WebSocketCtor: optional(aFunction),
      tls: optional(anObject),
      batch: optional(nothing),
    },
    webSocket,
  ),
  ...propertiesOf(
    'webSocketConnection',
    'batch.',
    { size: 1 },
    { size: aCount(1), linger: optional(aDelay) },
    (batch) => webSocket({ batch }),
  ),
];

// ---- './redis'

const redisUrl = 'redis://127.0.0.1';

const redisPlaces: readonly Place[] = [
  {
    who: 'redisConnection',
    option: 'url',
    takes: nothing,
    put: (url) => untyped(redisConnection)(url, { list: 'key' }),
  },
  {
    who: 'redisConnection',
    // An object without a key is none.
    option: '',
    takes: nothing,
    put: (options) => untyped(redisConnection)(redisUrl, options),
  },
  ...propertiesOf(
    'redisConnection',
    '',
    { list: 'key' },
    {
      list: aString,
      side: optional(nothing),
      encode: optional(aFunction),
      tls: optional(anObject),
      pingInterval: optional(either(aNumber(1, 2 ** 31 - 1), (value) => value === Infinity)),
      name: optional(aString),
      window: optional(aCount(0)),
      classify: optional(aFunction),
      batch: optional(nothing),
      maxLength: optional(nothing), // absent beside `list`
      fields: optional(nothing),
    },
    (options) => untyped(redisConnection)(redisUrl, options),
  ),
  {
    who: 'redisConnection',
    // Without one, it is a list that is missing.
    option: '',
    takes: aString,
    put: (stream) => untyped(redisConnection)(redisUrl, { stream }),
  },
  ...propertiesOf(
    'redisConnection',
    '',
    { stream: 'key' },
    {
      maxLength: optional(aCount(1)),
      fields: optional(aFunction),
      side: optional(nothing),
      list: optional(nothing),
    },
    (options) => untyped(redisConnection)(redisUrl, options),
  ),
  ...propertiesOf(
    'redisConnection',
    'batch.',
    { size: 1 },
    { size: aCount(1), linger: optional(aDelay) },
    (batch) => untyped(redisConnection)(redisUrl, { list: 'key', batch }),
  ),
];

// ---- './nats'

/** Words with dots between them. */
const aSubject: Kind = (value) => typeof value === 'string' && /^[^\s.*>]+(\.[^\s.*>]+)*$/.test(value);

const natsUrl = 'nats://127.0.0.1:1';

const nats = (options: object): unknown => untyped(natsConnection)(natsUrl, { subject: 'a', ...options });

const natsPlaces: readonly Place[] = [
  {
    who: 'natsConnection',
    option: 'url',
    takes: nothing,
    put: (url) => untyped(natsConnection)(url, { subject: 'a' }),
  },
  {
    who: 'natsConnection',
    option: 'url[1]',
    takes: nothing,
    put: (url) => untyped(natsConnection)([natsUrl, url], { subject: 'a' }),
  },
  {
    who: 'natsConnection',
    // An object without a subject is none.
    option: '',
    takes: nothing,
    put: (options) => untyped(natsConnection)(natsUrl, options),
  },
  ...propertiesOf(
    'natsConnection',
    '',
    {},
    {
      name: optional(aString),
      window: optional(aCount(0)),
      classify: optional(aFunction),
      encode: optional(aFunction),
      headers: optional(aFunction),
      read: optional(aFunction),
      tls: optional(anObject),
      authenticator: optional(aFunction),
      pingInterval: optional(aNumber(1, 2 ** 31 - 1)),
      token: optional((value) => aString(value) && value !== ''),
      batch: optional(nothing),
      // What is not a word may be a function.
      subject: either(aFunction, aSubject),
      inboxPrefix: optional(aSubject),
      jetStream: optional(either((value) => value === true, anObject)),
    },
    nats,
  ),
  ...propertiesOf(
    'natsConnection',
    'batch.',
    { size: 1 },
    { size: aCount(1), linger: optional(aDelay) },
    (batch) => nats({ batch }),
  ),
  ...propertiesOf(
    'natsConnection',
    'jetStream.',
    {},
    { messageId: optional(aFunction), expectStream: optional(aString) },
    (jetStream) => nats({ jetStream }),
  ),
];

/** They. */
export const readyPlaces: readonly Place[] = [
  ...httpPlaces,
  headerPlace,
  ...bulkPlaces,
  ...tcpPlaces,
  ...webSocketPlaces,
  ...redisPlaces,
  ...natsPlaces,
];

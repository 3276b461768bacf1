/** Every argument and option of the functions that make connections and delays. */
import { connection, exponentialBackoff } from '../../src/index.js';
import { asyncConnection, failover, syncConnection } from '../../src/libbeat/index.js';
import {
  aCount,
  aDelay,
  aFunction,
  aLimit,
  aListOfFunctions,
  anObject,
  aNumber,
  aString,
  nothing,
  optional,
} from './kinds.js';
import { untouched$, type Place } from './place.js';
import { propertiesOf, untyped, type Call } from './properties.js';

const send = (): typeof untouched$ => untouched$;

// ---- '.'

const client = { name: 'place', open: () => 'client', send };
const bulkClient = { name: 'place', open: () => 'client', batch: { size: 1, send } };

const connectionPlaces: readonly Place[] = [
  { who: 'connection', option: 'config', takes: nothing, put: untyped(connection) },
  ...propertiesOf(
    'connection',
    'config.',
    client,
    {
      name: aString,
      open: aFunction,
      lost: optional(aFunction),
      close: optional(aFunction),
      window: optional(aCount(0)),
      classify: optional(aFunction),
      send: aFunction,
    },
    untyped(connection),
  ),
  {
    who: 'connection',
    option: 'config.',
    takes: nothing,
    put: (batch) => untyped(connection)({ ...bulkClient, batch }),
  },
  ...propertiesOf(
    'connection',
    'config.batch.',
    bulkClient.batch,
    { size: aCount(1), linger: optional(aDelay), send: aFunction },
    (batch) => untyped(connection)({ ...bulkClient, batch }),
  ),
];

const backoffPlaces: readonly Place[] = propertiesOf(
  'exponentialBackoff',
  '',
  {},
  {
    initialDelay: optional(aDelay),
    maxDelay: optional(aDelay),
    factor: optional(aNumber(1, Infinity)),
    jitter: optional(aNumber(0, 1)),
    random: optional(aFunction),
  },
  untyped(exponentialBackoff),
);

// ---- './libbeat'

const libbeatClient = { connect: send, close: send, publish: send, publishAll: send };

const clientPlaces = (who: string, make: Call): readonly Place[] => [
  { who, option: 'client', takes: nothing, put: (value) => make(value) },
  { who, option: 'config', takes: optional(anObject), put: (value) => make(libbeatClient, value) },
  ...propertiesOf(
    who,
    'client.',
    libbeatClient,
    { connect: aFunction, close: aFunction, publish: aFunction },
    make,
  ),
  {
    who,
    option: 'client.publishAll',
    takes: aFunction,
    put: (publishAll) => make({ ...libbeatClient, publishAll }, { batch: { size: 1 } }),
  },
  ...propertiesOf(
    who,
    '',
    {},
    { name: optional(aString), timeout: optional(aLimit), batch: optional(nothing) },
    (config) => make(libbeatClient, config),
  ),
  ...propertiesOf(who, 'batch.', { size: 1 }, { size: aCount(1), linger: optional(aDelay) }, (batch) =>
    make(libbeatClient, { batch }),
  ),
];

const windowPlace: Place = {
  who: 'asyncConnection',
  option: 'window',
  takes: optional(aCount(0)),
  put: (window) => untyped(asyncConnection)(libbeatClient, { window }),
};

const failoverPlaces: readonly Place[] = [
  {
    who: 'failover',
    option: 'connections',
    takes: (value) => aListOfFunctions(value) && (value as unknown[]).length > 0,
    put: untyped(failover),
  },
  {
    who: 'failover',
    option: 'connections[1]',
    takes: aFunction,
    put: (value) => untyped(failover)([send, value]),
  },
  {
    who: 'failover',
    option: 'config',
    takes: optional(anObject),
    put: (config) => untyped(failover)([send], config),
  },
  ...propertiesOf('failover', '', {}, { name: optional(aString), random: optional(aFunction) }, (config) =>
    untyped(failover)([send], config),
  ),
];

/** They. */
export const makerPlaces: readonly Place[] = [
  ...connectionPlaces,
  ...backoffPlaces,
  ...clientPlaces('syncConnection', untyped(syncConnection)),
  ...clientPlaces('asyncConnection', untyped(asyncConnection)),
  windowPlace,
  ...failoverPlaces,
];

/** Every argument and option of './jetstream'. */
import { isObservable } from 'rxjs';
import { jetStreamBalancer, jetStreamMessages, settleMessages } from '../../src/jetStream/index.js';
import {
  aBoolean,
  aCount,
  aDelay,
  aFunction,
  aListOfFunctions,
  anObject,
  anObservableInput,
  aString,
  either,
  nothing,
  optional,
  type Kind,
} from './kinds.js';
import { untouched$, type Place } from './place.js';
import { propertiesOf, untyped, type Call } from './properties.js';

const consumer = { fetch: () => untouched$, info: () => untouched$ };
const connections = [(): typeof untouched$ => untouched$];

/** What asks for messages. */
const asking: Readonly<Record<string, Kind>> = {
  drainOn: optional(either(anObservableInput, (value) => value instanceof AbortSignal)),
  maxUnacknowledged: optional(aCount(1)),
  resumeDelay: optional(either(aDelay, aFunction)),
};

/** What settles them. */
const settling: Readonly<Record<string, Kind>> = {
  ackAck: optional(aBoolean),
  deadLetter: optional(nothing),
};

const letter = { jetStream: { publish: () => untouched$ }, subject: 'dead' };

/** A consumer, in all its parts. */
const consumerPlaces = (who: string, put: Call): readonly Place[] => [
  { who, option: 'consumer', takes: nothing, put },
  ...propertiesOf(who, 'consumer.', consumer, { fetch: aFunction, info: aFunction }, put),
];

/** Where dead letters go, in all its parts. */
const letterPlaces = (who: string, put: Call): readonly Place[] => [
  ...propertiesOf(
    who,
    'deadLetter.',
    letter,
    { jetStream: nothing, subject: either(aFunction, (value) => aString(value) && value !== '') },
    put,
  ),
  ...propertiesOf(who, 'deadLetter.jetStream.', letter.jetStream, { publish: aFunction }, (jetStream) =>
    put({ ...letter, jetStream }),
  ),
];

const balancer = (options: object): unknown =>
  untyped(jetStreamBalancer)({ consumer, connections, ...options });

const messages = (options: object): unknown => untyped(jetStreamMessages)(consumer, options);

const settle = (options: object): unknown =>
  untyped(settleMessages)(untyped(jetStreamMessages)(consumer), options);

/** They. (The options of `loadBalance` are in their own places.) */
export const jetStreamPlaces: readonly Place[] = [
  // An object without a consumer is none.
  { who: 'jetStreamBalancer', option: '', takes: nothing, put: untyped(jetStreamBalancer) },
  ...consumerPlaces('jetStreamBalancer', (value) => balancer({ consumer: value })),
  ...propertiesOf(
    'jetStreamBalancer',
    '',
    {},
    {
      ...asking,
      ...settling,
      connections: either(aListOfFunctions, aFunction, isObservable),
      maxAttempts: optional(aCount(1)),
      queue: optional(nothing),
    },
    balancer,
  ),
  ...letterPlaces('jetStreamBalancer', (deadLetter) => balancer({ deadLetter })),
  ...consumerPlaces('jetStreamMessages', untyped(jetStreamMessages)),
  {
    who: 'jetStreamMessages',
    option: 'options',
    takes: optional(anObject),
    put: (value) => messages(value as object),
  },
  ...propertiesOf('jetStreamMessages', '', {}, asking, messages),
  { who: 'settleMessages', option: 'messages', takes: nothing, put: untyped(settleMessages) },
  {
    who: 'settleMessages',
    option: 'options',
    takes: optional(anObject),
    put: (value) => settle(value as object),
  },
  ...propertiesOf('settleMessages', '', {}, settling, settle),
  ...letterPlaces('settleMessages', (deadLetter) => settle({ deadLetter })),
];

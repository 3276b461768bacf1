/** Every argument and option of the four faces of the balancer. */
import { eachOutcomeFrom, loadBalance, LoadBalancer, loadBalanceFrom } from '../../src/index.js';
import {
  aBoolean,
  aCount,
  aDelay,
  aFunction,
  aLimit,
  aListOfFunctions,
  anIterable,
  anObject,
  anObservableInput,
  aString,
  either,
  nothing,
  optional,
  type Kind,
} from './kinds.js';
import { untouched$, type Place } from './place.js';

type Call = (connections: unknown, options?: unknown) => unknown;

/** Calls a function as somebody without a type checker would. */
const untyped = (called: unknown): ((...args: readonly unknown[]) => unknown) =>
  called as (...args: readonly unknown[]) => unknown;

const faces: Readonly<Record<string, Call>> = {
  loadBalance: untyped(loadBalance),
  loadBalanceFrom: (connections, options) => untyped(loadBalanceFrom)([], connections, options),
  eachOutcomeFrom: (connections, options) => untyped(eachOutcomeFrom)([], connections, options),
  LoadBalancer: (connections, options) => new LoadBalancer(connections as [], options as object),
};

const send = (): typeof untouched$ => untouched$;

/** What is legal for an option, and how it is written into the options. */
const options: Readonly<Record<string, Kind>> = {
  maxAttempts: aCount(1),
  guaranteed: either(aBoolean, aFunction),
  timeout: either(aLimit, anObject),
  'timeout.connect': aLimit,
  'timeout.send': aLimit,
  'timeout.wait': aLimit,
  reconnectDelay: either(aDelay, aFunction),
  closeOn: anObservableInput,
  drainTimeout: aLimit,
  monitor: anObject,
  scheduler: nothing,
};

/** Only where something queues. */
const queueOptions: Readonly<Record<string, Kind>> = {
  queue: anObject,
  'queue.capacity': aCount(0),
  'queue.overflow': nothing,
};

/** The parts of a connection. */
const parts: Readonly<Record<string, Kind>> = {
  name: aString,
  state$: nothing,
  window: optional(aCount(0)),
  classify: optional(aFunction),
  send: aFunction,
};

/** The parts of a connection that takes batches. */
const batchParts: Readonly<Record<string, Kind>> = {
  size: aCount(1),
  linger: optional(aDelay),
  send: aFunction,
};

const optionPlaces = (who: string, call: Call, kinds: Readonly<Record<string, Kind>>): Place[] =>
  Object.entries(kinds).map(([option, takes]) => {
    const [whole = '', part] = option.split('.');
    return {
      who,
      option,
      takes: optional(takes),
      put: (value) => call([], { [whole]: part === undefined ? value : { [part]: value } }),
    };
  });

const connectionPlaces = (who: string, call: Call): Place[] => {
  const at = 'connections[1]';
  const good = { name: 'good', state$: untouched$, send };
  const bulk = { name: 'bulk', state$: untouched$, batch: { size: 1, send } };
  return [
    { who, option: 'connections', takes: either(aFunction, aListOfFunctions), put: (value) => call(value) },
    { who, option: at, takes: aFunction, put: (value) => call([good, value]) },
    { who, option: at, takes: nothing, put: (value) => call([good, { ...bulk, batch: value }]) },
    ...Object.entries(parts).map(([part, takes]) => ({
      who,
      option: `${at}.${part}`,
      takes,
      put: (value: unknown) => call([good, { ...good, [part]: value }]),
    })),
    ...Object.entries(batchParts).map(([part, takes]) => ({
      who,
      option: `${at}.batch.${part}`,
      takes,
      put: (value: unknown) => call([good, { ...bulk, batch: { ...bulk.batch, [part]: value } }]),
    })),
  ];
};

const sourcePlaces: readonly Place[] = [
  {
    who: 'loadBalanceFrom',
    option: 'source',
    takes: anIterable,
    put: (source) => untyped(loadBalanceFrom)(source, []),
  },
  {
    who: 'eachOutcomeFrom',
    option: 'source',
    takes: anIterable,
    put: (source) => untyped(eachOutcomeFrom)(source, []),
  },
];

const hasQueue = (who: string): boolean => who === 'loadBalance' || who === 'LoadBalancer';

/** They. */
export const balancerPlaces: readonly Place[] = [
  ...Object.entries(faces).flatMap(([who, call]) => [
    { who, option: 'options', takes: optional(anObject), put: (value: unknown) => call([], value) },
    ...optionPlaces(who, call, options),
    ...optionPlaces(who, call, hasQueue(who) ? queueOptions : { queue: nothing }),
    ...connectionPlaces(who, call),
  ]),
  ...sourcePlaces,
  ...optionPlaces('eachOutcomeFrom', faces['eachOutcomeFrom'] ?? send, {
    highWaterMark: aCount(1),
    signal: nothing,
  }),
];

/** A `LoadBalancer` that is idle, without types. */
const idle = () => new LoadBalancer([]) as unknown as { readonly publish: Call; readonly publishAll: Call };

/** The arguments of the methods of a `LoadBalancer`. */
export const publishPlaces: readonly Place[] = [
  {
    who: 'LoadBalancer',
    option: 'guaranteed',
    takes: optional(aBoolean),
    put: (guaranteed) => idle().publish('event', { guaranteed }),
  },
  {
    who: 'LoadBalancer',
    option: 'guaranteed',
    takes: optional(aBoolean),
    put: (guaranteed) => idle().publishAll(['event'], { guaranteed }),
  },
  {
    who: 'LoadBalancer',
    option: 'events',
    takes: Array.isArray,
    put: (events) => idle().publishAll(events),
  },
];

/** The front door. */
export { deadLetter, type DeadLetterSink } from '../operators/deadLetter.js';
export { loadBalance } from '../operators/loadBalance.js';
export { toConnections } from '../operators/toConnections.js';
export type {
  AnswerActivity,
  AttemptActivity,
  BalancerActivity,
  OutcomeActivity,
  QueueActivity,
  StateActivity,
} from './activity.js';
export type { CancelSignal, MinimalAbortSignal } from './cancelSignal.js';
export {
  connection,
  type BatchClientConfig,
  type ClientConfig,
  type SingleClientConfig,
} from './clientConnection.js';
export type {
  BatchAnswer,
  BatchConnection,
  Batching,
  Connection,
  ConnectionBase,
  ConnectionInput,
  ConnectionList,
  Connections,
  ConnectionState,
  EventOf,
  FailureKind,
  ItemResult,
  SendContext,
  SendFunction,
  ValueOf,
} from './connection.js';
export { eachOutcomeFrom, type EachOutcomeOptions } from './entry/eachOutcomeFrom.js';
export { LoadBalancer, type LoadBalancerConstructor, type PublishOptions } from './entry/loadBalancer.js';
export { loadBalanceFrom } from './entry/loadBalanceFrom.js';
export { RejectedError, TemporaryError, type TemporaryErrorOptions } from './errors.js';
export { exponentialBackoff, type ExponentialBackoffConfig } from './exponentialBackoff.js';
export type {
  BalanceOptions,
  LoadBalanceOptions,
  QueueOptions,
  ReconnectDelay,
  Timeouts,
} from './options.js';
export {
  isDelivered,
  isDropped,
  type Delivered,
  type DropReason,
  type Dropped,
  type FailedAttempt,
  type Outcome,
} from './outcome.js';

/** The door './jetstream': the queue of many workers, as a stream of NATS JetStream. */
export type { PullConsumer } from './consumerFacts.js';
export { jetStreamBalancer, type JetStreamBalancerConfig } from './jetStreamBalancer.js';
export { jetStreamMessages, type JetStreamMessages } from './jetStreamMessages.js';
export type { DeadLetterOptions, JetStreamMessagesOptions, SettleOptions } from './options.js';
export { settleMessages } from './settleMessages.js';
export type { JetStreamOutcome, Settled, Settlement } from './settlement.js';

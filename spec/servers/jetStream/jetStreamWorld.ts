/** A nats-server with a stream of events and a durable consumer, and the workers that share it. */
import {
  AckPolicy,
  jetstream,
  jetstreamManager,
  type Consumer,
  type ConsumerConfig,
  type JetStreamManager,
  type JsMsg,
  type StreamConfig,
} from '@nats-io/jetstream';
import {
  headers,
  nanos,
  type ConnectionOptions,
  type MsgHdrs,
  type NatsConnection,
} from '@nats-io/transport-node';
import type { ConnectionInput } from '../../../src/index.js';
import { jetStreamBalancer, type JetStreamBalancerConfig } from '../../../src/jetStream/index.js';
import type { Closable } from '../../connections/closedAfterEach.js';
import { NatsServer, type NatsServerConfig } from '../natsServer.js';
import { Worker } from './worker.js';

/** What is set up. */
export interface WorldConfig {
  readonly server?: NatsServerConfig;
  readonly stream?: Partial<StreamConfig>;
  readonly consumer?: Partial<ConsumerConfig>;
  /** The ack wait of the consumer, in milliseconds. Default: that of the server, 30 s. */
  readonly ackWait?: number;
}

/** What the server says of the consumer. */
export interface ConsumerState {
  /** Messages that were never delivered. */
  readonly pending: number;
  /** Messages that are at a worker. */
  readonly unacknowledged: number;
  /** Messages that are at a worker, and not for the first time. */
  readonly redelivered: number;
  /** How many deliveries there were. */
  readonly deliveries: number;
  /** All messages up to this one are settled. */
  readonly floor: number;
  /** Requests of workers that wait for messages. */
  readonly requests: number;
}

/** A message of the stream of dead letters. */
export interface DeadLetter {
  readonly subject: string;
  readonly text: string;
  readonly headers: MsgHdrs;
}

/** The stream, and its consumer. */
export const stream = 'EVENTS';
export const durable = 'workers';

/** The NATS connection of a worker, as README wants it: it waits for a lost server. */
const patient: ConnectionOptions = { maxReconnectAttempts: -1, reconnectTimeWait: 50 };

/** The stream `EVENTS` with the durable consumer `workers`, on a server of its own. */
export class JetStreamWorld {
  /**
   * Sets it up.
   * @param keep Gets whatever has to be closed after the test.
   * @param config How.
   */
  static async start(
    keep: <C extends Closable>(thing: C) => C,
    config: WorldConfig = {},
  ): Promise<JetStreamWorld> {
    const server = await NatsServer.start(config.server);
    keep({ close: () => server.stop() });
    const admin = keep(await server.connect(patient));
    const manager = await jetstreamManager(admin);
    await manager.streams.add({ name: stream, subjects: ['events.>'], ...config.stream });
    const { ackWait } = config;
    await manager.consumers.add(stream, {
      durable_name: durable,
      ack_policy: AckPolicy.Explicit,
      ...(ackWait === undefined ? {} : { ack_wait: nanos(ackWait) }),
      ...config.consumer,
    });
    return new JetStreamWorld(keep, server, admin, manager);
  }

  private constructor(
    private readonly keep: <C extends Closable>(thing: C) => C,
    readonly server: NatsServer,
    readonly admin: NatsConnection,
    readonly manager: JetStreamManager,
  ) {}

  /** Publishes `event 1`, `event 2` and so on; more of them the next time. */
  async publish(count: number, to = 'events.live'): Promise<string[]> {
    const { messages: before } = (await this.manager.streams.info(stream)).state;
    const js = jetstream(this.admin);
    const texts = Array.from({ length: count }, (_, index) => `event ${before + index + 1}`);
    await Promise.all(texts.map((text) => js.publish(to, text)));
    return texts;
  }

  /** Publishes one with headers. */
  async publishWith(text: string, values: Readonly<Record<string, readonly string[]>>): Promise<void> {
    const all = headers();
    for (const [key, list] of Object.entries(values)) {
      for (const value of list) {
        all.append(key, value);
      }
    }
    await jetstream(this.admin).publish('events.live', text, { headers: all });
  }

  /** A NATS connection as a worker has one. */
  async client(options: ConnectionOptions = {}): Promise<NatsConnection> {
    return this.keep(await this.server.connect({ ...patient, ...options }));
  }

  /** The consumer, over a connection of its own. */
  async consumer(options: ConnectionOptions = {}, timeout = 5_000): Promise<Consumer> {
    return this.consumerOn(await this.client(options), timeout);
  }

  /** The same over this connection. The administrator finds it: `timeout` is only for what the worker asks. */
  async consumerOn(nats: NatsConnection, timeout: number): Promise<Consumer> {
    const info = await this.manager.consumers.info(stream, durable);
    return jetstream(nats, { timeout }).consumers.getConsumerFromInfo(info);
  }

  /** A worker in this process, with a NATS connection of its own unless it is given a consumer. */
  async worker(
    connections: readonly ConnectionInput<JsMsg>[],
    options: Partial<JetStreamBalancerConfig<ConnectionInput<JsMsg>>> = {},
  ): Promise<Worker> {
    const consumer = options.consumer ?? (await this.consumer());
    return this.keep(
      new Worker(jetStreamBalancer({ reconnectDelay: 20, ...options, consumer, connections })),
    );
  }

  /** What the server says of the consumer now. */
  async state(): Promise<ConsumerState> {
    const info = await this.manager.consumers.info(stream, durable);
    return {
      pending: info.num_pending,
      unacknowledged: info.num_ack_pending,
      redelivered: info.num_redelivered,
      deliveries: info.delivered.consumer_seq,
      floor: info.ack_floor.stream_seq,
      requests: info.num_waiting,
    };
  }

  /** The kinds of advisories that the server gives of the consumer from now on. */
  async advisories(): Promise<string[]> {
    const kinds: string[] = [];
    this.admin.subscribe('$JS.EVENT.ADVISORY.CONSUMER.>', {
      callback: (_error, { subject }) => {
        kinds.push(subject.split('.')[4] ?? '');
      },
    });
    await this.admin.flush();
    return kinds;
  }

  /** Makes the stream of dead letters. */
  async addDeadLetters(): Promise<void> {
    await this.manager.streams.add({ name: 'DEAD', subjects: ['dead.>'] });
  }

  /** What is in the stream of dead letters, or in another one behind its first messages. */
  async deadLetters(of = 'DEAD', behind = 0): Promise<DeadLetter[]> {
    const { last_seq: last } = (await this.manager.streams.info(of)).state;
    const letters: DeadLetter[] = [];
    for (let seq = behind + 1; seq <= last; seq++) {
      const message = await this.manager.streams.getMessage(of, { seq });
      if (message === null) {
        throw new Error(`${of} has no message ${seq}`);
      }
      letters.push({ subject: message.subject, text: message.string(), headers: message.header });
    }
    return letters;
  }
}

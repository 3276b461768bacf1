/** natsConnection keeps the contract: with somebody who answers, and with a stream that stores. */
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { natsConnection } from '../../../src/connections/nats.js';
import type { BatchConnection, Connection } from '../../../src/index.js';
import { NatsServer } from '../natsServer.js';
import { describeContract } from './contract.js';
import type { ContractOptions, ContractServer, ContractSubject } from './subject.js';

const subject = 'spec.events';

/** A server, and somebody who is always there while it runs. */
abstract class ContractNats implements ContractServer {
  /** His link to it. */
  #friend: NatsConnection | undefined;

  constructor(readonly server: NatsServer) {}

  protected get friend(): NatsConnection {
    if (this.#friend === undefined) {
      throw new Error('nobody is there');
    }
    return this.#friend;
  }

  abstract arrived(): Promise<readonly string[]>;

  /** He takes up his work. */
  protected abstract settle(): Promise<unknown>;

  /** He comes. That the server does not answer for a while he does not mind. */
  async come(): Promise<void> {
    this.#friend = await this.server.connect({ reconnect: false, pingInterval: 600_000 });
    await this.settle();
    await this.friend.flush();
  }

  freeze(): void {
    this.server.freeze();
  }

  thaw(): void {
    this.server.thaw();
  }

  async kill(): Promise<void> {
    await this.server.kill();
    await this.friend.close();
  }

  async start(): Promise<void> {
    await this.server.start();
    await this.come();
  }

  async stop(): Promise<void> {
    await this.server.stop();
    await this.friend.close();
  }
}

/** He answers. */
class Answering extends ContractNats {
  readonly #events: string[] = [];

  protected settle(): Promise<void> {
    this.friend.subscribe(subject, {
      callback: (_error, message) => {
        this.#events.push(message.string());
        message.respond();
      },
    });
    return Promise.resolve();
  }

  arrived(): Promise<readonly string[]> {
    return Promise.resolve(this.#events);
  }
}

/** He looks into the stream. */
class Storing extends ContractNats {
  protected async settle(): Promise<void> {
    const { streams } = await jetstreamManager(this.friend);
    await streams.add({ name: 'EVENTS', subjects: [subject] });
  }

  async arrived(): Promise<readonly string[]> {
    const { streams } = await jetstreamManager(this.friend);
    const { state } = await streams.info('EVENTS');
    const events: string[] = [];
    if (state.messages > 0) {
      const consumer = await jetstream(this.friend).consumers.get('EVENTS');
      for await (const message of await consumer.fetch({ max_messages: state.messages })) {
        events.push(message.string());
      }
    }
    return events;
  }
}

function to(
  { server }: ContractNats,
  user: string,
  options: ContractOptions,
  jetStream: boolean,
): Connection<string> | BatchConnection<string> {
  const { port = server.port, ...rest } = options;
  const url = new URL(server.url(user));
  url.port = String(port);
  return jetStream
    ? natsConnection(url, { subject, jetStream: true, ...rest })
    : natsConnection(url, { subject, ...rest });
}

const asFriend = 'ship-user:open%20sesame';
const asStranger = 'ship-user:close%20sesame';

function subjectFor<S extends ContractNats>(
  name: string,
  Friendly: new (server: NatsServer) => S,
  jetStream: boolean,
): ContractSubject<S> {
  return {
    name,
    startServer: async () => {
      const friendly = new Friendly(await NatsServer.start());
      await friendly.come();
      return friendly;
    },
    connect: (server, options) => to(server, asFriend, options, jetStream),
    connectAsStranger: (server, options) => to(server, asStranger, options, jetStream),
    refusal: /Authorization Violation/,
    secret: 'close sesame',
  };
}

describeContract(subjectFor('natsConnection, a reply', Answering, false));
describeContract(subjectFor('natsConnection, a stream', Storing, true));

/** A server that speaks just enough of NATS; a spec says how it greets, and what it answers. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

/** A message that was published, and the way back. */
export interface Published {
  readonly subject: string;
  readonly body: string;
  /** The block of headers, as it came; '' without. */
  readonly headers: string;
  /** The subject for the reply. */
  readonly replyTo: string;
  readonly socket: Socket;
  /** Answers it, with lines of headers if there are any; the first may be a status. */
  readonly respond: (body?: string, ...headers: string[]) => void;
}

/** What it does; the default is to be polite. */
export interface NatsScript {
  /** A message has come. Default: an empty reply. */
  readonly published?: (message: Published) => void;
  /** Somebody wants to be let in; gives why not. */
  readonly refusal?: (options: Readonly<Record<string, unknown>>) => string | undefined;
  /** Somebody wants to hear of a subject; gives why not. */
  readonly denial?: (subject: string) => string | undefined;
  /** What it says first; without, `INFO`. */
  readonly greeting?: string;
  /** What it says of itself, beside the usual. */
  readonly info?: object;
  /** Whether it answers a ping: which one it is, from 1. Default: always. */
  readonly pongs?: (nth: number) => boolean;
}

/** One, on a port of its own. */
export class ScriptedNats {
  /** Those who wanted to be let in. */
  readonly logins: Record<string, unknown>[] = [];
  /** How many sockets have ever been accepted. */
  accepted = 0;
  /** The messages, in order. */
  readonly messages: Published[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((socket) => {
    this.#accept(socket);
  });
  #port = 0;

  /** Starts one. */
  static async start(script: NatsScript = {}): Promise<ScriptedNats> {
    const server = new ScriptedNats(script);
    await server.listen();
    return server;
  }

  private constructor(private readonly script: NatsScript) {}

  /** Host and port. */
  get host(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** Its URL, without a user. */
  get url(): string {
    return `nats://${this.host}`;
  }

  get openSockets(): number {
    return this.#sockets.size;
  }

  /** Listens, on the same port as before. */
  async listen(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Ends every socket; it goes on listening. */
  hangUp(): void {
    for (const socket of this.#sockets) {
      socket.end();
    }
  }

  /** Writes to everybody. */
  say(text: string): void {
    for (const socket of this.#sockets) {
      socket.write(text);
    }
  }

  /** Refuses connections and closes every socket. */
  async close(): Promise<void> {
    if (this.#server.listening) {
      const closed = once(this.#server, 'close');
      this.#server.close();
      for (const socket of this.#sockets) {
        socket.destroy();
      }
      await closed;
    }
  }

  #accept(socket: Socket): void {
    const { greeting, info } = this.script;
    const plain = { server_id: 'S', version: '2.9.10', proto: 1, headers: true, max_payload: 1_024 };
    this.accepted++;
    this.#sockets.add(socket);
    socket.setNoDelay();
    socket.on('close', () => this.#sockets.delete(socket));
    // A client that goes away is what many specs are about.
    socket.on('error', () => undefined);
    socket.write(greeting ?? `INFO ${JSON.stringify({ ...plain, ...info })}\r\n`);
    const heard = this.#listener(socket);
    let rest = '';
    socket.on('data', (bytes) => {
      rest += bytes.toString('latin1');
      for (;;) {
        const taken = heard(rest);
        if (taken === 0) {
          return;
        }
        rest = rest.slice(taken);
      }
    });
  }

  /** Takes what is whole at the beginning of a text, and gives how much that was. */
  #listener(socket: Socket): (text: string) => number {
    const { refusal, denial, pongs = () => true } = this.script;
    let inbox = '0';
    let pings = 0;
    return (text) => {
      const end = text.indexOf('\r\n');
      if (end < 0) {
        return 0;
      }
      const [verb, ...words] = text.slice(0, end).split(' ');
      const start = end + 2;
      if (verb === 'PUB' || verb === 'HPUB') {
        const size = Number(words.at(-1));
        if (text.length < start + size + 2) {
          return 0;
        }
        this.#take(socket, inbox, words, text.slice(start, start + size));
        return start + size + 2;
      }
      if (verb === 'CONNECT') {
        const login = JSON.parse(words.join(' ')) as Record<string, unknown>;
        this.logins.push(login);
        const why = refusal?.(login);
        if (why !== undefined) {
          socket.end(`-ERR '${why}'\r\n`);
        }
      } else if (verb === 'PING' && pongs(++pings)) {
        socket.write('PONG\r\n');
      } else if (verb === 'SUB') {
        inbox = words.at(-1) ?? inbox;
        const why = denial?.(words[0] ?? '');
        if (why !== undefined) {
          socket.write(`-ERR '${why}'\r\n`);
        }
      }
      return start;
    };
  }

  #take(socket: Socket, inbox: string, words: readonly string[], content: string): void {
    const [subject = '', replyTo = '', size] = words;
    const headerSize = words.length > 3 ? Number(size) : 0;
    const message: Published = {
      subject,
      replyTo,
      headers: content.slice(0, headerSize),
      body: Buffer.from(content.slice(headerSize), 'latin1').toString(),
      socket,
      respond: (body = '', ...headers) => {
        socket.write(messageOf(replyTo, inbox, body, headers));
      },
    };
    this.messages.push(message);
    const {
      published = ({ respond }: Published) => {
        respond();
      },
    } = this.script;
    published(message);
  }
}

/** A message for a subscriber. */
function messageOf(subject: string, inbox: string, body: string, headers: readonly string[]): string {
  const size = Buffer.byteLength(body);
  if (headers.length === 0) {
    return `MSG ${subject} ${inbox} ${size}\r\n${body}\r\n`;
  }
  const [first = ''] = headers;
  const isStatus = /^\d/.test(first);
  const lines = [`NATS/1.0${isStatus ? ` ${first}` : ''}`, ...headers.slice(isStatus ? 1 : 0)];
  const block = `${lines.join('\r\n')}\r\n\r\n`;
  return `HMSG ${subject} ${inbox} ${block.length} ${block.length + size}\r\n${block}${body}\r\n`;
}

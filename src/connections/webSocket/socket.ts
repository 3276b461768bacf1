/** Which WebSocket is used: the platform's, a user's, or that of ws. */
import type * as Ws from 'ws';
import type { Peer, Resolve } from '../peer.js';

/** A WebSocket, as far as it is looked at here. */
export interface WebSocketLike {
  readonly readyState: number;
  /** Sends a message. */
  send(message: string | Uint8Array): void;
  /** Begins to close it. */
  close(): void;
}

/** Makes WebSockets as the platform's `WebSocket` does. */
export type WebSocketConstructor = new (url: string, protocols?: string | string[]) => WebSocketLike;

/** How long a peer that does not answer may hold up the end of a socket of ws, in milliseconds. */
const closeTimeout = 1_000;

/** How many messages are one write at most: the peer begins with them while others are made. */
const stretch = 16;

/** After how long a silence the system asks whether the peer is still there, in milliseconds. */
const keepAlive = 10_000;

/** Bundlers leave alone what they cannot read: a browser has no need of ws. */
const imported = (name: string): Promise<unknown> =>
  import(/* webpackIgnore: true */ /* @vite-ignore */ name);

/**
 * The `WebSocket` of this platform, unless that of ws is better: in Node, it waits without limit for the end of a peer
 * that hangs, and its errors say nothing.
 * @param ws The package.
 * @param needsWs Whether no other will do.
 * @param resolve Finds an installed package.
 * @returns It; `undefined` where it is to be that of ws, or where there is none.
 */
export function platformSocket(
  ws: Peer,
  needsWs: boolean,
  resolve?: Resolve,
): WebSocketConstructor | undefined {
  if (needsWs || (isNode() && ws.isInstalled(resolve))) {
    return undefined;
  }
  return (globalThis as { readonly WebSocket?: WebSocketConstructor }).WebSocket;
}

/** Whether this is Node, or what says it is. */
export function isNode(): boolean {
  const { process } = globalThis as { readonly process?: { readonly versions?: { readonly node?: string } } };
  return process?.versions?.node !== undefined;
}

/**
 * The `WebSocket` of ws.
 * @param ws The package.
 * @param options Headers, and options of TLS.
 */
export async function wsSocket(ws: Peer, options: object): Promise<WebSocketConstructor> {
  const { WebSocket } = (await ws.load(() => imported('ws'))) as typeof Ws;
  // Its types do not know that of closing.
  const given: object = { ...options, closeTimeout };

  /** Hands what is sent in one turn of the event loop to the system together, at most 16 messages a write. */
  return class extends WebSocket {
    /** What it writes to, once it is open. */
    private stream: { cork(): void; uncork(): void } | undefined;
    private isCorked = false;
    private messages = 0;

    constructor(url: string, protocols?: string | string[]) {
      super(url, protocols, given);
      this.once('upgrade', ({ socket }) => {
        socket.setKeepAlive(true, keepAlive);
        this.stream = socket;
      });
    }

    override send(message: string | Uint8Array): void {
      const { stream } = this;
      if (!this.isCorked) {
        this.isCorked = true;
        stream?.cork();
        queueMicrotask(() => {
          this.isCorked = false;
          stream?.uncork();
        });
      } else if (++this.messages % stretch === 0) {
        stream?.uncork();
        stream?.cork();
      }
      super.send(message);
    }
  };
}

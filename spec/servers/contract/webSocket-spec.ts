/** webSocketConnection keeps the contract, with a server that asks for a password. */
import { webSocketConnection } from '../../../src/connections/webSocket.js';
import { WebSocketServerProcess } from '../webSocketServer.js';
import { describeContract } from './contract.js';
import type { ContractOptions } from './subject.js';

function connect(server: WebSocketServerProcess, password: string, options: ContractOptions) {
  const { encode, port = server.port, ...rest } = options;
  return webSocketConnection<string>(`ws://ship-user:${password}@127.0.0.1:${port}/events`, {
    ...rest,
    encode: (id, events) => JSON.stringify({ id, events: events.map(encode) }),
  });
}

describeContract<WebSocketServerProcess>({
  name: 'webSocketConnection',
  startServer: () => WebSocketServerProcess.start(),
  connect: (server, options) => connect(server, 'open%20sesame', options),
  connectAsStranger: (server, options) => connect(server, 'close%20sesame', options),
  refusal: /Unexpected server response: 401/,
  secret: 'close sesame',
});

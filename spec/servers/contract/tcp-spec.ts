/** tcpConnection keeps the contract: lines, frames with their length, and TLS with certificates on both sides. */
import { tcpConnection } from '../../../src/connections/tcp.js';
import type { BatchConnection, Connection } from '../../../src/index.js';
import { certificateFor, type Certificate } from '../../connections/certificate.js';
import { LineServer } from '../lineServer.js';
import { describeContract } from './contract.js';
import type { ContractOptions } from './subject.js';

describeContract<LineServer>({
  name: 'tcpConnection, lines',
  startServer: () => LineServer.start({ framing: 'newline' }),
  connect: (server, { port, ...options }) => tcpConnection(server.url(port), options),
});

describeContract<LineServer>({
  name: 'tcpConnection, lengths',
  startServer: () => LineServer.start({ framing: 'length' }),
  connect: (server, { port, ...options }) =>
    tcpConnection(server.url(port), { ...options, framing: 'length' }),
});

const certificate = await certificateFor('server');
const client = await certificateFor('client', certificate);
const stranger = await certificateFor('stranger');

function over(
  tls: Partial<Certificate>,
  server: LineServer,
  { port, ...options }: ContractOptions,
): Connection<string> | BatchConnection<string> {
  return tcpConnection(server.url(port), { ...options, tls: { ca: certificate.cert, ...tls } });
}

describeContract<LineServer>({
  name: 'tcpConnection, TLS',
  startServer: () => LineServer.start({ framing: 'newline', certificate }),
  connect: (server, options) => over(client, server, options),
  // One comes without a certificate, and the other with one that nobody has signed.
  connectAsStranger: (server, options) => over(options.batch === undefined ? {} : stranger, server, options),
  refusal: /certificate/,
});

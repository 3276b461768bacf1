/** The command line of the collector: `collector FILE [PORT]`. */
import { CommandError, collectorOptionsFrom, help } from './collector/commandLine.js';
import { listen } from './collector/listen.js';
import { serve } from './collector/serve.js';

/** Its parent is told the port, and it ends with its parent. */
function tell(port: number, url: string): void {
  if (process.send === undefined) {
    process.stdout.write(`listening on ${url}\n`);
  } else {
    process.send(port);
  }
}

// It does not need anybody who reads where it listens.
process.stdout.on('error', () => undefined);

if (process.send !== undefined) {
  process.once('disconnect', () => {
    process.exit();
  });
  if (!process.connected) {
    process.exit();
  }
}

try {
  const options = collectorOptionsFrom(process.argv.slice(2));
  if (options === undefined) {
    process.stdout.write(help);
  } else {
    const { port, tls } = options;
    const address = await listen(serve(options), port);
    tell(address.port, `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${address.port}`);
  }
} catch (error) {
  if (!(error instanceof CommandError)) {
    throw error;
  }
  process.stderr.write(`collector: ${error.message.replace(/\s+/g, ' ')}\n`);
  process.exitCode = error.exitCode;
}

/** All scenarios, in the order of the report. */
import type { Scenario } from './scenario.js';
import { batches } from './scenarios/batches.js';
import { bursts } from './scenarios/bursts.js';
import { callbackClients } from './scenarios/callback.js';
import { connections } from './scenarios/connections.js';
import { failures } from './scenarios/failing.js';
import { https } from './scenarios/http.js';
import { iterables } from './scenarios/iterables.js';
import { jetStreams } from './scenarios/jetStream.js';
import { keptOpen } from './scenarios/keptOpen.js';
import { latency } from './scenarios/latency.js';
import { loopback } from './scenarios/loopback.js';
import { memory } from './scenarios/memory.js';
import { nats } from './scenarios/nats.js';
import { observables } from './scenarios/observable.js';
import { promises } from './scenarios/promise.js';
import { publishing } from './scenarios/publish.js';
import { redis } from './scenarios/redis.js';
import { size } from './scenarios/size.js';
import { tcp } from './scenarios/tcp.js';
import { timeouts } from './scenarios/timeouts.js';
import { webSockets } from './scenarios/webSocket.js';

export const scenarios: readonly Scenario[] = [
  ...promises,
  keptOpen,
  observables,
  ...callbackClients,
  ...failures,
  ...bursts,
  connections,
  batches,
  publishing,
  ...iterables,
  latency,
  loopback,
  ...https,
  ...tcp,
  ...webSockets,
  ...redis,
  ...nats,
  ...jetStreams,
  timeouts,
  memory,
  size,
];

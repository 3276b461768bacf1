/** The door './libbeat': the client shapes of libbeat's load balancer, for those who come from there. */
export { asyncConnection } from './asyncConnection.js';
export type {
  AsyncClient,
  AsyncConnectionConfig,
  ClientBatching,
  Published,
  SyncClient,
  SyncConnectionConfig,
  Unpublished,
} from './clients.js';
export { failover, type FailoverConfig } from './failover.js';
export { syncConnection } from './syncConnection.js';

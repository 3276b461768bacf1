/** Where events go, on the servers that have more than one place. */

/** Of Redis. */
export const keys = { list: 'list', stream: 'stream' };

/** Of NATS. */
export const subjects = { request: 'requests', jetStream: 'stored' };

/** Of JetStream, where there is work to be read. */
export const work = { stream: 'work', consumer: 'workers', subject: 'work' };

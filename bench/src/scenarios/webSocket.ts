/** Messages over one WebSocket to a server in another process. */
import { besideBare, type Comparison } from '../besideBare.js';

const over = (rules: Pick<Comparison, 'name' | 'about' | 'window' | 'size'>) =>
  besideBare({
    ...rules,
    server: ['webSocket'],
    bare: ['bare ws', async () => (await import('../contenders/bare/webSocket.js')).bare],
    ready: ['webSocketConnection', async () => (await import('../contenders/ready/webSocket.js')).balanced],
  });

export const webSockets = [
  over({
    name: 'websocket, window 256',
    about: 'One WebSocket, messages of JSON with an id, 256 in flight; bursts of 1,000,000 events.',
    window: 256,
  }),
  over({
    name: 'websocket, batches of 100',
    about: 'One WebSocket, messages of JSON with an id, 2 batches in flight; bursts of 1,000,000 events.',
    window: 2,
    size: 100,
  }),
];

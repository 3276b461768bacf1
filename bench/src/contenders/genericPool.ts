/** generic-pool: the senders are what is borrowed and given back; no timeout of a send, no retry. */
import { createPool } from 'generic-pool';
import type { Contender, Send } from '../work.js';

export const pooled: Contender = async ({ events, senders, window }) => {
  let made = 0;
  const pool = createPool<Send<Promise<unknown>>>(
    {
      create: () => Promise.resolve(senders[made++ % senders.length]),
      destroy: () => Promise.resolve(),
    },
    { max: senders.length * window },
  );
  const answers = await Promise.all(events.map((event) => pool.use((send) => send(event))));
  await pool.drain();
  await pool.clear();
  return answers.length;
};

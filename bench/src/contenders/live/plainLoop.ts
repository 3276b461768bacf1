/** Sends right away: what comes one at a time needs no queue. */
import type { LiveContender } from '../../work.js';
import { roundRobin } from '../roundRobin.js';

export const plainLoop: LiveContender = ({ senders }, settled) => {
  const send = roundRobin(senders);
  const delivered = () => {
    settled(true);
  };
  return (event) => {
    void send(event).then(delivered);
  };
};

/** The messages of those who have no protocol of their own: JSON, with the number of the send. */
import { jsonText } from '../encoding.js';
import type { WebSocketAnswer } from './answer.js';

const bytes = new TextDecoder();

/** `{"id":1,"event":…}` */
export function jsonEvent(id: number, [event]: readonly unknown[]): string {
  return `{"id":${id},"event":${jsonText(event)}}`;
}

/** `{"id":1,"events":[…,…]}` */
export function jsonEvents(id: number, events: readonly unknown[]): string {
  return `{"id":${id},"events":[${events.map(jsonText).join(',')}]}`;
}

/**
 * Reads a message of JSON.
 * @param message A text, or its bytes.
 * @returns The answer; `undefined` for other JSON, which a server may send as well.
 * @throws SyntaxError when it is not JSON.
 */
export function jsonAnswer<R>(message: string | ArrayBuffer): WebSocketAnswer<R> | undefined {
  const said: unknown = JSON.parse(typeof message === 'string' ? message : bytes.decode(message));
  const isAnswer = typeof said === 'object' && said !== null && 'id' in said && typeof said.id === 'number';
  return isAnswer ? (said as WebSocketAnswer<R>) : undefined;
}

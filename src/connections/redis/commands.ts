/** The commands that events become. */
import { encoded, encodedBy, expectBody, jsonText, type Encode } from '../encoding.js';

/** A command's name and its arguments. */
export type Command = (string | Buffer)[];

/** Makes the command of an event; throws an EncodingError when there is none. */
export type CommandOf<T> = (event: T) => Command;

/** Pushes events to one end of a list. */
export function listCommand<T>(
  list: string,
  side: 'left' | 'right',
  encode: Encode<T> = jsonText,
): CommandOf<T> {
  const push = side === 'right' ? 'RPUSH' : 'LPUSH';
  return (event) => [push, list, argument(encoded(encode, event))];
}

/** Adds events to a stream. */
export function streamCommand<T>(
  stream: string,
  maxLength: number,
  fields: ((event: T) => Readonly<Record<string, string | Uint8Array>>) | undefined,
  encode: Encode<T> = jsonText,
): CommandOf<T> {
  const limit = maxLength === Infinity ? [] : ['MAXLEN', '~', String(maxLength)];
  const add = ['XADD', stream, ...limit, '*'];
  return fields === undefined
    ? (event) => [...add, 'event', argument(encoded(encode, event))]
    : (event) => [...add, ...encodedBy((value: T) => pairs(fields(value)), event)];
}

function pairs(fields: Readonly<Record<string, unknown>>): Command {
  const entries = Object.entries(fields);
  if (entries.length === 0) {
    throw new TypeError('expected at least one field');
  }
  return entries.flatMap(([name, value]) => {
    expectBody(`fields[${JSON.stringify(name)}]`, value);
    return [name, argument(value)];
  });
}

/** A text, or bytes in the form that the client takes; they are not copied. */
function argument(value: string | Uint8Array): string | Buffer {
  return typeof value === 'string' || value instanceof Buffer
    ? value
    : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

/** A line as a JSON document. */
import { contentOf, type LogEvent } from './logEvent.js';

/**
 * The text of a line that is a JSON object goes as it is: parsed and written again, a large number would be
 * another one. Any other line becomes the `message` of an object; bytes that are not UTF-8 become U+FFFD.
 */
export function documentOf(event: LogEvent): string {
  const text = contentOf(event).toString();
  const trimmed = text.trim();
  return isObject(trimmed) ? trimmed : JSON.stringify({ message: text.replace(/\r$/, '') });
}

/** Whether a text is a JSON object. */
export function isObject(text: string): boolean {
  if (!text.startsWith('{')) {
    return false;
  }
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

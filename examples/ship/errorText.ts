/** What an error says, on one line, for people. */

/** The message of an error, or whatever was thrown in its place, without line breaks and control characters. */
export function errorText(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);

  return text.replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ').trim();
}

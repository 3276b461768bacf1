/** What an error says. */

/**
 * What an error says; where several addresses were tried, what each of them said.
 * @param error Anything that was thrown.
 */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map(messageOf).join(', ');
  }
  return error instanceof Error ? error.message : String(error);
}

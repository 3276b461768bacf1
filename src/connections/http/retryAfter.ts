/** The header Retry-After: how long a server wants to be left alone. */

/** A server that says more is not believed: 24 hours, in milliseconds. */
const longestWait = 86_400_000;

/** What the three forms of a date in HTTP have in common, and other dates that could be parsed have not. */
const httpDate = /^(mon|tue|wed|thu|fri|sat|sun)[a-z]*,? .*\d\d:\d\d:[0-5]\d/i;

/**
 * Reads the header: seconds, or a date.
 * @param value The header; `undefined` where there is none.
 * @param date The answer's header Date, by which a date is measured: the server's clock may not be ours.
 * @param now Our clock, in milliseconds since 1970, where there is no such header.
 * @returns Milliseconds from 0 to 86,400,000; `undefined` where there is no header that can be understood.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
 */
export function retryAfterOf(
  value: string | undefined,
  date: string | undefined,
  now: number,
): number | undefined {
  const text = value?.trim() ?? '';
  const wait = /^\d+$/.test(text) ? Number(text) * 1_000 : timeOf(text) - (timeOf(date?.trim() ?? '') || now);
  return Number.isNaN(wait) ? undefined : Math.min(Math.max(0, wait), longestWait);
}

/** Milliseconds since 1970, or NaN. */
function timeOf(date: string): number {
  if (!httpDate.test(date)) {
    return NaN;
  }
  // One of the forms, that of C's asctime, does not say the zone that all of them mean.
  return Date.parse(/ GMT$/i.test(date) ? date : `${date} GMT`);
}

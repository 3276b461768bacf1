/** What is left of a text without what must not be shown. */

/** How much is shown of what somebody else wrote, in characters. */
const excerptLength = 200;

/** How much of it is looked at, in characters: what follows could be shown only after that much white space. */
const lookedAt = 4_000;

/** What must not be shown. */
export class Redaction {
  /** The longest first: one may be a part of another. */
  protected readonly texts: readonly string[];

  /** @param texts What must not be shown. */
  constructor(texts: readonly string[]) {
    // Somebody who writes JSON back writes them in another way.
    const written = texts.flatMap((text) => [text, JSON.stringify(text).slice(1, -1)]);
    this.texts = [...new Set(written)]
      .filter((text) => text !== '')
      .sort((one, other) => other.length - one.length);
  }

  /** A text without them. */
  redacted(text: string): string {
    return this.texts.reduce((rest, secret) => rest.replaceAll(secret, '…'), text);
  }

  /**
   * A text that somebody else wrote, as it may be shown: one line, not long, and without them.
   * @param text The text.
   * @param isCutOff Whether there was more of it.
   */
  shown(text: string, isCutOff = false): string {
    const [longest = ''] = this.texts;
    const limit = lookedAt + longest.length;
    const redacted = this.redacted(text.slice(0, limit));
    // What begins where it was cut off may be the beginning of one.
    const isPart = isCutOff || text.length > limit;
    const whole = isPart ? redacted.slice(0, Math.max(redacted.length - longest.length, 0)) : redacted;
    const line = whole.replace(/[\s\p{C}]+/gu, ' ').trim();
    // Once more: they may have spaces in them.
    return Array.from(this.redacted(line)).slice(0, excerptLength).join('');
  }
}

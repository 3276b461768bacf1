/** Whatever a test opens and must not leave behind. */

/** Something that can be closed. */
export interface Closable {
  /** Closes it; also when it is closed already. */
  close(): void | Promise<void>;
}

/**
 * To be called within a `describe`.
 * @returns A function that takes what a test has opened, gives it back, and closes it after the test: the
 * last opened first.
 */
export function closedAfterEach(): <C extends Closable>(thing: C) => C {
  const things: Closable[] = [];
  afterEach(async () => {
    for (const thing of things.splice(0).reverse()) {
      await thing.close();
    }
  });
  return (thing) => {
    things.push(thing);
    return thing;
  };
}

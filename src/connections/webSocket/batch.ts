/** How a batch is written: as one message, or as several where it cannot be one. */
import type { ItemResult } from '../../connection.js';
import type { Reply } from './answer.js';

/** A message of a batch. */
export interface Letter {
  readonly id: number;
  readonly message: string | Uint8Array;
  /** How many events are in it. */
  readonly size: number;
  /** Their places in the batch; without it, all of that are in it. */
  readonly places?: readonly number[];
}

/** What is sent of a batch. */
export interface WrittenBatch {
  readonly letters: readonly Letter[];
  /** What became of the events that cannot be written. */
  readonly refused: readonly ItemResult<never>[];
}

/**
 * Writes a batch, without those of its events that cannot be written. Where they can be written one by one, and not
 * together, it is halved until they can.
 * @param firstId The id of its first message; those of others follow.
 * @param events The events.
 * @param write Writes a message, or throws.
 */
export function writtenBatch<T>(
  firstId: number,
  events: readonly T[],
  write: (id: number, events: readonly T[]) => string | Uint8Array,
): WrittenBatch {
  const letters: Letter[] = [];
  const refused: ItemResult<never>[] = [];

  const add = (places: readonly number[]): void => {
    const id = firstId + letters.length;
    const size = places.length;
    try {
      const message = write(
        id,
        places.map((place) => events[place] as T),
      );
      letters.push({ id, message, size, places });
    } catch (error) {
      if (size === 1) {
        refused.push(...places.map((index) => ({ index, status: 'failed' as const, error })));
      } else {
        const half = Math.ceil(size / 2);
        add(places.slice(0, half));
        add(places.slice(half));
      }
    }
  };

  try {
    letters.push({ id: firstId, message: write(firstId, events), size: events.length });
  } catch {
    const places: number[] = [];
    events.forEach((event, index) => {
      try {
        write(firstId, [event]);
        places.push(index);
      } catch (error) {
        refused.push({ index, status: 'failed', error });
      }
    });
    if (places.length > 0) {
      add(places);
    }
  }
  return { letters, refused };
}

/**
 * What an answer to a message says of its events.
 * @param reply The answer.
 * @param letter The message.
 * @returns Results, by the places in the batch; nothing where all of it was taken and there is no more to say.
 */
export function resultsOf<R>(
  { failure, value, results }: Reply<R>,
  { size, places }: Letter,
): readonly ItemResult<R>[] | undefined {
  if (results !== undefined) {
    return places === undefined
      ? results
      : results.map((result) => ({ ...result, index: places[result.index] ?? NaN }));
  }
  if (places === undefined && value === undefined) {
    return undefined;
  }
  const all = places ?? Array.from({ length: size }, (_, index) => index);
  return all.map((index) =>
    failure === undefined
      ? { index, status: 'delivered', value: value as R }
      : { index, status: 'failed', error: failure },
  );
}

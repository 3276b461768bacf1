/** A recipe as a module: importing it runs it, and what it prints is not for the report. */
import { stub } from 'sinon';

/** Loads a recipe, which prints nothing. */
export async function quietly<M>(load: () => Promise<M>): Promise<M> {
  const log = stub(console, 'log');
  try {
    return await load();
  } finally {
    log.restore();
  }
}

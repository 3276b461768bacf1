/** A folder of its own for each spec of a suite. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Makes it before each spec, and removes it after. */
export function scratchFolder() {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ship-spec-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });
  return {
    /** Where it is. */
    folder: () => folder,
    /** The path of a file in it. */
    path: (name: string) => join(folder, name),
    /** Writes a file. */
    file: async (content: string | Buffer, name = 'input'): Promise<string> => {
      await writeFile(join(folder, name), content);
      return join(folder, name);
    },
  };
}

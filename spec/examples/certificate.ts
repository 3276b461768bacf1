/** A certificate for 127.0.0.1 that nobody trusts but who is told to. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { certificateFor } from '../connections/certificate.js';

/** Writes it and its key to files. */
export async function certificateIn(folder: string): Promise<{ cert: string; key: string }> {
  const made = await certificateFor('127.0.0.1');
  const files = { cert: join(folder, 'certificate.pem'), key: join(folder, 'key.pem') };
  await writeFile(files.cert, made.cert);
  await writeFile(files.key, made.key);
  return files;
}

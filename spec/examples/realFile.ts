/** A real file: somebody else's text, 15,000 lines of it, installed with the compiler. */
import { createRequire } from 'node:module';

/** Its path. */
export const realFile = createRequire(import.meta.url).resolve('typescript/lib/lib.webworker.d.ts');

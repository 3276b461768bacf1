/** The fenced blocks of a Markdown text, and those in the doc comments of a source file. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The repository. npm and mocha run there. */
export const root = process.cwd();

/** One fenced block. */
export interface Block {
  /** Where it stands: `README.md:12`. */
  readonly at: string;
  /** `ts`, `js`, `marbles` … */
  readonly language: string;
  /** What follows the language: for a recipe, the file that it shows. */
  readonly info: string;
  readonly text: string;
}

/**
 * The blocks of a file.
 * @param file Its path from the root.
 * @param lines Its lines, without what a comment puts before them.
 */
function blocksIn(file: string, lines: readonly string[]): Block[] {
  const blocks: Block[] = [];
  let open: { line: number; language: string; info: string; text: string[] } | undefined;
  lines.forEach((line, index) => {
    const fence = /^```(\w*) ?(.*)$/.exec(line);
    if (open === undefined) {
      if (fence !== null) {
        const [, language = '', info = ''] = fence;
        open = { line: index + 1, language, info, text: [] };
      }
    } else if (fence === null) {
      open.text.push(line);
    } else {
      const { language, info, text } = open;
      blocks.push({ at: `${file}:${open.line}`, language, info, text: `${text.join('\n')}\n` });
      open = undefined;
    }
  });
  if (open !== undefined) {
    throw new Error(`${file}:${open.line}: the block has no end`);
  }
  return blocks;
}

/** The text of a file. */
export function textOf(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

/** The blocks of README.md. */
export function readmeBlocks(): Block[] {
  return blocksIn('README.md', textOf('README.md').split('\n'));
}

/** The blocks in the doc comments of what is published. */
export function commentBlocks(): Block[] {
  return ['src', 'operators'].flatMap((folder) =>
    readdirSync(join(root, folder), { encoding: 'utf8', recursive: true })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => join(folder, file))
      .sort()
      .flatMap((file) =>
        blocksIn(
          file,
          textOf(file)
            .split('\n')
            .map((line) => /^ *\* ?(.*)$/.exec(line)?.[1] ?? ''),
        ),
      ),
  );
}

/**
 * What a program says that it prints: the comment at the end of a line with `console.log(`, and the lines of
 * comment right below one, or below the end of a call. Commas and `then` stand between what is printed by
 * different calls, `…` for anything.
 * @returns A pattern for what is printed, or `undefined` when nothing is said.
 */
export function statedOutput(text: string): RegExp | undefined {
  const said: string[] = [];
  let after = false;
  for (const line of text.split('\n')) {
    const comment = /(?:^\s*|\)[;,]? )\/\/ (.*)$/.exec(line)?.[1];
    const logs = line.includes('console.log(');
    if (comment !== undefined && (logs || (after && line.startsWith('//')))) {
      said.push(comment);
      after = true;
    } else {
      after = logs || line.endsWith(');');
    }
  }
  if (said.length === 0) {
    return undefined;
  }
  const anything = said.map((line) => plain(line).split('…').map(escaped).join('.*'));
  return new RegExp(`^${anything.join(', ')}$`);
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

/** Printed lines and comments, made alike. */
export function plain(text: string): string {
  return text.replaceAll('"', '').replaceAll(', then ', ', ').replace(/,$/, '');
}

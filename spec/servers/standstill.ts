/** Whether processes that were told to stop have stopped: a busy machine lets their threads run on for a while. */
import { readdirSync, readFileSync } from 'node:fs';

/**
 * Looks at every thread of a process group; where there is no `/proc`, it believes.
 * @param group Its number.
 */
export function standsStill(group: number): boolean {
  return list('/proc')
    .filter((name) => /^\d+$/.test(name) && stat(`/proc/${name}`).group === group)
    .flatMap((name) => list(`/proc/${name}/task`).map((thread) => stat(`/proc/${name}/task/${thread}`)))
    .every(({ state }) => /[TtZX]/.test(state));
}

/** The state and the process group of a process or a thread; one that has just ended is a zombie. */
function stat(folder: string): { readonly state: string; readonly group: number } {
  try {
    const text = readFileSync(`${folder}/stat`, 'utf8');
    // A program's name may have anything in it.
    const [state = '', , group] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state, group: Number(group) };
  } catch {
    return { state: 'Z', group: 0 };
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

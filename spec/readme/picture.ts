/**
 * The picture of the live view in README.md: three moments of a real run of the shipper, as SVG.
 *
 * `npm run picture` makes it, after a build. It needs `script`, of util-linux, for a terminal.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import xterm, { type IBufferCell, type Terminal } from '@xterm/headless';
import { root } from './blocks.js';

/** A run of characters that look alike. */
interface Span {
  readonly text: string;
  readonly column: number;
  readonly colour: string;
  readonly isDim: boolean;
}

/** What a terminal shows at one moment: its rows. */
type Screen = readonly (readonly Span[])[];

const columns = 112;
const rows = 24;
const command = 'node dist/examples/ship.js';

/** The colours of a terminal that programs ask for by number, on a dark ground. */
const palette = ['#484f58', '#ff7b72', '#3fb950', '#d29922', '#58a6ff', '#bc8cff', '#39c5cf', '#b1bac4'];
const ground = '#0d1117';
const ink = '#e6edf3';

/** Pixels. */
const cell = { width: 7.8, height: 18 };
const margin = 16;

const file = join(root, 'docs/live-view.svg');
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, pictureOf(momentsOf(await record())));
process.stdout.write(`${file}\n`);

/** Runs the command on a terminal, and keeps every screen that it shows. */
async function record(): Promise<Screen[]> {
  const terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 0 });
  const child = spawn('script', ['-qefc', `stty cols ${columns} rows ${rows} && ${command}`, '/dev/null'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TERM: 'xterm-256color', FORCE_COLOR: '1' },
  });
  const screens: Screen[] = [];
  child.stdout.on('data', (bytes: Buffer) => {
    terminal.write(bytes, () => screens.push(screenOf(terminal)));
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) {
    throw new Error(`expected the shipper to end with 0, got ${String(code)}`);
  }
  return screens;
}

/** All three collectors at work; the first one gone; and back again. */
function momentsOf(screens: readonly Screen[]): { readonly title: string; readonly screen: Screen }[] {
  const has = (text: string) => (screen: Screen) => textOf(screen).includes(text);
  const allUp = (screen: Screen) => textOf(screen).match(/^collector-\d +up /gm)?.length === 3;
  return [
    { title: 'Three collectors take what they can', screen: lastBefore('killed', allUp) },
    { title: 'One is killed with SIGKILL: the others have its share', screen: lastBefore('started again') },
    { title: 'It is started again, and takes its share again', screen: lastBefore(' 100 % ', allUp) },
  ];

  /** The last one that is drawn to its end, before a text appears. */
  function lastBefore(text: string, holds: (screen: Screen) => boolean = () => true): Screen {
    const before = screens.slice(0, Math.max(0, screens.findIndex(has(text)))).reverse();
    const screen = before.find((one) => has('elapsed')(one) && holds(one));
    if (screen === undefined) {
      throw new Error('expected the shipper to show an accident; was there a build?');
    }
    return screen;
  }
}

function textOf(screen: Screen): string {
  return screen.map((spans) => spans.map(({ text }) => text).join('')).join('\n');
}

function screenOf(terminal: Terminal): Screen {
  const { active } = terminal.buffer;
  const screen: Span[][] = [];
  for (let y = 0; y < rows; y++) {
    const line = active.getLine(y);
    const spans: Span[] = [];
    for (let x = 0; x < columns; x++) {
      const drawn = line?.getCell(x);
      if (drawn === undefined) {
        continue;
      }
      const text = drawn.getChars() || ' ';
      const [colour, isDim] = [colourOf(drawn), drawn.isDim() !== 0];
      const last = spans.at(-1);
      if (last?.colour === colour && last.isDim === isDim) {
        spans[spans.length - 1] = { ...last, text: last.text + text };
      } else {
        spans.push({ text, column: x, colour, isDim });
      }
    }
    screen.push(spans);
  }
  return screen;
}

function colourOf(drawn: IBufferCell): string {
  return drawn.isFgPalette() ? (palette[drawn.getFgColor() % palette.length] ?? ink) : ink;
}

/** Draws the screens one below the other. */
function pictureOf(moments: readonly { readonly title: string; readonly screen: Screen }[]): string {
  const lines: string[] = [];
  let row = 0;
  for (const { title, screen } of moments) {
    lines.push(drawn(row++, [{ text: title, column: 0, colour: palette[4] ?? ink, isDim: false }]));
    const shown = screen.filter((spans) => textOf([spans]).trim() !== '');
    lines.push(...shown.map((spans) => drawn(row++, spans)));
    row++;
  }
  const [width, height] = [columns * cell.width + 2 * margin, (row - 1) * cell.height + 2 * margin];
  const title = moments.map((moment) => moment.title).join('. ');
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${title}.</title>`,
    `<rect width="100%" height="100%" rx="8" fill="${ground}"/>`,
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="13">`,
    ...lines,
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

/** A row of text. Every run of it is as wide as its columns, whatever font there is; browsers fold two spaces to one. */
function drawn(row: number, spans: readonly Span[]): string {
  const y = margin + (row + 0.75) * cell.height;
  return spans
    .flatMap(({ text, ...span }) =>
      [...text.matchAll(/\S+(?: \S+)*/g)].map(({ 0: shown, index }) => ({ shown, index, ...span })),
    )
    .map(({ shown, index, column, colour, isDim }) => {
      const x = margin + (column + index) * cell.width;
      const opacity = isDim ? ' opacity="0.6"' : '';
      return `<text x="${x.toFixed(1)}" y="${y}" textLength="${(shown.length * cell.width).toFixed(1)}" fill="${colour}"${opacity}>${escaped(shown)}</text>`;
    })
    .join('');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

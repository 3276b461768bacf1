/** Tables as Prettier would write them, so that they can be read as they are. */

/** A column: its head, and on which side its cells stand. */
export interface Column {
  readonly head: string;
  readonly align: 'left' | 'right';
}

export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map(({ head }, index) =>
    Math.max(3, head.length, ...rows.map((row) => row[index]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const padded = (cells: readonly string[]) =>
    line(
      columns.map(({ align }, index) => {
        const [cell, width] = [cells[index] ?? '', widths[index] ?? 0];
        return align === 'left' ? cell.padEnd(width) : cell.padStart(width);
      }),
    );
  const ruler = line(
    columns.map(({ align }, index) => {
      const width = widths[index] ?? 0;
      return align === 'left' ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`;
    }),
  );
  return [padded(columns.map(({ head }) => head)), ruler, ...rows.map(padded)].join('\n');
}

/** A number with as many digits as it is worth. */
export function short(value: number): string {
  const digits = Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0;
  return value.toLocaleString('en', { maximumFractionDigits: digits });
}

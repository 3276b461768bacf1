/** Numbers for people to read. */

/** `12,345` */
export function grouped(count: number): string {
  return Math.round(count)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `1.2 MB`, of a thousand thousand. */
export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1_000;
    unit++;
  }
  return `${unit === 0 || value >= 99.95 ? value.toFixed(0) : value.toFixed(1)} ${units[unit] ?? ''}`;
}

/** `1:05`, or `2:00:05`, of milliseconds. */
export function clockText(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1_000);
  const two = (part: number): string => String(part).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  const clock = `${minutes < 60 ? minutes : two(minutes % 60)}:${two(seconds % 60)}`;
  return minutes < 60 ? clock : `${Math.floor(minutes / 60)}:${clock}`;
}

/** `<1 ms`, `12 ms`, `1.5 s` */
export function latencyText(milliseconds: number | undefined): string {
  if (milliseconds === undefined) {
    return '-';
  }
  if (milliseconds < 1) {
    return '<1 ms';
  }
  return milliseconds < 999.5 ? `${milliseconds.toFixed(0)} ms` : `${(milliseconds / 1_000).toFixed(1)} s`;
}

/** `42 %` of a part from 0 to 1; it is 100 only when there is nothing left. */
export function percentText(part: number): string {
  return `${Math.min(Math.round(part * 100), part < 1 ? 99 : 100)} %`;
}

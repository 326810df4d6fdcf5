const DECIMAL = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB', 'YB'];
const BINARY = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB', 'ZiB', 'YiB'];

/** `4.26MB`: powers of 1000, so many significant digits. */
export function humanSize(bytes: number, digits = 4): string {
  const { figure, unit } = scale(bytes, 1000, DECIMAL, digits);
  return `${figure}${unit}`;
}

/** `4.26 MB`. */
export function humanSizeSpaced(bytes: number): string {
  const { figure, unit } = scale(bytes, 1000, DECIMAL, 3);
  return `${figure} ${unit}`;
}

/** `1.5GiB`: powers of 1024. */
export function humanBinarySize(bytes: number, digits = 4): string {
  const { figure, unit } = scale(bytes, 1024, BINARY, digits);
  return `${figure}${unit}`;
}

function scale(
  bytes: number,
  base: number,
  units: readonly string[],
  digits: number,
): { figure: string; unit: string } {
  // Most figures of a long list are nothing.
  if (bytes === 0) return { figure: '0', unit: units[0] ?? '' };
  let value = bytes;
  let step = 0;
  // Rounding may reach the next unit: 999.9 kB is 1 MB.
  while (step < units.length - 1 && Number(Math.abs(value).toPrecision(digits)) >= base) {
    value /= base;
    step++;
  }
  return { figure: String(Number(value.toPrecision(digits))), unit: units[step] ?? '' };
}

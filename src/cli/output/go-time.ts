/** An RFC 3339 time as Go prints a time.Time: `2026-01-02 03:04:05.123456789 +0000 UTC`. */
export function goTimeText(rfc3339: string, options: { fraction?: boolean; local?: boolean } = {}): string {
  const fraction = options.fraction === true ? (/\.\d*[1-9]/.exec(rfc3339)?.[0] ?? '') : '';
  const date = new Date(rfc3339);
  if (options.local !== true) {
    return `${date.toISOString().slice(0, 19).replace('T', ' ')}${fraction} +0000 UTC`;
  }
  const offset = -date.getTimezoneOffset();
  const shifted = new Date(date.getTime() + offset * 60_000).toISOString().slice(0, 19).replace('T', ' ');
  const sign = offset < 0 ? '-' : '+';
  const two = (figure: number): string => String(Math.trunc(Math.abs(figure))).padStart(2, '0');
  const zone = `${sign}${two(offset / 60)}${two(offset % 60)}`;
  return `${shifted}${fraction} ${zone} ${zoneName(date, offset, zone)}`;
}

function zoneName(date: Date, offset: number, zone: string): string {
  if (offset === 0) return 'UTC';
  const parts = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' }).formatToParts(date);
  const name = parts.find((part) => part.type === 'timeZoneName')?.value ?? '';
  return /^[A-Z]+$/.test(name) ? name : zone;
}

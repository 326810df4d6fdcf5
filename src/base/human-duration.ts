const SECOND = 1000;
const MINUTE = 60;
const HOUR = 3600;
const DAY = 24;

/** A duration in the words of the peers: `3 minutes`, `About an hour`, `2 weeks`. */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.trunc(milliseconds / SECOND);
  if (seconds < 1) return 'Less than a second';
  if (seconds === 1) return '1 second';
  if (seconds < MINUTE) return `${seconds} seconds`;
  const minutes = Math.trunc(seconds / MINUTE);
  if (minutes === 1) return 'About a minute';
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.round(milliseconds / SECOND / HOUR);
  if (hours === 1) return 'About an hour';
  if (hours < 2 * DAY) return `${hours} hours`;
  if (hours < 2 * 7 * DAY) return `${Math.trunc(hours / DAY)} days`;
  if (hours < 2 * 30 * DAY) return `${Math.trunc(hours / DAY / 7)} weeks`;
  if (hours < 2 * 365 * DAY) return `${Math.trunc(hours / DAY / 30)} months`;
  return `${Math.trunc(hours / DAY / 365)} years`;
}

/** `3 minutes ago` for an RFC 3339 time. */
export function humanAge(time: string, now: number = Date.now()): string {
  return `${humanDuration(now - Date.parse(time))} ago`;
}

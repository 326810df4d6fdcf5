import { existsSync } from 'node:fs';
import { InvalidSpecError } from '../base/errors.ts';

const ZONES = '/usr/share/zoneinfo';

/** Checks --tz: a zone that this host has, or `local`. */
export function checkTimezone(name: string | undefined): string | undefined {
  if (name === undefined || name === '') return undefined;
  if (name === 'local') return name;
  const isName = /^[A-Za-z0-9_+-]+(\/[A-Za-z0-9_+-]+)*$/.test(name);
  if (!isName || !existsSync(timezoneFile(name)))
    throw new InvalidSpecError(`finding timezone: unknown time zone ${name}`, {
      hint: `zones are the files in ${ZONES}; the package is often called tzdata`,
    });
  return name;
}

/** What is mounted at /etc/localtime. */
export function timezoneFile(name: string): string {
  return name === 'local' ? '/etc/localtime' : `${ZONES}/${name}`;
}

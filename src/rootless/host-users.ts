import { readFileSync } from 'node:fs';
import { InvalidSpecError } from '../base/errors.ts';

/** A line of the host's /etc/passwd. */
export interface HostUser {
  name: string;
  uid: number;
  gid: number;
  gecos: string;
  home: string;
  shell: string;
}

/** By name or number. A number that the host does not know either is its own name. */
export function findHostUser(nameOrUid: string, passwd = readFileSync('/etc/passwd', 'utf8')): HostUser {
  const isNumber = /^\d+$/.test(nameOrUid);
  for (const line of passwd.split('\n')) {
    const [name = '', , uid = '', gid = '', gecos = '', home = '', shell = ''] = line.split(':');
    if (name !== nameOrUid && !(isNumber && uid === nameOrUid)) continue;
    return { name, uid: Number(uid), gid: Number(gid), gecos, home: home || '/', shell: shell || '/bin/sh' };
  }
  if (!isNumber) throw new InvalidSpecError(`the host has no user "${nameOrUid}"`);
  const id = Number(nameOrUid);
  return { name: nameOrUid, uid: id, gid: id, gecos: '', home: '/', shell: '/bin/sh' };
}

/** The host's name of a group; undefined when it has none for that number. */
export function findHostGroup(gid: number, group = readFileSync('/etc/group', 'utf8')): string | undefined {
  return group
    .split('\n')
    .map((line) => line.split(':'))
    .find(([, , number]) => number === String(gid))?.[0];
}

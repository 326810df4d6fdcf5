import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { warn } from './tell.mjs';

const RANGE = 65_536;
const FIRST = 100_000;

/** A user without ranges in /etc/subuid and /etc/subgid can run containers with one id only; names the command that adds them. */
export function checkSubordinateIds({ uid = process.getuid(), name = userInfo().username } = {}) {
  if (uid === 0) return;
  const missing = ['/etc/subuid', '/etc/subgid'].filter((file) => !hasRange(readOr(file), name, uid));
  if (missing.length > 0) {
    warn(
      `user ${name} has no range in ${missing.join(' and ')}: an administrator has to run:\n  sudo ${rangeCommand(name).join(' ')}`,
    );
  }
}

/** usermod with the first range that is free in both files. */
export function rangeCommand(name, texts = [readOr('/etc/subuid'), readOr('/etc/subgid')]) {
  const first = firstFree(texts);
  const range = `${first}-${first + RANGE - 1}`;
  return ['usermod', '--add-subuids', range, '--add-subgids', range, name];
}

export function hasRange(text, name, uid) {
  return parse(text).some(({ owner, count }) => (owner === name || owner === String(uid)) && count >= RANGE);
}

function firstFree(texts) {
  const ends = texts.flatMap((text) => parse(text).map(({ start, count }) => start + count));
  return Math.max(FIRST, ...ends);
}

function parse(text) {
  return text
    .split('\n')
    .map((line) => line.split(':'))
    .filter((fields) => fields.length === 3)
    .map(([owner, start, count]) => ({ owner, start: Number(start), count: Number(count) }));
}

function readOr(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

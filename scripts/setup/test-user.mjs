import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, readFileSync } from 'node:fs';
import { hasRange, rangeCommand } from './subordinate-ids.mjs';
import { runCommand } from './run-command.mjs';
import { tell } from './tell.mjs';

/** Each run ends all that the user still runs: several at once on one machine need users of their own. */
export const TEST_USER = process.env['TSPOD_TEST_USER'] || 'tspodtest';

/** An ordinary user with subordinate ids and a runtime directory, as a login would give; needs root. Idempotent. */
export function ensureTestUser() {
  if (readUser(TEST_USER) === undefined) {
    tell(`adding the user ${TEST_USER}, for the tests without root (userdel -r ${TEST_USER} removes it)`);
    runCommand('useradd', ['--create-home', '--shell', '/bin/sh', TEST_USER]);
  }
  const user = readUser(TEST_USER);
  const texts = ['/etc/subuid', '/etc/subgid'].map((file) =>
    existsSync(file) ? readFileSync(file, 'utf8') : '',
  );
  if (!texts.every((text) => hasRange(text, TEST_USER, user.uid))) {
    const [program, ...args] = rangeCommand(TEST_USER);
    runCommand(program, args);
  }
  openDevices();
  return { ...user, runtimeDirectory: ensureRuntimeDirectory(user) };
}

/** As distributions with a device manager have them: networking and storage in user space need both. */
function openDevices() {
  for (const device of ['/dev/net/tun', '/dev/fuse']) if (existsSync(device)) chmodSync(device, 0o666);
  // Nothing of an ordinary user works without it; whoever took the right away left a broken host.
  if ((lstatSync('/dev/null').mode & 0o666) !== 0o666) {
    tell('/dev/null is not for everybody: chmod 0666 /dev/null');
    chmodSync('/dev/null', 0o666);
  }
}

function ensureRuntimeDirectory({ uid, gid }) {
  const directory = `/run/user/${uid}`;
  mkdirSync('/run/user', { recursive: true, mode: 0o755 });
  if (!existsSync(directory)) mkdirSync(directory, { mode: 0o700 });
  if (!lstatSync(directory).isDirectory()) throw new Error(`${directory} is not a directory`);
  chownSync(directory, uid, gid);
  chmodSync(directory, 0o700);
  return directory;
}

function readUser(name) {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${name}:`));
  if (line === undefined) return undefined;
  const [, , uid, gid, , home] = line.split(':');
  return { name, uid: Number(uid), gid: Number(gid), home };
}

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { requires } from '../fixtures/requires.ts';

const PROGRAM = new URL('../fixtures/layers/rootless-once.ts', import.meta.url).pathname;
const skip = requires('root') || reasonAgainst();

/** Somebody with subordinate ids who can read this checkout. */
function someUser(): string | undefined {
  const users = readFileSync('/etc/subuid', 'utf8')
    .split('\n')
    .map((line) => line.split(':')[0] ?? '');
  return users.find(
    (user) => user !== '' && user !== 'root' && runAs(user, ['test', '-r', PROGRAM]).status === 0,
  );
}

function runAs(user: string, command: string[]) {
  return spawnSync('setpriv', ['--reuid', user, '--regid', user, '--init-groups', ...command], {
    encoding: 'utf8',
  });
}

function reasonAgainst(): string | false {
  if (spawnSync('unshare', ['--map-auto', '-r', 'true']).error !== undefined)
    return 'unshare is not installed';
  const user = someUser();
  if (user === undefined) return 'no user with subordinate ids can read this checkout';
  const works = runAs(user, ['unshare', '-r', '--map-auto', '-m', 'true']).status === 0;
  return works ? false : `user ${user} cannot make a user namespace`;
}

for (const driver of ['overlay', 'vfs']) {
  test(`an unprivileged user unpacks and mounts layers with ${driver}`, { skip }, () => {
    const user = someUser() ?? '';
    const output = execFileSync(
      'setpriv',
      [
        ...['--reuid', user, '--regid', user, '--init-groups'],
        ...['unshare', '-r', '--map-auto', '-m', process.execPath, PROGRAM, driver],
      ],
      { encoding: 'utf8' },
    );
    const told = JSON.parse(output) as {
      driver: string;
      lines: string[];
      isSame: boolean;
      refusal: string;
      left: string[];
    };
    assert.equal(told.driver, driver);
    const empty = 'da39a3ee5e6b4b0d3255bfef95601890afd80709';
    // Devices are left out, capabilities belong to this namespace, attributes only for the real root are lost.
    assert.deepEqual(told.lines, [
      '. dir 555 0:0',
      `./cap file 644 0:0 0 ${empty} security.capability=0100000200200000000000000000000000000000`,
      `./cap3 file 644 0:0 0 ${empty} security.capability=0100000200200000000000000000000000000000`,
      './dir dir 755 0:0',
      `./dir/new file 644 0:0 0 ${empty}`,
      './owned file 4755 1000:100 1 11f6ad8ec52a2984abaafd7c3b516503785c2072',
      './pipe fifo 644 0:0',
    ]);
    assert.equal(told.isSame, true);
    assert.match(told.refusal, /entry "far": potentially insufficient UIDs or GIDs.*requested 4000000:0/);
    assert.deepEqual(told.left, []);
  });
}

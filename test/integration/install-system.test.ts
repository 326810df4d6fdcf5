import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  PROJECT_ROOT,
  type RunResult,
  rootArguments,
  runProgram,
  testEnvironment,
  testRoot,
} from '../fixtures/harness.ts';
import { busyboxArchive } from '../fixtures/harness-busybox.ts';
import { requires } from '../fixtures/requires.ts';

const SKIP = requires('root');

describe('an installation under a prefix', { skip: SKIP }, () => {
  test('runs containers without the checkout, as tspod and as docker, and goes without a trace', async () => {
    const prefix = join(testRoot().base, 'prefix');
    mkdirSync(join(prefix, 'bin'), { recursive: true });
    assert.equal((await install({ PREFIX: prefix })).code, 0);
    const installed = join(prefix, 'bin/tspod');
    const docker = join(testRoot().base, 'docker');
    symlinkSync(installed, docker);

    assert.equal((await run(installed, ['import', busyboxArchive(), 'localhost/installed:latest'])).code, 0);
    const greeting = await run(installed, ['run', '--rm', '--network', 'none', 'installed', 'echo', 'hello']);
    assert.deepEqual([greeting.code, greeting.stdout], [0, 'hello\n'], greeting.stderr);
    const listing = await run(docker, ['images', '--format', '{{.Repository}}']);
    assert.equal(listing.stdout, 'localhost/installed\n', listing.stderr);

    writeFileSync(join(prefix, 'bin/of-somebody-else'), '');
    assert.equal((await install({ PREFIX: prefix }, 'uninstall')).code, 0);
    assert.deepEqual(everythingBelow(prefix), ['bin', 'bin/of-somebody-else']);
  });

  test('is staged below DESTDIR for packages, with completions and manual pages in their places', async () => {
    const stage = join(testRoot().base, 'stage');
    assert.equal((await install({ PREFIX: '/usr', DESTDIR: stage })).code, 0);
    for (const path of [
      'bin/tspod',
      'lib/tspod/main.js',
      'lib/tspod/node',
      'lib/tspod/tspod-monitor',
      'lib/tspod/native/tspod.node',
      'lib/tspod/native/sqlite.node',
      'lib/tspod/tspod-quick',
      'share/bash-completion/completions/tspod',
      'share/zsh/site-functions/_tspod',
      'share/fish/vendor_completions.d/tspod.fish',
      'share/man/man1/tspod-run.1',
      'share/man/man1/tspod-container-run.1',
      'share/doc/tspod/LICENSE',
      'share/doc/tspod/LICENSE.node',
      'share/doc/tspod/docs/troubleshooting.md',
      'lib/systemd/system-generators/tspod-system-generator',
      'lib/systemd/user-generators/tspod-user-generator',
      'lib/systemd/user/tspod-boot.service',
      'lib/systemd/system/tspod-auto-update.timer',
      'lib/systemd/user/tspod-auto-update.service',
      'lib/systemd/user/tspod-user-wait-network-online.service',
    ]) {
      assert.ok(existsSync(join(stage, 'usr', path)), path);
    }
    const boot = readFileSync(join(stage, 'usr/lib/systemd/system/tspod-boot.service'), 'utf8');
    assert.match(boot, /^ExecStart=\/usr\/bin\/tspod system boot$/m);
    const update = readFileSync(join(stage, 'usr/lib/systemd/system/tspod-auto-update.service'), 'utf8');
    assert.match(update, /^ExecStart=\/usr\/bin\/tspod auto-update$/m);
    const manifest = readFileSync(join(stage, 'usr/lib/tspod/installed-files'), 'utf8');
    assert.ok(!manifest.includes(stage), 'the manifest names places below the prefix');
    assert.equal((await install({ PREFIX: '/usr', DESTDIR: stage }, 'uninstall')).code, 0);
    assert.deepEqual(everythingBelow(stage), ['usr']);
  });

  test('an update takes away what the new version no longer has', async () => {
    const prefix = join(testRoot().base, 'updated');
    await install({ PREFIX: prefix });
    const manifest = join(prefix, 'lib/tspod/installed-files');
    writeFileSync(join(prefix, 'lib/tspod/chunk-OLD.js'), '');
    writeFileSync(manifest, `${readFileSync(manifest, 'utf8')}lib/tspod/chunk-OLD.js\n`);
    await install({ PREFIX: prefix });
    assert.ok(!existsSync(join(prefix, 'lib/tspod/chunk-OLD.js')));
    assert.equal((await run(join(prefix, 'bin/tspod'), ['--version'])).code, 0);
    assert.equal((await install({ PREFIX: prefix }, 'uninstall')).code, 0);
  });

  test('uninstalling what is not installed is an error', async () => {
    const result = await install({ PREFIX: join(testRoot().base, 'nothing') }, 'uninstall');
    assert.equal(result.code, 1);
    assert.match(result.stderr, /tspod is not installed under/);
  });
});

function install(places: { PREFIX: string; DESTDIR?: string }, action = 'install'): Promise<RunResult> {
  const script = join(PROJECT_ROOT, 'scripts/install-system.mjs');
  return runProgram(process.execPath, [script, action], {
    env: testEnvironment({ env: { DESTDIR: undefined, ...places } }),
    timeout: 400_000,
  });
}

/** From another directory and without anything of the checkout in the environment. */
function run(program: string, args: string[]): Promise<RunResult> {
  const env = testEnvironment({ env: { TSPOD_NATIVE: undefined, TSPOD_NODE: undefined } });
  return runProgram(program, [...rootArguments(testRoot()), ...args], { env, cwd: '/' });
}

function everythingBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true }).map(String).sort();
}

import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { UnsupportedError } from '../../../src/base/errors.ts';
import { chooseRuntime, type RuntimeChoice } from '../../../src/oci/choose-runtime.ts';
import { readRuntimeVersion } from '../../../src/oci/runtime-version.ts';
import { builtinConfig } from '../specgen/fixture.ts';

const directory = mkdtempSync(join(tmpdir(), 'tspod-choose-'));
after(() => rmSync(directory, { recursive: true }));

function program(name: string, output = ''): string {
  const path = join(directory, name);
  writeFileSync(path, `#!/bin/sh\necho '${output}'\n`);
  chmodSync(path, 0o755);
  return path;
}

function choice(
  changes: Partial<RuntimeChoice> & { runtimes?: Record<string, string[]>; runtime?: string },
): RuntimeChoice {
  const config = builtinConfig();
  return {
    wanted: undefined,
    config: {
      engine: { ...config.engine, runtime: changes.runtime },
      runtimes: changes.runtimes ?? {},
      origin: changes.runtime === undefined ? {} : { 'engine.runtime': '/etc/x.conf' },
    },
    flags: [],
    runRoot: directory,
    cgroupManager: 'cgroupfs',
    ...changes,
  };
}

describe('the OCI runtime', () => {
  it('is the one asked for by path, with its state in the run root', () => {
    const path = program('my-runtime');
    const chosen = chooseRuntime(
      choice({ wanted: path, flags: ['debug', '--log=/x'], cgroupManager: 'systemd' }),
    );
    assert.deepEqual([chosen.name, chosen.path, chosen.systemdCgroup], ['my-runtime', path, true]);
    assert.deepEqual(chosen.args, [`--root=${directory}/oci/my-runtime`, '--debug', '--log=/x']);
  });

  it('is the one asked for by name, at the places of the configuration', () => {
    const path = program('odd-place');
    const runtimes = { odd: ['/gone/odd', path] };
    assert.equal(chooseRuntime(choice({ wanted: 'odd', runtimes })).path, path);
    assert.equal(chooseRuntime(choice({ runtime: 'odd', runtimes })).path, path);
    assert.ok(chooseRuntime(choice({ wanted: program('runsc') })).sandboxed);
  });

  it('is never another one than the one asked for', () => {
    for (const wanted of ['no-such-runtime', '/no/such/runtime', directory])
      assert.throws(
        () => chooseRuntime(choice({ wanted })),
        (error) =>
          error instanceof UnsupportedError &&
          error.message.includes(`"${wanted}" (from --runtime) not found`),
      );
    assert.throws(
      () => chooseRuntime(choice({ runtime: 'no-such-runtime' })),
      /from engine\.runtime in \/etc\/x\.conf/,
    );
  });

  it('says why it was chosen', () => {
    const runtimes = {
      crun: [program('crun', 'crun version 1.20')],
      runc: [program('runc', 'runc version 1.1')],
    };
    const chosen = chooseRuntime(choice({ runtimes }));
    assert.equal(chosen.name, 'crun');
    assert.match(chosen.reason, /first of crun, runc, runsc/);
  });
});

describe('the version of a runtime', () => {
  it('is kept although nothing has run yet', () => {
    const runRoot = join(directory, 'after', 'boot');
    assert.equal(readRuntimeVersion(program('early', 'crun version 1.9'), runRoot), '1.9');
    assert.ok(existsSync(join(runRoot, 'runtime-versions.json')));
  });

  it('is asked once for each state of the binary', () => {
    const path = program('versioned', 'crun version 1.8.1\ncommit: f8a0');
    assert.equal(readRuntimeVersion(path, directory), '1.8.1');
    assert.ok(existsSync(join(directory, 'runtime-versions.json')));
    program('versioned', 'crun version 1.21\ncommit: abcdef0123');
    assert.equal(readRuntimeVersion(path, directory), '1.21');
    assert.equal(readRuntimeVersion(join(directory, 'gone'), directory), undefined);
    assert.equal(readRuntimeVersion(program('silent'), join(directory, 'no/run/root')), undefined);
  });
});

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { after, beforeEach, describe, it } from 'node:test';
import { readRuntimeConfig } from '../../../src/base/containers-conf.ts';
import { presentConfFiles } from '../../../src/base/containers-conf-files.ts';

const top = mkdtempSync(join(tmpdir(), 'tspod-conf-files-'));
after(() => rmSync(top, { recursive: true }));

let base = '';
beforeEach(() => {
  base = mkdtempSync(join(top, 'host-'));
});

function write(...names: string[]): void {
  for (const name of names) {
    mkdirSync(dirname(join(base, name)), { recursive: true });
    writeFileSync(join(base, name), '');
  }
}

function found(uid: number | undefined, env: Record<string, string> = {}): string[] {
  const places = { share: join(base, 'share'), etc: join(base, 'etc'), rootlessUid: uid };
  return presentConfFiles({ HOME: join(base, 'home'), ...env }, [], places).map(({ path }) =>
    relative(base, path),
  );
}

describe('the files of containers.conf', () => {
  it('are read in the order of podman: the host’s, those for users, those for one user, the user’s own', () => {
    const common = [
      'share/containers.conf',
      'etc/containers.conf',
      'etc/containers.conf.d/10-a.conf',
      'etc/containers.conf.d/9-b.conf',
    ];
    const forRoot = ['etc/containers.rootful.conf.d/a.conf'];
    const forUsers = [
      'etc/containers.rootless.conf',
      'etc/containers.rootless.conf.d/a.conf',
      'etc/containers.rootless.conf.d/1234/a.conf',
    ];
    const own = [
      'home/.config/containers/containers.conf',
      'home/.config/containers/containers.conf.d/a.conf',
    ];
    write(...common, ...forRoot, ...forUsers, 'etc/containers.rootless.conf.d/99/a.conf', ...own);
    assert.deepEqual(found(1234), [...common, ...forUsers, ...own]);
    assert.deepEqual(found(undefined), [...common, ...forRoot]);
  });

  it('of a user are below XDG_CONFIG_HOME where that is set', () => {
    write('xdg/containers/containers.conf', 'home/.config/containers/containers.conf');
    assert.deepEqual(found(1, { XDG_CONFIG_HOME: join(base, 'xdg') }), ['xdg/containers/containers.conf']);
  });

  it('in directories end in .conf and are files', () => {
    write('etc/containers.conf.d/a.conf', 'etc/containers.conf.d/b.conf.rpmsave');
    mkdirSync(join(base, 'etc/containers.conf.d/c.conf'));
    symlinkSync('/nonexistent', join(base, 'etc/containers.conf.d/d.conf'));
    symlinkSync('a.conf', join(base, 'etc/containers.conf.d/e.conf'));
    assert.deepEqual(found(undefined), ['etc/containers.conf.d/a.conf', 'etc/containers.conf.d/e.conf']);
  });

  it('are one where CONTAINERS_CONF names it, and CONTAINERS_CONF_OVERRIDE comes after it or after all others', () => {
    write('etc/containers.conf', 'only.conf', 'last.conf');
    const only = { CONTAINERS_CONF: join(base, 'only.conf') };
    const last = { CONTAINERS_CONF_OVERRIDE: join(base, 'last.conf') };
    assert.deepEqual(found(undefined, only), ['only.conf']);
    assert.deepEqual(found(undefined, { ...only, ...last }), ['only.conf', 'last.conf']);
    assert.deepEqual(found(undefined, last), ['etc/containers.conf', 'last.conf']);
  });

  for (const name of ['CONTAINERS_CONF', 'CONTAINERS_CONF_OVERRIDE'])
    it(`are an error where ${name} names one that is not there`, () => {
      assert.throws(
        () => found(undefined, { [name]: '/nonexistent/a.conf' }),
        new RegExp(`^InvalidSpecError: ${name} names /nonexistent/a\\.conf: there is no such file$`),
      );
    });
});

describe('a file of containers.conf that cannot be read', () => {
  const read = (path: string) => readRuntimeConfig({ runRoot: '/nonexistent' }, { CONTAINERS_CONF: path });

  it('may be a directory', () => {
    assert.throws(
      () => read(base),
      new RegExp(`cannot read ${base}: it is a directory, and has to be a file$`),
    );
  });

  it('may be much too large', () => {
    const path = join(base, 'large.conf');
    writeFileSync(path, `# ${'x'.repeat(5 << 20)}\n`);
    assert.throws(() => read(path), /cannot read \S+large\.conf: it has 5242883 bytes/);
  });

  it('may be below a file', () => {
    write('file');
    const path = join(base, 'file/a.conf');
    assert.throws(() => read(path), new RegExp(`${path}: there is no such file|cannot read ${path}`));
  });
});

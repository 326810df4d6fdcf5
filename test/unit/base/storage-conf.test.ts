import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { completeStorage, parseStorageConf, readStorageConf } from '../../../src/base/storage-conf.ts';

const directory = mkdtempSync(join(tmpdir(), 'tspod-storage-conf-'));
after(() => rmSync(directory, { recursive: true }));

function conf(text: string): NodeJS.ProcessEnv {
  const file = join(directory, 'storage.conf');
  writeFileSync(file, text);
  return { CONTAINERS_STORAGE_CONF: file, HOME: '/home/me' };
}

describe('storage.conf', () => {
  it('names driver, places and options', () => {
    const env = conf(`# comment
[storage]
driver = "vfs"
graphroot = '/data/containers' # mine
runroot = "/run/$HOME/c"
[storage.options]
additionalimagestores = [
  "/usr/lib/images",
]
ignore_chown_errors = "true"
[storage.options.overlay]
mount_program = "/usr/bin/fuse-overlayfs"
mountopt = "nodev,metacopy=off"
`);
    assert.deepEqual(readStorageConf(env), {
      file: env['CONTAINERS_STORAGE_CONF'],
      driver: 'vfs',
      root: '/data/containers/tspod',
      runroot: '/run//home/me/c/tspod'.replace('//', '/'),
      options: [
        'mount_program=/usr/bin/fuse-overlayfs',
        'mountopt=nodev,metacopy=off',
        'ignore_chown_errors=true',
      ],
    });
  });

  it('leaves podman its own places, and the choice among overlays to the trial', () => {
    const env = conf(
      '[storage]\ndriver = "overlay"\ngraphroot = "/var/lib/containers/storage"\nrunroot = "/run/containers/storage"\n',
    );
    const { driver, root, runroot, options } = readStorageConf(env);
    assert.deepEqual([driver, root, runroot, options], [undefined, undefined, undefined, []]);
  });

  it('gives way to the command line and the environment', () => {
    const env = conf('[storage]\ndriver = "vfs"\ngraphroot = "/g"\n');
    assert.deepEqual(completeStorage({}, env), { root: '/g/tspod', storageDriver: 'vfs' });
    assert.deepEqual(completeStorage({ root: '/r' }, env), { root: '/r' });
    assert.deepEqual(completeStorage({ storageDriver: 'overlay' }, env), {
      root: '/g/tspod',
      storageDriver: 'overlay',
    });
    assert.deepEqual(completeStorage({ root: '/r' }, { STORAGE_DRIVER: 'vfs', STORAGE_OPTS: 'a=b,c=d' }), {
      root: '/r',
      storageDriver: 'vfs',
      storageOpt: ['a=b', 'c=d'],
    });
  });

  it('names the line that is no TOML', () => {
    assert.throws(() => parseStorageConf('[storage]\nwhat is this\n', '/etc/x'), /\/etc\/x, line 2: neither/);
  });
});

import assert from 'node:assert/strict';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { RESOLVE_IN_ROOT, type Syscalls } from '../../../src/native/syscalls.ts';
import { resolveUser } from '../../../src/oci/user.ts';

const base = mkdtempSync(join(tmpdir(), 'tspod-user-'));
after(() => rmSync(base, { recursive: true }));
let serial = 0;

const PASSWD = `# comment
root:x:0:0:root:/root:/bin/sh
www:x:33:33:www:/srv:/bin/sh
0100:x:77:7::/digits:/bin/sh
broken line
huge:x:99999999999:1::/:/bin/sh
nohome:x:40:40
`;
const GROUP = `root:x:0:root
www:x:33:
audio:x:29:www,other
video:x:44:www
`;

function rootfs(files: Record<string, string>): string {
  const root = join(base, String(serial++));
  mkdirSync(join(root, 'etc'), { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(root, name), content);
  return root;
}

/** openat2 in the way the kernel does it for these tests: each link is followed inside the root. */
function insideRoot(root: string): Pick<Syscalls, 'openat2'> {
  return {
    openat2(_dirFd, path, flags, _mode, resolve) {
      assert.equal(resolve, RESOLVE_IN_ROOT);
      let current = String(path);
      while (lstatSync(join(root, current)).isSymbolicLink())
        current = join('/', readlinkSync(join(root, current)));
      return openSync(join(root, current), flags);
    },
  };
}

function resolved(
  user: string,
  groupAdd: string[] = [],
  root = rootfs({ 'etc/passwd': PASSWD, 'etc/group': GROUP }),
) {
  return resolveUser({ rootfs: root, user, groupAdd, syscalls: insideRoot(root) });
}

describe('the user of a container', () => {
  const cases: [string, ReturnType<typeof resolved>][] = [
    ['', { uid: 0, gid: 0, additionalGids: [0], home: '/root' }],
    ['www', { uid: 33, gid: 33, additionalGids: [33, 29, 44], home: '/srv' }],
    ['33', { uid: 33, gid: 33, additionalGids: [33, 29, 44], home: '/srv' }],
    ['www:audio', { uid: 33, gid: 29, additionalGids: [29], home: '/srv' }],
    ['www:1234', { uid: 33, gid: 1234, additionalGids: [1234], home: '/srv' }],
    ['1234', { uid: 1234, gid: 0, additionalGids: [0], home: '/' }],
    ['1234:5678', { uid: 1234, gid: 5678, additionalGids: [5678], home: '/' }],
    [':audio', { uid: 0, gid: 29, additionalGids: [29], home: '/root' }],
    ['0100', { uid: 77, gid: 7, additionalGids: [7], home: '/digits' }],
    ['nohome', { uid: 40, gid: 40, additionalGids: [40], home: '/' }],
  ];
  for (const [user, expected] of cases)
    it(`is found for ${JSON.stringify(user)}`, () => assert.deepEqual(resolved(user), expected));

  it('gets the groups of --group-add by name and number', () => {
    assert.deepEqual(resolved('1234', ['audio', '77']).additionalGids, [0, 29, 77]);
    assert.throws(
      () => resolved('', ['nogroup']),
      /unable to find group nogroup: no matching entries in group file/,
    );
  });

  it('must be known when it is a name, and in range when it is a number', () => {
    assert.throws(() => resolved('nobody'), /unable to find user nobody: no matching entries in passwd file/);
    assert.throws(() => resolved('huge'), /unable to find user huge/);
    assert.throws(() => resolved('www:nogroup'), /unable to find group nogroup/);
    assert.throws(() => resolved('4294967295'), /uids and gids must be in range 0-2147483647/);
  });

  it('may be a number, or root, in a root file system without any files', () => {
    const empty = rootfs({});
    assert.deepEqual(resolved('5:6', [], empty), { uid: 5, gid: 6, additionalGids: [6], home: '/' });
    assert.equal(resolved('', [], empty).home, '/root');
    assert.throws(() => resolved('www', [], empty), /unable to find user www/);
  });

  it('is looked up inside the root file system even through absolute links', () => {
    const root = rootfs({ 'etc/real': 'inner:x:5:5::/inner:/bin/sh\n' });
    symlinkSync('/etc/real', join(root, 'etc/passwd'));
    assert.equal(resolved('inner', [], root).uid, 5);
  });

  it('is not looked up in a device, which is not even opened, nor in a file without end: a runtime would read it for ever', () => {
    const device: Pick<Syscalls, 'openat2'> = {
      openat2(_dirFd, _path, flags) {
        assert.notEqual(flags & 0o10000000, 0, 'a device was opened');
        return openSync('/dev/zero', flags);
      },
    };
    const request = { rootfs: base, user: '7', groupAdd: [] };
    assert.throws(() => resolveUser({ ...request, syscalls: device }), /\/etc\/passwd .* is a device/);
    const root = rootfs({ 'etc/passwd': '' });
    truncateSync(join(root, 'etc/passwd'), (16 << 20) + 1);
    assert.throws(() => resolved('7', [], root), /\/etc\/passwd .* is larger than 16 MiB/);
  });
});

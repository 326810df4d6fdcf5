import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { freshName } from '../fixtures/containers.ts';
import { busyboxArchive, busyboxImage } from '../fixtures/harness-busybox.ts';
import {
  PROJECT_ROOT,
  type RunResult,
  runProgram,
  rootArguments,
  testRoot,
  testEnvironment,
  TSPOD,
  tspod,
} from '../fixtures/harness.ts';

/** tspod as the last command of a shell script that first spoils its surroundings. */
function tspodAfter(script: string, ...args: string[]): Promise<RunResult> {
  const command = [TSPOD, ...rootArguments(testRoot()), ...args];
  return runProgram('sh', ['-c', script, 'sh', ...command], { env: testEnvironment({}) });
}

const run = ['run', '--rm', '--network', 'none'];

/** What another tspod needs of the host, read-only at its own places: `/lib` is a part of `/usr`. */
const SYSTEM = ['/usr', '/usr/lib', '/usr/lib64']
  .filter((path) => existsSync(path))
  .flatMap((path) => ['-v', `${path}:${path === '/usr' ? path : path.slice('/usr'.length)}:ro`]);

const inside = () => [
  ...SYSTEM,
  ...['-v', `${PROJECT_ROOT}:${PROJECT_ROOT}:ro`, '-v', `${busyboxArchive()}:/busybox.tar:ro`],
  ...['-e', 'PATH=/usr/sbin:/usr/bin:/bin'],
];

describe('a container', { skip: !existsSync('/usr/lib/os-release') }, () => {
  it('may have a tspod of its own inside, with the root of a user as well', async () => {
    const store = ['-v', `${freshName('store')}:/var/lib/tspod`];
    const inner = ['import -q /busybox.tar busybox', 'run --rm --network none busybox echo "from inside"'];
    const { code, stdout, stderr } = await tspod([
      ...[...run, '--privileged', ...store, ...inside(), await busyboxImage(), 'sh', '-c'],
      inner.map((words) => `${TSPOD} ${words}`).join(' && '),
    ]);
    assert.deepEqual([code, stdout.split('\n')[1], stderr], [0, 'from inside', '']);
  });

  it('that may not do what a tspod inside needs, is told of', async () => {
    const { code, stderr } = await tspod([
      ...[...run, ...inside(), await busyboxImage(), 'sh', '-c'],
      `${TSPOD} import -q /busybox.tar busybox && ${TSPOD} run --rm --network none busybox true`,
    ]);
    assert.equal(code, 125);
    assert.match(stderr, /operation not permitted/i);
    assert.match(stderr, /tspod runs in a container here, which has to allow it: by --privileged/);
  });
});

describe('the caller’s surroundings', () => {
  it('may have any umask: others in the container read its hosts file and volumes', async () => {
    const image = await busyboxImage();
    const script = 'cat /etc/hosts >/dev/null && stat -c %a /v';
    const volume = `${freshName('v')}:/v`;
    const { stdout, stderr } = await tspodAfter(
      'umask 077; exec "$@"',
      ...[...run, '-u', '1000', '-v', volume, image, 'sh', '-c', script],
    );
    assert.equal(`${stdout}${stderr}`, '755\n');
  });

  it('may lack the current directory, which is then said', async () => {
    const image = await busyboxImage();
    mkdirSync(join(testRoot().base, 'gone'), { recursive: true });
    const { code, stderr } = await tspodAfter(
      `cd ${testRoot().base}/gone && rmdir ../gone && exec "$@"`,
      ...[...run, image, 'true'],
    );
    assert.equal(code, 125);
    assert.match(stderr, /the current directory has been removed/);
  });

  it('may be a full disk behind stdout, which is not taken for a fault of the storage', async () => {
    await busyboxImage();
    const { code, stderr } = await tspodAfter('exec "$@" > /dev/full', 'images');
    assert.equal(code, 125);
    assert.match(stderr, /no space left on device/);
    assert.doesNotMatch(stderr, /database|internal/);
  });
});

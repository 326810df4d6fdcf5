import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { freshName } from '../fixtures/containers.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import {
  type RunResult,
  runProgram,
  rootArguments,
  testRoot,
  testEnvironment,
  TSPOD,
} from '../fixtures/harness.ts';

/** tspod as the last command of a shell script that first spoils its surroundings. */
function tspodAfter(script: string, ...args: string[]): Promise<RunResult> {
  const command = [TSPOD, ...rootArguments(testRoot()), ...args];
  return runProgram('sh', ['-c', script, 'sh', ...command], { env: testEnvironment({}) });
}

const run = ['run', '--rm', '--network', 'none'];

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

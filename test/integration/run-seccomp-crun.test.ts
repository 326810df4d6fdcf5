import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { testRoot } from '../fixtures/harness.ts';
import { requires } from '../fixtures/requires.ts';
import { underCrun } from '../fixtures/under-crun.ts';

/** Runs a script by crun, and returns all that it printed. */
async function outputUnderCrun(flags: string[], script: string): Promise<string> {
  const image = await busyboxImage();
  const words = ['run', '--rm', '--network', 'none', ...flags, image, 'sh', '-c', `(${script}) 2>&1`];
  const result = await underCrun(words);
  assert.equal(result.stderr, '');
  return result.stdout;
}

function cachedFilters(): string[] {
  const directory = join(testRoot().runRoot, 'seccomp');
  return readdirSync(directory).map((name) => join(directory, name));
}

describe('the seccomp filter under crun', { skip: requires('root', 'crun') }, () => {
  it('is the same, compiled for this container or taken from an earlier one', async () => {
    const profile = join(testRoot().base, 'no-mkdir.json');
    const syscalls = [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 28 }];
    writeFileSync(profile, JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls }));
    const flags = ['--security-opt', `seccomp=${profile}`];
    const script = 'mkdir /tmp/x; grep ^Seccomp: /proc/self/status';
    const compiled = await outputUnderCrun(flags, script);
    assert.match(compiled, /No space left on device[\s\S]*Seccomp:\s+2\n/);
    const [file = ''] = cachedFilters();
    const whole = readFileSync(file);
    assert.equal(await outputUnderCrun(flags, script), compiled);

    // A damaged one is not used, but replaced.
    writeFileSync(file, whole.subarray(0, whole.length / 2));
    assert.equal(await outputUnderCrun(flags, script), compiled);
    assert.deepEqual(readFileSync(file), whole);
  });

  it('holds for a profile by capabilities too', async () => {
    const script = 'grep ^Seccomp: /proc/self/status; unshare -m true && echo unshared';
    const refused = await outputUnderCrun([], script);
    assert.match(refused, /^Seccomp:\s+2\n/);
    assert.doesNotMatch(refused, /unshared/);
    assert.match(await outputUnderCrun(['--cap-add', 'SYS_ADMIN'], script), /Seccomp:\s+2\nunshared/);
    assert.equal(await outputUnderCrun([], script), refused);
  });

  it('is no annotation that inspect shows, when taken from an earlier container', async () => {
    await outputUnderCrun([], 'true');
    const image = await busyboxImage();
    const id = (await underCrun(['run', '-d', '--network', 'none', image, 'sleep', '1000'])).stdout.trim();
    const config = join(testRoot().runRoot, 'containers', id, 'config.json');
    assert.match(readFileSync(config, 'utf8'), /run\.oci\.seccomp_bpf_data/);
    assert.doesNotMatch((await underCrun(['inspect', id])).stdout, /seccomp_bpf_data/);
    await underCrun(['rm', '-f', '-t', '0', id]);
  });
});

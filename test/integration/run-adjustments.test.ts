import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { freshName, inContainer, runScript } from '../fixtures/containers.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { rootArguments, runProgram, testEnvironment, testRoot, TSPOD, tspodOk } from '../fixtures/harness.ts';
import { isRoot, requires } from '../fixtures/requires.ts';

/** An image like busybox's, with something changed. */
async function imageWith(...changes: string[]): Promise<string> {
  const name = `localhost/changed-${freshName()}`;
  const id = await tspodOk(['create', await busyboxImage()]);
  await tspodOk(['commit', '-q', ...changes.flatMap((change) => ['--change', change]), id, name]);
  await tspodOk(['rm', id]);
  return name;
}

describe('run changes', () => {
  it('variables of the image on the basis of what they are', async () => {
    const image = await imageWith('ENV GREETING=hello');
    const merge = ['--env-merge', `GREETING=$\{GREETING}-world`, '--env-merge', 'BOTH=$GREETING/$NONE.'];
    const printed = await tspodOk(['run', '--rm', ...merge, image, 'sh', '-c', 'echo $GREETING $BOTH']);
    assert.equal(printed, 'hello-world hello-world/.');
  });

  it('the domain name, which the container’s own name is completed by', async () => {
    const flags = ['--hostname', 'web', '--domainname', 'example.org'];
    if (!isRoot()) {
      assert.match((await runScript(flags, 'true')).stderr, /--domainname is not supported without root/);
      return;
    }
    const printed = await inContainer(flags, 'cat /proc/sys/kernel/domainname; hostname; hostname -f');
    assert.equal(printed, 'example.org\nweb\nweb.example.org');
    const shared = await runScript(['--uts', 'host', '--domainname', 'x'], 'true');
    assert.match(shared.stderr, /cannot set a domain name/);
  });

  it('what runs around it, by the hooks of --hooks-dir', async () => {
    const [directory, told] = [join(testRoot().base, 'hooks.d'), join(testRoot().base, 'hooked')];
    mkdirSync(directory);
    const path = join(directory, 'tell');
    writeFileSync(path, `#!/bin/sh\ncat >>${told}; echo " $1" >>${told}\n`, { mode: 0o755 });
    const hook = (stage: string) => ({
      version: '1.0.0',
      hook: { path, args: ['tell', stage] },
      when: { annotations: { '^tell$': '^yes$' } },
      stages: [stage],
    });
    for (const stage of ['prestart', 'poststop'])
      writeFileSync(join(directory, `${stage}.json`), JSON.stringify(hook(stage)));
    const flags = ['--hooks-dir', directory];
    assert.equal(await inContainer(flags, 'echo unasked'), 'unasked');
    assert.equal(existsSync(told), false);
    assert.equal(await inContainer([...flags, '--annotation', 'tell=yes'], 'echo asked'), 'asked');
    const [first = '', last = ''] = readFileSync(told, 'utf8').split('\n');
    assert.match(first, /"status":"creat(ed|ing)".* prestart$/);
    assert.match(last, /"status":"stopped".* poststop$/);
  });

  it('what /etc/hosts begins with', async () => {
    const base = join(testRoot().base, 'hosts');
    writeFileSync(base, '192.0.2.77 from-file # not this\n');
    const read = 'cat /etc/hosts';
    assert.match(await inContainer(['--hosts-file', base], read), /^192\.0\.2\.77\tfrom-file\n127/);
    assert.match(await inContainer(['--hosts-file', 'none'], read), /^127\.0\.0\.1\tlocalhost\n/);
    const container = freshName();
    const write = 'umount /etc/hosts 2>/dev/null; rm -f /etc/hosts; echo 192.0.2.78 from-image > /etc/hosts';
    await inContainer(['--rm=false', '--no-hosts', '--name', container], write);
    const image = `localhost/${container}`;
    await tspodOk(['commit', '-q', container, image]);
    await tspodOk(['rm', container]);
    const words = ['run', '--rm', '--network', 'none', '--hosts-file', 'image', image, 'cat', '/etc/hosts'];
    assert.match(await tspodOk(words), /^192\.0\.2\.78\tfrom-image\n/);
    const gone = await runScript(['--hosts-file', '/not/there'], 'true');
    assert.equal(gone.code, 125);
    assert.match(gone.stderr, /cannot read \/not\/there, which \/etc\/hosts is to begin with/);
  });

  it('the names and networks that a root within the root sees', async () => {
    const script = 'cat /jail/etc/hostname /other/etc/hostname; test -s /jail/etc/hosts && echo hosts';
    const printed = await inContainer(['--hostname', 'inmate', '--chrootdirs', '/jail,/other'], script);
    assert.equal(printed, 'inmate\ninmate\nhosts');
  });

  it('the seccomp profile to the one that the image brings along', { skip: requires('root') }, async () => {
    const rule = { names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 28 };
    const profile = JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [rule] });
    const image = await imageWith(`LABEL io.containers.seccomp.profile=${JSON.stringify(profile)}`);
    const make = ['--network', 'none', image, 'sh', '-c', 'mkdir /x 2>&1 && echo made'];
    assert.equal(await tspodOk(['run', '--rm', ...make]), 'made');
    const { stdout } = await runProgram(
      TSPOD,
      [...rootArguments(testRoot()), 'run', '--rm', '--seccomp-policy', 'image', ...make],
      { env: testEnvironment() },
    );
    assert.match(stdout, /No space left on device/);
  });

  it('the runtime, for every start of the container', async () => {
    const name = freshName();
    const image = await busyboxImage();
    await tspodOk(['create', '--runtime', 'runc', '--network', 'none', '--name', name, image, 'true']);
    await tspodOk(['start', '--attach', name]);
    assert.equal(await tspodOk(['inspect', '--format', '{{.OCIRuntime}}', name]), 'runc');
    await tspodOk(['rm', name]);
    const gone = await runScript(['--runtime', 'not-there'], 'true');
    assert.equal(gone.code, 125);
    assert.match(gone.stderr, /OCI runtime "not-there"/);
  });

  it('where the pid of its monitor is written', async () => {
    const file = join(testRoot().base, 'monitor.pid');
    const name = freshName();
    const words = ['run', '-d', '--network', 'none', '--name', name, '--conmon-pidfile', file];
    await tspodOk([...words, await busyboxImage(), 'sleep', '3600']);
    const pid = await tspodOk(['inspect', '--format', '{{.State.ConmonPid}}', name]);
    assert.equal(readFileSync(file, 'utf8').trim(), pid);
    await tspodOk(['rm', '-f', '-t', '0', name]);
  });
});

/** Older ones refuse a host with both versions of cgroups: there it is hidden from them. */
const WITHOUT_HYBRID = 'umount /sys/fs/cgroup/unified 2>/dev/null; exec "$@"';

describe('the execution domain', { skip: requires('root', 'crun') }, () => {
  it('makes the machine look like one of 32 bits, or is refused where the runtime has none', async () => {
    const words = ['run', '--rm', '--network', 'none', '--personality', 'LINUX32', await busyboxImage()];
    const command = [TSPOD, ...rootArguments(testRoot()), '--runtime', 'crun', ...words, 'uname', '-m'];
    const args = ['--mount', 'sh', '-c', WITHOUT_HYBRID, 'sh', ...command];
    const { stdout, stderr } = await runProgram('unshare', args, { env: testEnvironment() });
    assert.equal(stdout, process.arch === 'arm64' ? 'armv8l\n' : 'i686\n', stderr);
    const wrong = await runScript(['--personality', 'solaris'], 'true');
    assert.match(wrong.stderr, /must be LINUX or LINUX32/);
  });
});

describe('what has no equivalent', () => {
  for (const [flag, value, cause] of [
    ['--decryption-key', 'key.pem', /encrypted/],
    ['--rdt-class', 'gold', /resource director|without root/],
    ['--volume-driver', 'nfs', /volume plugins/],
  ] as const)
    it(`is refused with the reason: ${flag}`, async () => {
      const { code, stderr } = await runScript([flag, value], 'true');
      assert.equal(code, 125);
      assert.match(stderr, new RegExp(`^Error: ${flag}`));
      assert.match(stderr, cause);
    });

  it('is taken where it asks for nothing else than there is', async () => {
    assert.equal(await inContainer(['--volume-driver', 'local', '--disable-content-trust'], 'echo ok'), 'ok');
  });
});

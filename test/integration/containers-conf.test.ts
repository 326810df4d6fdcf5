import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { freshName, inContainer } from '../fixtures/containers.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { requires } from '../fixtures/requires.ts';

const modules = join(testRoot().base, 'config/containers/containers.conf.modules');

before(() => {
  mkdirSync(modules);
  const text = `[containers]
oom_score_adj = 700
container_name_as_hostname = true
env = ["FROM_MODULE=yes", { append = true }]
[engine]
image_volume_mode = "tmpfs"
`;
  writeFileSync(join(modules, 'special.conf'), text);
});

describe('a module of containers.conf', () => {
  it('counts for the commands that name it, by name or path', async () => {
    const name = freshName('named');
    const script = 'echo $FROM_MODULE $(hostname) $(cat /proc/self/oom_score_adj)';
    const flags = ['--name', name, '--module', 'special.conf'];
    assert.equal(await inContainer(flags, script), `yes ${name} 700`);
    const byPath = ['--module', join(modules, 'special.conf')];
    assert.match(await inContainer(byPath, script), /^yes \S+ 700$/);
    assert.doesNotMatch(await inContainer([], script), /yes/);
  });

  it('decides what becomes of an image’s volumes', async () => {
    const image = `localhost/${freshName('volumes')}`;
    const id = await tspodOk(['create', await busyboxImage()]);
    await tspodOk(['commit', '-q', '--change', 'VOLUME /cache', id, image]);
    await tspodOk(['rm', id]);
    const run = ['run', '--rm', '--network', 'none', '--module', 'special.conf', image];
    assert.match(await tspodOk([...run, 'grep', ' /cache ', '/proc/mounts']), /^tmpfs \/cache tmpfs/);
  });

  it('is shown by info, with what it sets', async () => {
    const file = join(modules, 'special.conf');
    const info = JSON.parse(await tspodOk(['--module', 'special.conf', 'info', '--format', 'json'])) as {
      host: { configFiles: string[]; configuration: Record<string, { value: unknown; file: string }> };
    };
    assert.equal(info.host.configFiles.at(-1), file);
    assert.deepEqual(info.host.configuration['containers.oom_score_adj'], { value: 700, file });
    assert.match(info.host.configuration['network.network_config_dir']?.file ?? '', /containers\.conf$/);
  });

  it('adds variables, some of them the host’s, and takes none away', async () => {
    writeFileSync(join(modules, 'env.conf'), '[containers]\nenv = ["OWN=1", "FROM_HOST", "NOT_THERE"]\n');
    const run = ['run', '--rm', '--network', 'none', '--module', 'env.conf', await busyboxImage(), 'env'];
    const env = (await tspodOk(run, { env: { FROM_HOST: 'yes' } })).split('\n');
    assert.ok(
      env.some((entry) => entry.startsWith('PATH=/usr/local/sbin:')),
      env.join(),
    );
    assert.deepEqual(
      env.filter((entry) => /^(OWN|FROM_HOST|NOT_THERE)=/.test(entry)),
      ['OWN=1', 'FROM_HOST=yes'],
    );
  });

  it('says to which addresses ports are published, and that resolv.conf is the image’s', async () => {
    const text = '[network]\ndefault_host_ips = ["127.0.0.1", "::1"]\n[containers]\ndns_servers = ["none"]\n';
    writeFileSync(join(modules, 'addresses.conf'), text);
    const create = ['create', '--module', 'addresses.conf', '-p', '8080:80', '-p', '0.0.0.0:81:81'];
    const id = await tspodOk([...create, await busyboxImage(), 'true']);
    const bindings = await tspodOk(['inspect', '-f', '{{json .HostConfig.PortBindings}}', id]);
    const binding = (HostIp: string, HostPort: string) => ({ HostIp, HostPort });
    assert.deepEqual(JSON.parse(bindings), {
      '80/tcp': [binding('127.0.0.1', '8080'), binding('::1', '8080')],
      '81/tcp': [binding('0.0.0.0', '81')],
    });
    await tspodOk(['rm', id]);
    assert.equal(
      await inContainer(['--module', 'addresses.conf'], 'test -e /etc/resolv.conf || echo none'),
      'none',
    );
  });

  it('that is not there is an error', async () => {
    const { code, stderr } = await tspod(['--module', 'gone.conf', 'info']);
    assert.equal(code, 125);
    assert.match(stderr, /module "gone\.conf" of containers\.conf not found/);
  });

  it('is obeyed for the engine’s own surroundings, and told about where it is not', async () => {
    const provider = join(testRoot().base, 'provider');
    writeFileSync(provider, '#!/bin/sh\necho "provider $1 $OF_ENGINE"\n', { mode: 0o755 });
    const text = `[containers]
keyring = false
log_path = "${testRoot().base}/logs"
label_users = true
[engine]
env = ["OF_ENGINE=yes"]
compose_providers = ["${provider}"]
conmon_env_vars = ["OF_MONITOR=yes"]
pod_exit_policy = "stop"
[secrets]
driver = "shell"
opts = { list = "true", lookup = "echo of $SECRET_ID", store = "cat >/dev/null", delete = "true" }
`;
    writeFileSync(join(modules, 'engine.conf'), text);
    const named = ['--module', 'engine.conf'];
    const compose = await tspod([...named, 'compose', 'version']);
    assert.equal(compose.stdout, 'provider version yes\n', compose.stderr);
    assert.match(compose.stderr, /containers\.label_users has no effect: users of SELinux/);
    const { stderr } = await tspod([...named, 'info']);
    assert.doesNotMatch(stderr, /label_users/);
    const id = await tspodOk([
      ...named,
      'run',
      '-d',
      '--network',
      'none',
      await busyboxImage(),
      'sleep',
      '1000',
    ]);
    const monitor = Number(await tspodOk(['inspect', '--format', '{{.State.ConmonPid}}', id]));
    assert.ok(existsSync(join(testRoot().base, 'logs', id, 'ctr.log')));
    assert.match(readFileSync(`/proc/${monitor}/environ`, 'utf8'), /\0OF_MONITOR=yes\0/);
    assert.match(readFileSync(`/proc/${monitor}/cmdline`, 'utf8'), /\0--no-new-keyring\0/);
    await tspodOk(['rm', '-f', '-t', '0', id]);
    const pod = await tspodOk([...named, 'pod', 'create', '--network', 'none']);
    assert.equal(await tspodOk(['pod', 'inspect', '--format', '{{.ExitPolicy}}', pod]), 'stop');
    await tspodOk(['pod', 'rm', pod]);
    const secret = await tspodOk([...named, 'secret', 'create', 'x', provider]);
    assert.match(
      await tspodOk(['secret', 'inspect', '--showsecret', 'x']),
      new RegExp(`"of ${secret}\\\\n"`),
    );
    await tspodOk(['secret', 'rm', 'x']);
  });

  it('has the runtime leave the old root in place (no_pivot_root)', { skip: requires('runc') }, async () => {
    // What is inside looks the same: the runtime itself tells how it was called.
    const told = join(testRoot().base, 'called');
    const runtime = join(testRoot().base, 'telling-runc');
    writeFileSync(runtime, `#!/bin/sh\necho "$@" >>${told}\nexec runc "$@"\n`, { mode: 0o755 });
    writeFileSync(join(modules, 'ramdisk.conf'), '[engine]\nno_pivot_root = true\n');
    const flags = ['--runtime', runtime];
    for (const [module, isTold] of [
      [[], false],
      [['--module', 'ramdisk.conf'], true],
    ] as const) {
      rmSync(told, { force: true });
      assert.equal(await inContainer([...flags, ...module], 'echo inside'), 'inside');
      assert.equal(/ (run|create) .*--no-pivot/.test(readFileSync(told, 'utf8')), isTold);
    }
    // Flags for all calls of the runtime stand before its command.
    assert.equal(await inContainer([...flags, '--runtime-flag', 'log-format=json'], 'echo inside'), 'inside');
    assert.match(readFileSync(told, 'utf8'), /^\S+ --log-format=json (run|create) /m);
  });

  it('names an interface as the device of the host that its network is (interface_name)', {
    skip: requires('root') || requires('private-network', 'netavark'),
  }, async () => {
    const link = ['link', 'add', 'uplink7', 'type', 'veth', 'peer', 'name', 'peer7'];
    for (const words of [link, ['link', 'set', 'uplink7', 'up'], ['link', 'set', 'peer7', 'up']])
      execFileSync('ip', words);
    const network = freshName('device');
    const subnet = ['--subnet', '10.214.0.0/24'];
    await tspodOk(['network', 'create', '-d', 'macvlan', '-o', 'parent=uplink7', ...subnet, network]);
    writeFileSync(join(modules, 'device.conf'), '[containers]\ninterface_name = "device"\n');
    const flags = ['--network', network];
    assert.equal(await inContainer(flags, 'ls /sys/class/net'), 'eth0\nlo');
    const named = [...flags, '--module', 'device.conf'];
    assert.equal(await inContainer(named, 'ls /sys/class/net'), 'lo\nuplink7');
    await tspodOk(['network', 'rm', network]);
    execFileSync('ip', ['link', 'delete', 'uplink7']);
  });
});

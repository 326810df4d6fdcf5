import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { before, describe, it } from 'node:test';
import { startBadRegistry } from '../fixtures/bad-registry.ts';
import { freshName, inContainer } from '../fixtures/containers.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { withTerminal } from '../fixtures/harness-terminal.ts';
import { type RunOptions, testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { buildImage } from '../fixtures/images.ts';
import { withoutBridges } from '../fixtures/networks.ts';
import { programPath, requires } from '../fixtures/requires.ts';
import { waitFor } from '../fixtures/wait-for.ts';

/** Keys of containers.conf that no other test sees at work: by what containers and commands do. */
const base = testRoot().base;
const BUSYBOX = 'localhost/busybox';
const NO_NETWORK = ['--network', 'none'];

/** With a file of this content on top of the test's own. */
function conf(text: string): { env: Record<string, string> } {
  const path = join(base, freshName('keys.conf'));
  writeFileSync(path, text);
  return { env: { CONTAINERS_CONF_OVERRIDE: path } };
}

const host = (values: string): string => `[containers]\n${values}\n`;

async function inside(text: string, script: string, flags: readonly string[] = NO_NETWORK): Promise<string> {
  return await inContainer(flags, script, conf(text));
}

before(() => busyboxImage());

describe('[containers]', () => {
  it('says what the process has: limits, capabilities, variables, mask, root', async () => {
    const text = host(`
default_ulimits = ["nofile=333:444", "core=0"]
default_capabilities = ["CHOWN"]
umask = "0077"
read_only = true
shm_size = "2m"
default_sysctls = ["net.ipv4.ip_default_ttl=99"]
env_host = true
http_proxy = false
tz = "UTC"`);
    const script = `
ulimit -n; ulimit -Hn; grep CapBnd /proc/self/status | cut -f2; umask; (echo >/x) 2>/dev/null || echo read-only
df -k /dev/shm | tail -1 | awk '{print $2}'; echo $OF_HOST; echo \${http_proxy:-none}; date +%Z`;
    const { env } = conf(text);
    const printed = await inContainer(NO_NETWORK, script, {
      env: { ...env, OF_HOST: 'seen', http_proxy: '' },
    });
    const lines = printed.trim().split('\n');
    assert.deepEqual(lines, [
      '333',
      '444',
      '0000000000000001',
      '0077',
      'read-only',
      '2048',
      'seen',
      'none',
      'UTC',
    ]);
  });

  it('says which namespaces it has', async () => {
    const words = ['pid', 'ipc', 'uts'];
    const links = words.map((word) => `readlink /proc/self/ns/${word}`).join('; ');
    const text = host('pidns = "host"\nipcns = "host"\nutsns = "host"');
    const [ours, shared] = [
      (await inContainer(NO_NETWORK, links)).split('\n'),
      (await inside(text, links)).split('\n'),
    ];
    const again = (await inside(text, links)).split('\n');
    assert.deepEqual(shared, again);
    for (const [at] of words.entries()) assert.notEqual(ours[at], shared[at]);
  });

  it('says what resolv.conf and hosts have in them', async () => {
    const own = join(base, 'hosts-base');
    writeFileSync(own, '10.9.8.7 from-base\n');
    const text = host(`
dns_servers = ["192.0.2.53"]
dns_searches = ["example.test"]
dns_options = ["ndots:3"]
base_hosts_file = "${own}"
host_containers_internal_ip = "192.0.2.99"`);
    const found = await inside(text, 'cat /etc/resolv.conf /etc/hosts', []);
    for (const pattern of [
      /^nameserver 192\.0\.2\.53$/m,
      /^search example\.test$/m,
      /^options ndots:3$/m,
      /^10\.9\.8\.7\s+from-base$/m,
      /^192\.0\.2\.99\s+host\.containers\.internal/m,
    ])
      assert.match(found, pattern);
    const without = await inside(host('host_containers_internal_ip = "none"'), 'cat /etc/hosts', []);
    assert.doesNotMatch(without, /host\.containers\.internal/);
    assert.equal(
      await inside(
        host('no_hosts = true'),
        'cat /etc/hosts 2>/dev/null | grep -c containers.internal || true',
        [],
      ),
      '0',
    );
  });

  it('says how it is logged', async () => {
    const run = async (values: string, script: string): Promise<string> => {
      const name = freshName('logged');
      const args = ['run', '--name', name, ...NO_NETWORK, BUSYBOX, 'sh', '-c', script];
      await tspodOk(args, conf(host(values)));
      return name;
    };
    const silent = await run('log_driver = "none"', 'echo said');
    const { code, stderr } = await tspod(['logs', silent]);
    assert.notEqual(code, 0, stderr);
    const short = await run('log_size_max = 8192', 'seq 1 20000');
    const kept = await tspodOk(['logs', short]);
    assert.ok(kept.length > 0 && kept.length < 50_000, String(kept.length));
    const path = await tspodOk([
      'inspect',
      '--format',
      '{{.HostConfig.LogConfig.Tag}}',
      await run('log_tag = "{{.Name}}"', 'true'),
    ]);
    assert.match(path, /\{\{\.Name\}\}/);
  });

  it('names the init program, a device and a seccomp profile', async () => {
    // The set-up of the tests installs it.
    const init = ['/usr/bin/catatonit', '/usr/libexec/podman/catatonit'].find((path) => existsSync(path));
    assert.ok(init !== undefined, 'catatonit is not installed');
    const text = host(`init = true\ninit_path = "${init}"\ndevices = ["/dev/null:/dev/of-conf:r"]`);
    const seen = await inside(text, 'tr "\\0" " " </proc/1/cmdline; ls /dev/of-conf');
    assert.match(seen, /^\/\S*init .*\n?.*\/dev\/of-conf$/s);
    const profile = join(base, 'seccomp.json');
    const rules = [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 28 }];
    writeFileSync(profile, JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: rules }));
    const refused = await inside(host(`seccomp_profile = "${profile}"`), 'mkdir /x 2>&1 || true');
    assert.match(refused, /No space left on device/);
  });

  it('limits processes', { skip: requires('root') }, async () => {
    const script = 'cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max 2>/dev/null || true';
    assert.equal(await inside(host('pids_limit = 77'), script), '77');
    assert.equal(await inside(host('pids_limit = -1'), script), 'max');
  });
});

describe('[engine]', () => {
  it('says how long a stop waits', async () => {
    const name = freshName('stopped');
    const settings = conf('[engine]\nstop_timeout = 1\n');
    const script = 'trap "" TERM; while :; do sleep 1; done';
    await tspodOk(['run', '-d', '--name', name, ...NO_NETWORK, BUSYBOX, 'sh', '-c', script], settings);
    const begun = Date.now();
    await tspodOk(['stop', name]);
    assert.ok(Date.now() - begun < 8000);
    assert.equal(await tspodOk(['inspect', '--format', '{{.State.ExitCode}}', name]), '137');
    await tspodOk(['rm', name]);
  });

  it('says after how many seconds an idle service ends', async () => {
    const socket = join(base, 'idle.sock');
    const args = ['system', 'service', `unix://${socket}`];
    const { code } = await tspod(args, { ...conf('[engine]\nservice_timeout = 1\n'), timeout: 30_000 });
    assert.equal(code, 0);
  });

  it('says when images are pulled, and how often it is tried', async () => {
    const never = await tspod(['create', 'localhost:1/x'], conf('[engine]\npull_policy = "never"\n'));
    assert.equal(never.code, 125);
    assert.match(never.stderr, /localhost:1\/x/);
    assert.doesNotMatch(never.stderr, /refused|connect/);
    const image = buildImage({ layers: [[{ name: 'a', content: 'a' }]], compression: 'none' });
    const tries = async (text: string, args: readonly string[]): Promise<number> => {
      const registry = await startBadRegistry(image, {
        manifestStatuses: Array.from({ length: 9 }, () => 503),
      });
      const name = `${registry.host}/x`;
      await tspod([...args, '--tls-verify=false', name], conf(text));
      await registry.stop();
      return registry.requests.filter((request) => request.includes('/manifests/')).length;
    };
    const once = '[engine]\nretry = 0\n';
    const thrice = '[engine]\nretry = 2\nretry_delay = "10ms"\n';
    for (const args of [['pull', '-q'], ['create']]) {
      const [few, more] = [await tries(once, args), await tries(thrice, args)];
      assert.equal(more, few * 3, args.join());
    }
  });

  it('says which keys leave a container, and which runtime it has', async () => {
    const settings = conf('[engine]\ndetach_keys = "ctrl-x,y"\n');
    const name = freshName('detached');
    const session = withTerminal(
      ['run', '-it', '--name', name, ...NO_NETWORK, BUSYBOX, 'sh', '-c', 'echo ready; sleep 1000'],
      settings,
    );
    await waitFor('the program', () => session.screen().includes('ready'));
    session.write('\x18y');
    assert.equal((await session.exit).code, 0);
    assert.equal(await tspodOk(['inspect', '--format', '{{.State.Status}}', name]), 'running');
    await tspodOk(['rm', '-f', '-t', '0', name]);
  });

  it('adds hooks and devices by name', async () => {
    const [hooks, told] = [join(base, 'hooks.d'), join(base, 'hook-ran')];
    mkdirSync(hooks);
    const program = join(base, 'hook');
    writeFileSync(program, `#!/bin/sh\n: >${told}\n`);
    chmodSync(program, 0o755);
    const hook = { version: '1.0.0', hook: { path: program }, when: { always: true }, stages: ['poststop'] };
    writeFileSync(join(hooks, 'told.json'), JSON.stringify(hook));
    await inside(`[engine]\nhooks_dir = ["${hooks}"]\n`, 'true');
    assert.equal(readFileSync(told, 'utf8'), '');
    const cdi = join(base, 'cdi');
    mkdirSync(cdi);
    const devices = [{ name: 'one', containerEdits: { env: ['OF_CDI=yes'] } }];
    writeFileSync(
      join(cdi, 'v.json'),
      JSON.stringify({ cdiVersion: '0.5.0', kind: 'vendor.com/thing', devices }),
    );
    const flags = [...NO_NETWORK, '--device', 'vendor.com/thing=one'];
    assert.equal(await inside(`[engine]\ncdi_spec_dirs = ["${cdi}"]\n`, 'echo $OF_CDI', flags), 'yes');
  });

  it('says what the infra container of a pod is, and what kube generate writes', async () => {
    const text = `[engine]\ninfra_image = "${BUSYBOX}"\ninfra_command = "sleep 1000"\nkube_generate_type = "deployment"\n`;
    const pod = freshName('pod');
    await tspodOk(['pod', 'create', '--name', pod, ...NO_NETWORK], conf(text));
    const format = '{{.ImageName}} {{join .Config.Cmd " "}}';
    const infra = await tspodOk(['pod', 'inspect', '--format', '{{.InfraContainerID}}', pod]);
    assert.match(await tspodOk(['inspect', '--format', format, infra]), /^localhost\/busybox\S* sleep 1000$/);
    await tspodOk(['create', '--pod', pod, BUSYBOX, 'true'], conf(text));
    assert.match(await tspodOk(['kube', 'generate', pod], conf(text)), /^kind: Deployment$/m);
    await tspodOk(['pod', 'rm', '-f', '-t', '0', pod]);
  });

  it('keeps quiet about the provider of compose', async () => {
    const provider = join(base, 'quiet-provider');
    writeFileSync(provider, '#!/bin/sh\necho composed\n', { mode: 0o755 });
    const shown = async (warns: boolean): Promise<string> => {
      const text = `[engine]\ncompose_providers = ["${provider}"]\ncompose_warning_logs = ${warns}\n`;
      const session = withTerminal(['compose', 'version'], conf(text));
      await session.exit;
      return session.screen().replaceAll('\r', '');
    };
    assert.equal(await shown(false), 'composed\n');
    assert.match(await shown(true), /quiet-provider.*\n.*composed/s);
  });

  it('names a runtime, whose absence is told with the file', async () => {
    const settings = conf('[engine]\nruntime = "no-such-runtime"\n');
    const { code, stderr } = await tspod(['create', ...NO_NETWORK, BUSYBOX], settings);
    const start = code === 0 ? await tspod(['start', '-l'], settings) : { stderr };
    assert.match(
      start.stderr,
      new RegExp(
        `"no-such-runtime" \\(from engine\\.runtime in ${settings.env['CONTAINERS_CONF_OVERRIDE']}\\) not found`,
      ),
    );
    await tspodOk(['rm', '--all', '--force', '--time', '0']);
  });
});

describe('[network]', { skip: withoutBridges() }, () => {
  it('tells netavark of firewall, DNS port and plugins', async () => {
    const real = programPath('netavark');
    const [folder, told] = [join(base, 'telling'), join(base, 'told-netavark')];
    mkdirSync(folder);
    const script = `#!/bin/sh\necho "$NETAVARK_FW $NETAVARK_DNS_PORT $*" >>${told}\nexec ${real} "$@"\n`;
    writeFileSync(join(folder, 'netavark'), script, { mode: 0o755 });
    const text = `[engine]\nhelper_binaries_dir = ["${folder}", "${dirname(real)}", "/usr/bin"]
[network]\nfirewall_driver = "none"\ndns_bind_port = 5353\nnetavark_plugin_dirs = ["${folder}"]\n`;
    // What an older netavark makes of it is its own affair.
    await tspod(['run', '--rm', '--network', 'bridge', BUSYBOX, 'true'], conf(text));
    assert.match(readFileSync(told, 'utf8'), /^none 5353 .*setup/m);
    rmSync(told);
  });

  it('says which network is the default one, and which subnets there are', async () => {
    const [name, other] = [freshName('usual'), freshName('pool')];
    await tspodOk(['network', 'create', '--subnet', '10.217.9.0/24', name]);
    const usual = conf(`[network]\ndefault_network = "${name}"\n`);
    const run = ['run', '--rm', '--network', 'bridge', BUSYBOX, 'ip', '-4', 'addr', 'show', 'eth0'];
    assert.match(await tspodOk(run, usual), /inet 10\.217\.9\./);
    const pools = conf('[network]\ndefault_subnet_pools = [{"base" = "10.216.0.0/16", "size" = 27}]\n');
    await tspodOk(['network', 'create', other], pools);
    const subnet = await tspodOk(['network', 'inspect', '--format', '{{(index .Subnets 0).Subnet}}', other]);
    assert.match(subnet, /^10\.216\.\d+\.\d+\/27$/);
    const gone = conf('[network]\ndefault_network = "gone"\n');
    const { code, stderr } = await tspod(run, gone);
    assert.equal(code, 125);
    assert.match(
      stderr,
      new RegExp(
        `^Error: ${gone.env['CONTAINERS_CONF_OVERRIDE']}: network\\.default_network: no such network: gone`,
      ),
    );
    await tspodOk(['network', 'rm', name, other]);
  });

  it('says where the default network is', async () => {
    const root = { root: testRoot() };
    const settings = conf('[network]\ndefault_subnet = "10.215.0.0/16"\n');
    const before = await tspodOk(
      ['network', 'inspect', '--format', '{{(index .Subnets 0).Subnet}}', 'podman'],
      root,
    );
    const format = ['network', 'inspect', '--format', '{{(index .Subnets 0).Subnet}}', 'podman'];
    assert.equal(await tspodOk(format, settings), '10.215.0.0/16');
    await tspodOk(format, conf(`[network]\ndefault_subnet = "${before}"\n`));
  });
});

describe('[network] without root', { skip: requires('rootless', 'pasta', 'tun') }, () => {
  it('gives pasta its options, and chooses what connects', async () => {
    const pasta = conf('[network]\npasta_options = ["--mtu", "1234"]\n');
    assert.equal(await inContainer(['--network', 'pasta'], 'cat /sys/class/net/[!l]*/mtu', pasta), '1234');
    const chosen = conf('[network]\ndefault_rootless_network_cmd = "pasta"\n');
    assert.match(await inContainer(['--network', 'private'], 'ls /sys/class/net', chosen), /lo/);
    const info = await tspodOk(
      ['info', '--format', '{{.Host.RootlessNetworkCmd}}'],
      conf('[network]\ndefault_rootless_network_cmd = "slirp4netns"\n'),
    );
    assert.equal(info, 'slirp4netns');
  });
});

describe('what is wrong in the file', () => {
  const wrong: readonly [text: string, message: string][] = [
    ['[containers]\nvolumes = ["/no-such-place:/x"]\n', 'containers.volumes: statfs /no-such-place'],
    ['[containers]\nmounts = ["type=x"]\n', 'containers.mounts: invalid filesystem type'],
    ['[containers]\ndevices = ["/dev/no-such"]\n', 'containers.devices: cannot use device /dev/no-such'],
    ['[containers]\nseccomp_profile = "/no-such"\n', 'containers.seccomp_profile: cannot load'],
    ['[containers]\ninit = true\ninit_path = "/no-such"\n', 'containers.init_path: cannot use /no-such'],
    ['[containers]\ntz = "No/Where"\n', 'containers.tz: finding timezone'],
    ['[containers]\nlog_tag = "{{.X}}"\n', 'containers.log_tag: invalid'],
    ['[containers]\ndefault_capabilities = ["NOPE"]\n', 'containers.default_capabilities: "CAP_NOPE"'],
    ['[containers]\nuserns = "auto:size=x"\n', 'containers.userns: invalid'],
    ['[containers]\npidns = "container:gone"\n', 'containers.pidns: no container'],
  ];
  for (const [text, message] of wrong)
    it(`is told with the file when a container needs it: ${text.split('\n').slice(1).join(' ')}`, async () => {
      const settings: RunOptions & { env: Record<string, string> } = conf(text);
      for (const whole of [undefined, '1']) {
        const env = { ...settings.env, _TSPOD_WHOLE: whole };
        const { code, stderr } = await tspod(['create', ...NO_NETWORK, BUSYBOX, 'true'], { env });
        assert.equal(code, 125);
        assert.ok(
          stderr.startsWith(`Error: ${settings.env['CONTAINERS_CONF_OVERRIDE']}: ${message}`),
          stderr,
        );
      }
    });

  it('is told at once where the text shows it', async () => {
    const { env } = conf('[containers]\n\nlog_driver = "nope"\n');
    for (const args of [['run', BUSYBOX], ['network', 'create', 'x'], ['info']]) {
      const { code, stderr } = await tspod(args, { env });
      assert.equal(code, 125);
      const where = `${env['CONTAINERS_CONF_OVERRIDE']}, line 3: containers.log_driver must be one of k8s-file, `;
      assert.ok(stderr.startsWith(`Error: ${where}`) && stderr.includes('not "nope"'), stderr);
    }
  });
});

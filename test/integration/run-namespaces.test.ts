import assert from 'node:assert/strict';
import { readFileSync, readlinkSync } from 'node:fs';
import { describe, it } from 'node:test';
import {
  freshName,
  inContainer,
  runScript,
  startScript,
  startSleeper,
  statusOf,
} from '../fixtures/containers.ts';
import { tspod, tspodOk } from '../fixtures/harness.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { isRoot } from '../fixtures/requires.ts';

const own = (kind: string) => readlinkSync(`/proc/self/ns/${kind}`);
const inside = (flags: string[], kind: string) => inContainer(flags, `readlink /proc/self/ns/${kind}`);

describe('namespaces of a container', () => {
  it('are its own or the host’s for cgroups', async () => {
    assert.notEqual(await inside(['--cgroupns', 'private'], 'cgroup'), own('cgroup'));
    assert.equal(await inside(['--cgroupns', 'host'], 'cgroup'), own('cgroup'));
    const bogus = await runScript(['--cgroupns', 'bogus'], 'true');
    assert.equal(bogus.code, 125);
    assert.match(bogus.stderr, /bogus/);
  });

  for (const [flag, kind] of [
    ['--pid', 'pid'],
    ['--ipc', 'ipc'],
    ['--uts', 'uts'],
  ] as const) {
    it(`are its own (${kind}), the host’s, or another container’s`, async () => {
      assert.notEqual(await inside([], kind), own(kind));
      assert.notEqual(await inside([flag, 'private'], kind), own(kind));
      assert.equal(await inside([flag, 'host'], kind), own(kind));
      const other = await startSleeper(kind === 'ipc' ? ['--ipc', 'shareable'] : []);
      const theirs = await tspodOk(['exec', other, 'readlink', `/proc/self/ns/${kind}`]);
      assert.equal(await inside([flag, `container:${other}`], kind), theirs);
    });

    it(`are refused when they make no sense (${kind})`, async () => {
      const bogus = await runScript([flag, 'bogus'], 'true');
      assert.equal(bogus.code, 125);
      assert.match(bogus.stderr, /bogus/);
      const nobody = await runScript([flag, 'container:nobody'], 'true');
      assert.equal(nobody.code, 125);
      assert.match(nobody.stderr, /nobody/);
    });
  }

  it('let it see the processes of another container, and of the host', async () => {
    const other = await startScript([], 'exec sleep 31415');
    assert.match(await inContainer(['--pid', `container:${other}`], 'ps'), /sleep 31415/);
    assert.match(await inContainer(['--pid', 'host'], 'ps'), /sleep 31415/);
    assert.doesNotMatch(await inContainer([], 'ps'), /31415/);
  });

  it('share /dev/shm with ipc', async () => {
    const other = await startSleeper(['--ipc', 'shareable']);
    await tspodOk(['exec', other, 'sh', '-c', 'echo shared > /dev/shm/f']);
    assert.equal(await inContainer(['--ipc', `container:${other}`], 'cat /dev/shm/f'), 'shared');
    const none = await inContainer(['--ipc', 'none'], 'grep -c " /dev/shm " /proc/mounts || true');
    assert.equal(none, '0');
  });

  it('give the host’s name with --uts host', async () => {
    assert.equal(
      await inContainer(['--uts', 'host'], 'hostname'),
      readFileSync('/proc/sys/kernel/hostname', 'utf8').trim(),
    );
    const both = await runScript(['--uts', 'host', '-h', 'x'], 'true');
    assert.equal(both.code, 125);
    assert.match(both.stderr, /hostname/);
  });

  it('of users are the host’s, unless asked otherwise', async () => {
    if (isRoot()) assert.equal(await inside(['--userns', 'host'], 'user'), own('user'));
    else assert.equal((await runScript(['--userns', 'host'], 'true')).code, 0);
  });

  it('are joined of a container that does not run once it has been started', async () => {
    const name = freshName();
    await tspodOk(['create', '--name', name, '--network', 'none', await busyboxImage(), 'sleep', '1000']);
    const { code, stderr } = await runScript(['--pid', `container:${name}`], 'true');
    assert.equal(code, 0, stderr);
    assert.match(await statusOf(name), /^Up /);
    await tspodOk(['rm', '-f', '-t', '0', name]);
  });

  it('keep the other from being removed while somebody is in them', async () => {
    const other = await startSleeper();
    const name = await startSleeper(['--pid', `container:${other}`]);
    const refused = await tspod(['rm', '-f', '-t', '0', other]);
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /dependent|depend/);
    await tspodOk(['rm', '-f', '-t', '0', name]);
    await tspodOk(['rm', '-f', '-t', '0', other]);
  });
});

describe('kernel settings', () => {
  it('are set in the namespaces of the container', async () => {
    assert.equal(
      await inContainer(['--sysctl', 'kernel.msgmax=4444'], 'cat /proc/sys/kernel/msgmax'),
      '4444',
    );
    assert.equal(
      await inContainer(
        ['--sysctl', 'net.ipv4.ip_unprivileged_port_start=81'],
        'cat /proc/sys/net/ipv4/ip_unprivileged_port_start',
      ),
      '81',
    );
  });

  it('of the host are refused', async () => {
    for (const [flags, words] of [
      [['--sysctl', 'vm.swappiness=1'], /vm\.swappiness/],
      [['--network', 'host', '--sysctl', 'net.ipv4.ip_forward=1'], /[Nn]etwork/],
      [['--ipc', 'host', '--sysctl', 'kernel.msgmax=1'], /IPC/],
      [['--sysctl', 'nonsense'], /nonsense/],
    ] as const) {
      const result = await runScript(flags, 'true');
      assert.equal(result.code, 125, flags.join(' '));
      assert.match(result.stderr, words);
    }
  });
});

describe('the network of a container', () => {
  it('has only a loopback with none, and the host’s with host', async () => {
    assert.equal(await inContainer(['--network', 'none'], 'ls /sys/class/net'), 'lo');
    assert.equal(await inside(['--network', 'host'], 'net'), own('net'));
    assert.equal(
      await inContainer(['--network', 'host'], 'hostname'),
      readFileSync('/proc/sys/kernel/hostname', 'utf8').trim(),
    );
  });

  it('is another container’s with container:NAME, with its hosts file', async () => {
    const other = await startSleeper(['-h', 'donor', '--add-host', 'peer:10.9.8.7']);
    const theirs = await tspodOk(['exec', other, 'readlink', '/proc/self/ns/net']);
    assert.equal(await inside(['--network', `container:${other}`], 'net'), theirs);
    assert.match(
      await inContainer(['--network', `container:${other}`], 'cat /etc/hosts'),
      /10\.9\.8\.7\s+peer/,
    );
  });

  it('is refused by name when there is none such', async () => {
    for (const [mode, words] of [
      ['nosuchnetwork', /nosuchnetwork/],
      ['container:nobody', /nobody/],
      ['ns:relative', /absolute/],
    ] as const) {
      const result = await runScript(['--network', mode], 'true');
      assert.equal(result.code, 125, mode);
      assert.match(result.stderr, words);
    }
  });
});

describe('a container that joins another', () => {
  it('names the other when that ends too soon', async () => {
    const donor = await startScript(['--name', freshName('brief')], 'exit 0');
    const id = await tspodOk(['create', '--pid', `container:${donor}`, await busyboxImage(), 'true']);
    const { code, stderr } = await tspod(['start', '--attach', id]);
    if (code !== 0) assert.match(stderr, new RegExp(donor));
  });
});

describe('a container for systemd', () => {
  it('has its directories in memory, an id, and its stop signal', async () => {
    const script =
      'env | grep -c container_uuid=; mount | grep -cE " on (/run|/run/lock|/tmp|/var/log/journal) .*size=1024k"';
    const flags = ['--systemd', 'always', '--shm-size-systemd', '1m'];
    assert.equal(await inContainer(flags, script), '1\n4');
    const id = await tspodOk(['create', '--network', 'none', await busyboxImage(), '/sbin/init']);
    const format = '{{.Config.StopSignal}} {{.Config.SystemdMode}}';
    assert.equal(await tspodOk(['inspect', '--format', format, id]), 'SIGRTMIN+3 true');
    assert.equal(
      await inContainer(['--systemd', 'false'], `${script.replace(';', '; true;')} ; true`),
      '0\n0',
    );
  });
});

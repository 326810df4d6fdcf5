import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { freshName, startSleeper } from '../fixtures/containers.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { makeNetwork, resolve, withoutBridges } from '../fixtures/networks.ts';
import { createMember, createPod, infraOf, removePod, startMember } from '../fixtures/pods.ts';
import { isRoot } from '../fixtures/requires.ts';
import { waitFor } from '../fixtures/wait-for.ts';

/** What a new member of the pod prints, without its white space. */
async function inPod(pod: string, script: string): Promise<string> {
  const run = ['run', '--rm', '--pod', pod, await busyboxImage(), 'sh', '-c', script];
  return plain(await tspodOk(run));
}

function plain(text: string): string {
  return text.trim().replaceAll(/[ \t]+/g, ' ');
}

/** Somebody with ranges of subordinate ids, whom the set-up of the tests sees to. */
function subordinates(): { name: string; start: string; count: string } | undefined {
  const [line = ''] = readFileSync('/etc/subuid', 'utf8').split('\n');
  const [name = '', start = '', count = ''] = line.split(':');
  const isSame = readFileSync('/etc/subgid', 'utf8').split('\n')[0] === line;
  return isSame && count !== '' ? { name, start, count } : undefined;
}

const noRange = isRoot() && subordinates() !== undefined ? false : 'needs root and ranges in /etc/subuid';

describe('pod create', () => {
  it('--uts and --pid choose the namespaces that are shared', async () => {
    const pod = await createPod(['--uts', 'host', '--share', '+pid', '--pid', 'host']);
    assert.equal(await inPod(pod, 'hostname; readlink /proc/self/ns/pid'), `${hostname()}\n${ownPids()}`);
    await removePod(pod);
  });

  it('--subuidname and --subgidname give its containers ranges of ids', { skip: noRange }, async () => {
    const { name, start, count } = subordinates() ?? { name: '', start: '', count: '' };
    const pod = await createPod(['--subuidname', name, '--subgidname', name]);
    const maps = `0 ${start} ${count}\n 0 ${start} ${count}`;
    assert.equal(await inPod(pod, 'cat /proc/self/uid_map /proc/self/gid_map'), maps);
    await removePod(pod);
    const run = ['run', '--rm', '--network', 'none', '--subuidname', name, '--subgidname', name];
    const alone = await tspodOk([
      ...run,
      await busyboxImage(),
      'cat',
      '/proc/self/uid_map',
      '/proc/self/gid_map',
    ]);
    assert.equal(plain(alone), maps);
  });

  it('--gpus gives them to all containers of the pod and of its copies', async () => {
    const directory = mkdtempSync(join(testRoot().base, 'cdi-'));
    const devices = ['0', '1', 'all'].map((name) => ({ name, containerEdits: { env: [`GPU${name}=yes`] } }));
    const document = { cdiVersion: '0.6.0', kind: 'nvidia.com/gpu', devices };
    writeFileSync(join(directory, 'gpu.json'), JSON.stringify(document));
    const withCdi = ['--cdi-spec-dir', directory];
    const [pod, copy, member] = [freshName('pod'), freshName('pod'), freshName('member')];
    await tspodOk([...withCdi, 'pod', 'create', '--network', 'none', '--gpus', '0', pod]);
    const create = ['create', '--pod', pod, '--name', member, await busyboxImage()];
    await tspodOk([...withCdi, ...create, 'sh', '-c', 'env | grep GPU']);
    assert.equal(await tspodOk([...withCdi, 'start', '--attach', member]), 'GPU0=yes');
    await tspodOk([...withCdi, 'pod', 'clone', '--gpus', '1', pod, copy]);
    assert.equal(await tspodOk([...withCdi, 'start', '--attach', `${member}-clone`]), 'GPU1=yes');
    for (const each of [pod, copy]) await removePod(each);
  });

  it('--restart brings back a container that fails', async () => {
    const pod = await createPod(['--restart', 'on-failure:2', '--volume', '/shared']);
    const reader = await startMember(pod);
    const run = ['run', '-d', '--pod', pod, await busyboxImage(), 'sh', '-c'];
    const id = await tspodOk([...run, 'echo life >> /shared/lives; exit 1']);
    await waitFor('the last of its lives', async () => {
      const shown = '{{.State.Status}} {{.RestartCount}}';
      return (await tspodOk(['inspect', '--format', shown, id])) === 'exited 2';
    });
    assert.equal(await tspodOk(['exec', reader, 'cat', '/shared/lives']), 'life\nlife\nlife');
    await removePod(pod);
  });

  it('--ip, --ip6, --mac-address and --network-alias are those of all its containers', {
    skip: withoutBridges(),
  }, async () => {
    const network = await makeNetwork('--subnet', '10.217.9.0/24', '--subnet', 'fd00:217:9::/64');
    const fixed = ['--ip', '10.217.9.77', '--ip6', 'fd00:217:9::77', '--mac-address', '92:d0:c6:0a:29:77'];
    const pod = await createPod(['--network', network, ...fixed, '--network-alias', 'shop']);
    await startMember(pod);
    const link = await inPod(pod, 'ip addr show eth0');
    for (const words of ['inet 10.217.9.77/24', 'inet6 fd00:217:9::77/64', '92:d0:c6:0a:29:77'])
      assert.ok(link.includes(words), `${words} in ${link}`);
    const other = await startSleeper(['--network', network]);
    assert.deepEqual(await resolve(other, 'shop'), ['10.217.9.77', 'fd00:217:9::77']);
    await removePod(pod);
  });
});

function ownPids(): string {
  return readlinkSync('/proc/self/ns/pid');
}

const MOUNTED = 'grep -oE " (/volume|/from) " /proc/mounts | sort';

describe('pod clone', () => {
  it('gives the copy and its containers what it is told, in place of what the original has', async () => {
    const image = await busyboxImage();
    const folder = mkdtempSync(join(testRoot().base, 'pod-'));
    const [labels, pidFile] = [join(folder, 'labels'), join(folder, 'monitor')];
    writeFileSync(labels, 'tier=web\n');
    const donor = freshName('donor');
    await tspodOk(['create', '--name', donor, '--network', 'none', '-v', '/from', image, 'true']);
    const pod = await createPod([
      ...['--infra-image', image, '--infra-command', 'sleep 1000', '--device', '/dev/null:/dev/one'],
      ...['--label', 'old=one', '--hostname', 'first', '--restart', 'no', '--volume', '/gone'],
    ]);
    const member = await createMember(pod, ['--device', '/dev/null:/dev/own']);
    const [copy, infra] = [freshName('copy'), freshName('infra')];
    await tspodOk([
      ...['pod', 'clone', '--start', '--name', copy, '--infra-name', infra, '--infra-command', 'sleep 999'],
      ...['--infra-conmon-pidfile', pidFile, '--label', 'new=two', '--label-file', labels],
      ...['--hostname', 'second', '--device', '/dev/zero:/dev/two', '--security-opt', 'no-new-privileges'],
      ...[
        '--uidmap',
        '0:1000:500',
        '--gidmap',
        '0:2000:400',
        '--shm-size',
        '1m',
        '--restart',
        'on-failure:2',
      ],
      ...['--sysctl', 'net.ipv4.ip_default_ttl=55', '--volume', '/volume', '--volumes-from', donor, pod],
    ]);
    const clone = `${member}-clone`;
    const script = `hostname; ls /dev/one /dev/two /dev/own 2>/dev/null; grep NoNewPrivs /proc/self/status
      cat /proc/self/uid_map /proc/self/gid_map /proc/sys/net/ipv4/ip_default_ttl; df -k /dev/shm | grep -c "shm *1024 "
      ${MOUNTED}; ls -d /gone 2>/dev/null || true`;
    assert.equal(
      plain(await tspodOk(['exec', clone, 'sh', '-c', script])),
      [
        ...['second', '/dev/own', '/dev/two', 'NoNewPrivs: 1', ' 0 1000 500', ' 0 2000 400', '55', '1'],
        ...[' /from ', ' /volume'],
      ].join('\n'),
    );
    assert.match(await tspodOk(['top', infra, 'args']), /sleep 999/);
    assert.equal(await infraOf(copy), await tspodOk(['inspect', '--format', '{{.Id}}', infra]));
    const monitor = await tspodOk(['inspect', '--format', '{{.State.ConmonPid}}', infra]);
    assert.equal(readFileSync(pidFile, 'utf8'), monitor);
    const told = await tspodOk(['pod', 'inspect', '--format', '{{json .Labels}}', copy]);
    assert.deepEqual(JSON.parse(told), { new: 'two', tier: 'web' });
    const policy = '{{.HostConfig.RestartPolicy.Name}}';
    assert.equal(await tspodOk(['inspect', '--format', policy, clone]), 'on-failure');
    assert.equal(await tspodOk(['inspect', '--format', policy, member]), 'no');
    for (const each of [copy, pod]) await removePod(each);
    await tspodOk(['rm', '-v', donor]);
  });

  it('gives all its containers the same volume, which is another one than the original’s unless that goes', async () => {
    const pod = await createPod(['--volume', '/shared']);
    const [one, other] = [await createMember(pod), await createMember(pod)];
    await tspodOk(['pod', 'start', pod]);
    await tspodOk(['exec', one, 'sh', '-c', 'echo first > /shared/file']);
    const copy = await tspodOk(['pod', 'clone', '--start', pod]);
    assert.notEqual((await tspod(['exec', `${one}-clone`, 'cat', '/shared/file'])).code, 0);
    await tspodOk(['exec', `${one}-clone`, 'sh', '-c', 'echo second > /shared/file']);
    assert.equal(await tspodOk(['exec', `${other}-clone`, 'cat', '/shared/file']), 'second');
    await removePod(copy);
    const successor = await tspodOk(['pod', 'clone', '--destroy', '--start', pod]);
    assert.equal(await tspodOk(['exec', `${other}-clone`, 'cat', '/shared/file']), 'first');
    assert.equal(await inPod(successor, 'cat /shared/file'), 'first');
    const [volume = ''] = (await tspodOk(['volume', 'ls', '-q'])).split('\n');
    await removePod(successor);
    assert.equal((await tspod(['volume', 'exists', volume])).code, 1);
  });

  it('chooses --pid, --uts and --shm-size-systemd anew, and users as a whole', async () => {
    const pod = await createPod(['--share', '+pid', '--shm-size-systemd', '2m', '--uidmap', '0:1000:500']);
    const member = await createMember(pod, ['--systemd', 'always']);
    const wanted = ['--pid', 'host', '--uts', 'host', '--userns', 'host', '--shm-size-systemd', '1m'];
    const copy = await tspodOk(['pod', 'clone', '--start', ...wanted, pod]);
    const script =
      'hostname; readlink /proc/self/ns/pid; readlink /proc/self/ns/user; mount | grep "on /run/lock "';
    const [name, pids, users, lock] = (await tspodOk(['exec', `${member}-clone`, 'sh', '-c', script])).split(
      '\n',
    );
    assert.deepEqual([name, pids], [hostname(), ownPids()]);
    if (isRoot()) assert.equal(users, readlinkSync('/proc/self/ns/user'));
    assert.match(lock ?? '', /size=1024k/);
    for (const each of [copy, pod]) await removePod(each);
  });

  it('--subuidname and --subgidname give the copy ranges of ids', { skip: noRange }, async () => {
    const { name, start, count } = subordinates() ?? { name: '', start: '', count: '' };
    const pod = await createPod();
    const member = await createMember(pod);
    const range = ['--subuidname', name, '--subgidname', name];
    const copy = await tspodOk(['pod', 'clone', '--start', ...range, pod]);
    const maps = await tspodOk([
      'exec',
      `${member}-clone`,
      'cat',
      '/proc/self/uid_map',
      '/proc/self/gid_map',
    ]);
    assert.equal(plain(maps), `0 ${start} ${count}\n 0 ${start} ${count}`);
    for (const each of [copy, pod]) await removePod(each);
  });
});

describe('container clone --pod', () => {
  it('makes a container that has what the others of the pod have', async () => {
    const name = await startSleeper(['--device', '/dev/null:/dev/own']);
    const given = ['--device', '/dev/zero:/dev/two', '--security-opt', 'no-new-privileges'];
    const pod = await createPod([...given, '--volume', '/volume', '--restart', 'on-failure:2']);
    await tspodOk(['container', 'clone', '--run', '--pod', pod, name]);
    const script = `ls /dev/own /dev/two; grep NoNewPrivs /proc/self/status; ${MOUNTED}`;
    assert.equal(
      plain(await tspodOk(['exec', `${name}-clone`, 'sh', '-c', script])),
      '/dev/own\n/dev/two\nNoNewPrivs: 1\n /volume',
    );
    const policy = '{{.HostConfig.RestartPolicy.Name}}';
    assert.equal(await tspodOk(['inspect', '--format', policy, `${name}-clone`]), 'on-failure');
    await removePod(pod);
    await tspodOk(['rm', '-f', '-t', '0', name]);
  });
});

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { freshName } from '../fixtures/containers.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { createPod, infraOf, removePod, startMember } from '../fixtures/pods.ts';
import { isRoot } from '../fixtures/requires.ts';

async function startVolume(): Promise<string> {
  const flags = ['--network', 'none', '-v', '/shared'];
  await tspodOk(['create', '--name', 'with-volume', ...flags, await busyboxImage(), 'true']);
  return 'with-volume';
}

const NAMESPACES = 'for n in cgroup ipc net pid user uts; do readlink /proc/self/ns/$n; done';

describe('the containers of a pod', () => {
  it('share network, host name and IPC, and what else is asked for', async () => {
    const image = await busyboxImage();
    const pod = await createPod(['--share', '+pid', '--network', 'none', '--add-host', 'db:192.0.2.9']);
    const member = await startMember(pod);
    const [infra, ...seen] = await Promise.all([
      infraOf(pod),
      tspodOk(['exec', member, 'sh', '-c', NAMESPACES]),
      tspodOk(['run', '--rm', '--pod', pod, image, 'sh', '-c', NAMESPACES]),
    ]);
    const [one, other] = seen.map((text) => text.split('\n').filter((line) => !line.startsWith('cgroup')));
    assert.deepEqual(one, other);
    const script = 'hostname; cat /proc/1/comm; grep db /etc/hosts; echo a > /dev/shm/file';
    const output = await tspodOk(['run', '--rm', '--pod', pod, image, 'sh', '-c', script]);
    assert.match(output, new RegExp(`^${pod}\npause\n192.0.2.9\\s+db`));
    assert.equal(await tspodOk(['exec', member, 'cat', '/dev/shm/file']), 'a');
    assert.equal(
      await tspodOk(['inspect', '--format', '{{.HostConfig.NetworkMode}} {{.HostConfig.PidMode}}', member]),
      `container:${infra} container:${infra}`,
    );
    assert.match(await tspodOk(['pod', 'top', pod, 'args']), /\/pause\n[\s\S]*sleep 3600/);
    await removePod(pod);
  });

  it('are told apart by what they do not share', async () => {
    const image = await busyboxImage();
    const pod = await createPod(['--share', 'uts']);
    const script = 'hostname; ls /sys/class/net; read name < /proc/1/comm; echo $name';
    const output = await tspodOk([
      'run',
      '--rm',
      '--network',
      'none',
      '--pod',
      pod,
      image,
      'sh',
      '-c',
      script,
    ]);
    assert.equal(output, `${pod}\nlo\nsh`);
    const refused = await tspod(['run', '--rm', '--pod', pod, '--hostname', 'own', image, 'true']);
    assert.equal(refused.code, 125);
    assert.match(refused.stderr, /cannot set hostname when joining the UTS namespace/);
    await removePod(pod);
    const wrong = await tspod(['pod', 'create', '--share', 'mnt']);
    assert.equal(wrong.code, 125);
    assert.match(wrong.stderr, /invalid kernel namespace to share: mnt/);
  });

  it('have the network, the ports and the volumes of their pod', async () => {
    const image = await busyboxImage();
    const pod = await createPod(['--network', 'none', '--dns', '192.0.2.53', '--volume', '/shared']);
    for (const flags of [
      ['--publish', '8080:80'],
      ['--dns', '192.0.2.1'],
      ['--network-alias', 'x'],
    ]) {
      const refused = await tspod(['create', '--pod', pod, ...flags, image, 'true']);
      assert.equal(refused.code, 125);
      assert.match(refused.stderr, /network cannot be configured when it is shared with a pod/);
    }
    const member = await startMember(pod);
    await tspodOk(['run', '--rm', '--pod', pod, image, 'sh', '-c', 'echo told > /shared/file']);
    const script = 'cat /shared/file; cat /etc/resolv.conf';
    assert.match(await tspodOk(['exec', member, 'sh', '-c', script]), /^told\n[\s\S]*192\.0\.2\.53/);
    await removePod(pod);
  });

  it('have the names, users, settings and devices that their pod was made with', async () => {
    const folder = mkdtempSync(join(testRoot().base, 'pod-'));
    const [labels, hosts] = [join(folder, 'labels'), join(folder, 'hosts')];
    writeFileSync(labels, 'tier=web\n');
    writeFileSync(hosts, '192.0.2.7 base\n');
    const infra = freshName('infra');
    const pod = await createPod([
      ...['--infra-name', infra, '--label-file', labels, '--hosts-file', hosts, '--dns-search', 'a.example'],
      ...['--dns-option', 'ndots:4', '--sysctl', 'net.ipv4.ip_default_ttl=55', '--restart', 'on-failure:2'],
      ...['--security-opt', 'no-new-privileges', '--device', '/dev/null:/dev/zip'],
      ...['--uidmap', '0:1000:500', '--gidmap', '0:2000:400'],
    ]);
    const member = await startMember(pod);
    const script = `grep -c "192.0.2.7.base" /etc/hosts; cat /proc/sys/net/ipv4/ip_default_ttl; grep NoNewPrivs: /proc/self/status
      grep -E "^(search|options)" /etc/resolv.conf; test -c /dev/zip && echo device; cat /proc/self/uid_map /proc/self/gid_map`;
    assert.equal(
      (await tspodOk(['exec', member, 'sh', '-c', script])).replace(/[ \t]+/g, ' '),
      '1\n55\nNoNewPrivs: 1\nsearch a.example\noptions ndots:4\ndevice\n 0 1000 500\n 0 2000 400',
    );
    const shown = '{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}';
    assert.equal(await tspodOk(['inspect', '--format', shown, member]), 'on-failure 2');
    assert.equal(await tspodOk(['pod', 'inspect', '--format', '{{.Labels}}', pod]), 'map[tier:web]');
    assert.equal(await tspodOk(['inspect', '--format', '{{.Id}}', infra]), await infraOf(pod));
    // Another one in its place, which leaves the files of the image alone.
    await tspodOk(['pod', 'rm', '--force', '--time', '0', pod]);
    const bare = ['pod', 'create', '--network', 'none', '--no-hosts', '--no-hostname', '--dns', 'none'];
    await tspodOk([...bare, '--volumes-from', await startVolume(), pod]);
    await tspodOk([...bare, '--replace', '--volumes-from', 'with-volume', pod]);
    const files = ['sh', '-c', 'ls /etc/hosts /etc/hostname /etc/resolv.conf; ls -d /shared'];
    const { stdout } = await tspod(['run', '--rm', '--pod', pod, await busyboxImage(), ...files]);
    assert.equal(stdout, '/shared\n');
    await removePod(pod);
    await tspodOk(['rm', '-f', '-t', '0', '-v', 'with-volume']);
  });

  it('come into a pod that is made for them, or that a file names', async () => {
    const image = await busyboxImage();
    const folder = mkdtempSync(join(testRoot().base, 'pod-'));
    const [pod, file] = [freshName('new'), join(folder, 'id')];
    const flags = ['--network', 'none', '--hostname', 'shop'];
    assert.equal(await tspodOk(['run', '--rm', '--pod', `new:${pod}`, ...flags, image, 'hostname']), 'shop');
    const rows = await tspodOk([
      'ps',
      '--pod',
      '--format',
      '{{.Names}} {{.PodName}}',
      '--filter',
      `pod=${pod}`,
    ]);
    assert.match(rows, new RegExp(`^[0-9a-f]{12}-infra ${pod}$`));
    await removePod(pod);
    const other = freshName('pod');
    const id = await tspodOk(['pod', 'create', '--infra=false', '--pod-id-file', file, other]);
    assert.equal(readFileSync(file, 'utf8'), id);
    const member = await tspodOk(['create', '--pod-id-file', file, '--network', 'none', image, 'true']);
    assert.equal(await tspodOk(['inspect', '--format', '{{.Pod}}', member]), id);
    const both = await tspod(['create', '--pod', other, '--pod-id-file', file, image, 'true']);
    assert.match(both.stderr, /cannot specify both --pod and --pod-id-file/);
    const users = await tspod(['create', '--pod', other, '--userns', 'private', image, 'true']);
    assert.equal(users.code, 125);
    assert.match(users.stderr, /--userns and --pod cannot be set together/);
    await tspodOk(['pod', 'rm', '--pod-id-file', file]);
    if (!isRoot()) {
      const mine = freshName('mine');
      await tspodOk(['pod', 'create', '--network', 'none', '--userns', 'keep-id', mine]);
      const { uid, username } = userInfo();
      const who = ['run', '--rm', '--pod', mine, image, 'sh', '-c', 'id -u; whoami'];
      assert.equal(await tspodOk(who), `${uid}\n${username}`);
      await removePod(mine);
    }
    assert.equal((await tspod(['pod', 'exists', id])).code, 1);
    writeFileSync(file, 'taken');
    const taken = await tspod(['pod', 'create', '--pod-id-file', file]);
    assert.equal(taken.code, 125);
    assert.match(taken.stderr, /pod id file .* exists/);
  });

  it('are all written to one log, and listed with their pod', async () => {
    const image = await busyboxImage();
    const pod = await createPod(['--label', 'a=b']);
    const [one, other] = [freshName('say'), freshName('say')];
    await tspodOk(['run', '--pod', pod, '--name', one, image, 'echo', 'first']);
    await tspodOk(['run', '--pod', pod, '--name', other, image, 'echo', 'second']);
    const log = await tspodOk(['pod', 'logs', '--names', pod]);
    assert.deepEqual(log.split('\n').sort(), [`${one} first`, `${other} second`].sort());
    assert.equal(await tspodOk(['pod', 'logs', '--container', one, pod]), 'first');
    const table = await tspodOk(['pod', 'ps', '--filter', `name=^${pod}$`]);
    assert.match(table, /^POD ID +NAME +STATUS +CREATED +INFRA ID +# OF CONTAINERS\n.* Degraded +.* 3 *$/);
    const listed: unknown = JSON.parse(
      await tspodOk(['pod', 'ps', '--filter', 'label=a=b', '--format', 'json']),
    );
    const [row] = listed as [{ Name: string; Status: string; Labels: object; Containers: object[] }];
    assert.deepEqual(
      [row.Name, row.Status, row.Labels, row.Containers.length],
      [pod, 'Degraded', { a: 'b' }, 3],
    );
    await removePod(pod);
    const missing = await tspod(['pod', 'rm', pod]);
    assert.deepEqual([missing.code, (await tspod(['pod', 'inspect', pod])).code], [1, 125]);
  });
});

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { exists, freshName, letGo, statusOf } from '../fixtures/containers.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { createMember, createPod, infraOf, podStatus, removePod, startMember } from '../fixtures/pods.ts';
import { isRoot } from '../fixtures/requires.ts';
import { waitFor } from '../fixtures/wait-for.ts';

describe('a pod', () => {
  it('is made with an infra container that needs no image, and goes with its containers', async () => {
    const pod = await createPod(['--label', 'tier=web']);
    const infra = await infraOf(pod);
    assert.match(
      await tspodOk(['container', 'inspect', '--format', '{{.Name}} {{.IsInfra}}', infra]),
      /^[0-9a-f]{12}-infra true$/,
    );
    assert.equal(await podStatus(pod), 'Created');
    const member = await startMember(pod);
    assert.equal(await podStatus(pod), 'Running');
    const refused = await tspod(['pod', 'rm', pod]);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, new RegExp(`running or paused.*${member}`));
    assert.equal(await tspodOk(['pod', 'stop', '-t', '5', pod]), pod);
    assert.equal(await podStatus(pod), 'Exited');
    assert.match(await statusOf(member), /^Exited \(0\)/);
    assert.match(await tspodOk(['pod', 'rm', pod]), /^[0-9a-f]{64}$/);
    assert.equal(await exists(member), false);
    assert.equal(await exists(infra), false);
    assert.equal((await tspod(['pod', 'exists', pod])).code, 1);
  });

  it('may have an infra container of another image; its containers are listed with it', async () => {
    const program = ['--infra-image', await busyboxImage(), '--infra-command', 'sleep 1000'];
    const pod = await createPod(program);
    const member = await startMember(pod);
    const infra = await infraOf(pod);
    assert.match(await tspodOk(['exec', infra, 'ps', '-o', 'args']), /^sleep 1000$/m);
    const flags = ['--ctr-ids', '--ctr-names', '--ctr-status', '--filter', `name=^${pod}$`];
    const [heading = '', row = ''] = (await tspodOk(['pod', 'ps', ...flags])).split('\n');
    assert.match(heading, /INFRA ID +IDS +NAMES +STATUS/);
    assert.match(row, new RegExp(`[0-9a-f]{12},[0-9a-f]{12} +\\S+-infra,${member} +running,running`));
    await removePod(pod);
  });

  it('is started, restarted and killed as a whole', async () => {
    const pod = await createPod();
    const members = [await createMember(pod), await createMember(pod)];
    assert.equal(await tspodOk(['pod', 'start', pod]), pod);
    for (const name of members) assert.match(await statusOf(name), /^Up/);
    const pid = () => tspodOk(['inspect', '--format', '{{.State.Pid}}', members[0] ?? '']);
    const before = await pid();
    await tspodOk(['pod', 'restart', pod]);
    assert.notEqual(await pid(), before);
    assert.equal(await podStatus(pod), 'Running');
    await tspodOk(['stop', '-t', '5', members[1] ?? '']);
    assert.equal(await podStatus(pod), 'Degraded');
    await tspodOk(['pod', 'kill', pod]);
    await waitFor('its end', async () => (await podStatus(pod)) === 'Exited');
    await removePod(pod);
  });

  it('keeps its infra container for as long as it is there', async () => {
    const pod = await createPod();
    const infra = await infraOf(pod);
    for (const flags of [[], ['--force'], ['--force', '--time', '0']]) {
      const result = await tspod(['rm', ...flags, infra]);
      assert.equal(result.code, 125);
      assert.match(
        result.stderr,
        /is the infra container of pod .* cannot be removed without removing the pod/,
      );
    }
    await startMember(pod);
    assert.equal((await tspod(['rm', '--force', infra])).code, 125);
    assert.equal(await podStatus(pod), 'Running');
    await tspodOk(['container', 'prune', '--force']);
    await tspodOk(['pod', 'stop', '-t', '5', pod]);
    await tspodOk(['container', 'prune', '--force']);
    assert.equal(await exists(infra), true);
    await tspodOk(['rm', '--force', '--depend', infra]);
    assert.equal((await tspod(['pod', 'exists', pod])).code, 1);
  });

  it('is started as far as one of its containers needs it', async () => {
    const pod = await createPod();
    const [first, second] = [await createMember(pod), await createMember(pod)];
    await tspodOk(['start', first]);
    assert.equal(await podStatus(pod), 'Degraded');
    assert.match(await statusOf(second), /^Created/);
    await removePod(pod);
  });

  it('stops with its last container when its exit policy says so', async () => {
    const image = await busyboxImage();
    const pod = await createPod(['--exit-policy', 'stop']);
    await tspodOk(['run', '--rm', '--pod', pod, image, 'true']);
    assert.equal(await podStatus(pod), 'Exited');
    const waiting = await startScriptIn(pod, 'until [ -e /go ]; do sleep 0.05; done');
    const other = await startMember(pod);
    await letGo(waiting);
    await tspodOk(['wait', waiting]);
    assert.match(await statusOf(other), /^Up/);
    assert.equal(await podStatus(pod), 'Degraded');
    await tspodOk(['stop', '-t', '5', other]);
    await waitFor('the end of the pod', async () => (await podStatus(pod)) === 'Exited');
    await removePod(pod);
    const goesOn = await createPod();
    await tspodOk(['run', '--rm', '--pod', goesOn, image, 'true']);
    assert.equal(await podStatus(goesOn), 'Running');
    await removePod(goesOn);
  });

  it('runs init containers to their ends before the others', async () => {
    const image = await busyboxImage();
    const pod = await createPod(['--volume', '/shared']);
    const init = (when: string, text: string) =>
      tspodOk(['create', '--pod', pod, '--init-ctr', when, image, 'sh', '-c', `echo ${text} >> /shared/log`]);
    const [always, once] = [await init('always', 'always'), await init('once', 'once')];
    const member = await createMember(pod);
    await tspodOk(['pod', 'start', pod]);
    const log = () => tspodOk(['exec', member, 'cat', '/shared/log']);
    assert.equal(await log(), 'always\nonce');
    assert.equal(await exists(once), false);
    const late = await tspod(['create', '--pod', pod, '--init-ctr', 'once', image, 'true']);
    assert.equal(late.code, 125);
    assert.match(late.stderr, /cannot add init container/);
    await tspodOk(['pod', 'restart', pod]);
    assert.equal(await log(), 'always\nonce\nalways');
    assert.match(
      await tspodOk(['ps', '-a', '--no-trunc', '--filter', `id=${always}`, '--format', '{{.Status}}']),
      /^Exited \(0\)/,
    );
    await removePod(pod);
  });

  it('does not start behind an init container that fails', async () => {
    const image = await busyboxImage();
    const pod = await createPod();
    const name = freshName('init');
    await tspodOk([
      'create',
      '--pod',
      pod,
      '--name',
      name,
      '--init-ctr',
      'always',
      image,
      'sh',
      '-c',
      'exit 3',
    ]);
    const member = await createMember(pod);
    const result = await tspod(['pod', 'start', pod]);
    assert.equal(result.code, 125);
    assert.match(result.stderr, new RegExp(`init container ${name} .*code 3`));
    assert.match(await statusOf(member), /^Created/);
    await removePod(pod);
  });

  it('takes cgroup and lock away with it', {
    skip: isRoot() ? false : 'a user has no cgroup here',
  }, async () => {
    const pod = await createPod();
    const path = await tspodOk(['pod', 'inspect', '--format', '{{.CgroupPath}}', pod]);
    const member = await startMember(pod);
    const pid = await tspodOk(['inspect', '--format', '{{.State.Pid}}', member]);
    const id = path.split('/').at(-1) ?? '';
    assert.match(readFileSync(`/proc/${pid}/cgroup`, 'utf8'), new RegExp(id));
    await removePod(pod);
    assert.equal(existsSync(join('/sys/fs/cgroup', path)), false);
    assert.equal(existsSync(join(testRoot().runRoot, 'locks', `pod-${id}`)), false);
  });
});

describe('a pod that gives its containers something', () => {
  it('limits their directories for systemd, and tells the pid of its monitor', async () => {
    const file = join(testRoot().base, 'infra-monitor');
    const pod = await createPod(['--shm-size-systemd', '1m', '--infra-conmon-pidfile', file]);
    const run = ['run', '--rm', '--pod', pod, '--systemd', 'always', await busyboxImage()];
    assert.match(await tspodOk([...run, 'mount']), /on \/run\/lock type tmpfs .*size=1024k/);
    const infra = await infraOf(pod);
    const monitor = await tspodOk(['inspect', '--format', '{{.State.ConmonPid}}', infra]);
    assert.equal(readFileSync(file, 'utf8'), monitor);
    await removePod(pod);
  });
});

describe('a pod that was made by a command line', () => {
  it('tells the whole of it, the program first', async () => {
    const pod = await createPod(['--label', 'a=b']);
    const shown = await tspodOk(['pod', 'inspect', '--format', '{{join .CreateCommand " "}}', pod]);
    assert.match(shown, /^tspod .*pod create .*--label a=b/);
    await removePod(pod);
  });
});

describe('a copy of a pod', () => {
  it('has the same options and containers, which share among themselves', async () => {
    const pod = await createPod(['--label', 'tier=web', '--shm-size', '1m']);
    const [first, second] = [await createMember(pod), await createMember(pod)];
    const copy = await tspodOk(['pod', 'clone', '--hostname', 'twin', '--start', pod]);
    const shown = '{{.Name}} {{.Labels.tier}} {{.NumContainers}} {{.State}}';
    assert.equal(await tspodOk(['pod', 'inspect', '--format', shown, copy]), `${pod}-clone web 3 Running`);
    for (const name of [first, second])
      assert.equal(await tspodOk(['exec', `${name}-clone`, 'hostname']), 'twin');
    assert.match(await tspodOk(['exec', `${first}-clone`, 'mount']), /on \/dev\/shm .*size=1024k/);
    assert.equal(await podStatus(pod), 'Created');
    const third = await createOutside();
    await tspodOk(['container', 'clone', '--pod', copy, '--run', third]);
    assert.equal(await tspodOk(['exec', `${third}-clone`, 'hostname']), 'twin');
    await tspodOk(['rm', '-f', '-t', '0', third]);
    await removePod(copy);
    await tspodOk(['pod', 'clone', '--destroy', pod, `${pod}-new`]);
    assert.equal((await tspod(['pod', 'exists', pod])).code, 1);
    await removePod(`${pod}-new`);
  });
});

async function createOutside(): Promise<string> {
  const name = freshName();
  const image = await busyboxImage();
  await tspodOk(['create', '--network', 'none', '--name', name, image, 'sleep', '1000']);
  return name;
}

async function startScriptIn(pod: string, script: string): Promise<string> {
  const name = freshName();
  await tspodOk(['run', '-d', '--pod', pod, '--name', name, await busyboxImage(), 'sh', '-c', script]);
  return name;
}

describe('--requires', () => {
  it('starts what is required first, and keeps it', async () => {
    const image = await busyboxImage();
    const [needed, user] = [freshName('needed'), freshName('user')];
    const flags = ['--network', 'none'];
    await tspodOk(['create', '--name', needed, ...flags, image, 'sleep', '1000']);
    await tspodOk(['create', '--name', user, '--requires', needed, ...flags, image, 'sleep', '1000']);
    await tspodOk(['start', user]);
    assert.match(await statusOf(needed), /^Up/);
    const kept = await tspod(['rm', '-f', '-t', '0', needed]);
    assert.notEqual(kept.code, 0);
    assert.match(kept.stderr, new RegExp(`dependent containers.*${user}`));
    await tspodOk(['rm', '-f', '-t', '0', '--depend', needed]);
    assert.equal(await exists(user), false);
    const missing = await tspod(['create', '--requires', 'nobody', image, 'true']);
    assert.equal(missing.code, 125);
    assert.match(missing.stderr, /nobody/);
  });
});

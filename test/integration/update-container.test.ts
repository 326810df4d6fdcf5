import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DISK, noDisk } from '../fixtures/block-device.ts';
import { freshName, startSleeper } from '../fixtures/containers.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { tspod, tspodOk } from '../fixtures/harness.ts';
import { waitFor } from '../fixtures/wait-for.ts';

describe('update', () => {
  it('limits block devices of a running container, and frees them', { skip: noDisk }, async () => {
    const disk = DISK ?? '';
    const name = await startSleeper(['--device-write-bps', `${disk}:5mb`]);
    const limits = async (file: string) =>
      (await tspodOk(['exec', name, 'cat', `/sys/fs/cgroup/blkio/blkio.throttle.${file}`])).replace(
        /^\S+ /,
        '',
      );
    await tspodOk(['update', '--device-read-bps', `${disk}:1mb`, '--device-write-iops', `${disk}:50`, name]);
    assert.equal(await limits('read_bps_device'), '1048576');
    assert.equal(await limits('write_iops_device'), '50');
    assert.equal(await limits('write_bps_device'), '5242880');
    await tspodOk(['update', '--device-read-bps', `${disk}:2mb`, name]);
    assert.equal(await limits('read_bps_device'), '2097152');
    await tspodOk(['update', '--device-read-bps', `${disk}:0`, name]);
    assert.equal(await limits('read_bps_device'), '');
    await tspodOk(['rm', '-f', '-t', '0', name]);
  });

  it('lifts limits of a running container with 0, and sets swappiness', { skip: noDisk }, async () => {
    const name = await startSleeper(['-m', '64m', '--cpus', '0.5']);
    const read = async (...files: string[]) =>
      await tspodOk(['exec', name, 'cat', ...files.map((file) => `/sys/fs/cgroup/${file}`)]);
    await tspodOk(['update', '--memory-swappiness', '20', name]);
    assert.equal(await read('memory/memory.swappiness', 'cpu/cpu.cfs_quota_us'), '20\n50000');
    await tspodOk([
      ...[
        'update',
        '--memory-reservation',
        '32m',
        '--memory-swap',
        '96m',
        '--cpuset-cpus',
        '0',
        '--cpuset-mems',
        '0',
      ],
      ...['--cpu-period', '50000', '--cpu-quota', '20000', '--cpu-shares', '300', '--pids-limit', '77', name],
    ]);
    assert.deepEqual(
      [
        await read('memory/memory.soft_limit_in_bytes', 'memory/memory.memsw.limit_in_bytes'),
        await read('cpuset/cpuset.cpus', 'cpuset/cpuset.mems', 'pids/pids.max'),
        await read('cpu/cpu.cfs_period_us', 'cpu/cpu.cfs_quota_us', 'cpu/cpu.shares'),
      ],
      [`${32 << 20}\n${96 << 20}`, '0\n0\n77', '50000\n20000\n300'],
    );
    await tspodOk(['update', '--memory', '', '--cpu-shares', '400', name]);
    assert.equal(await read('memory/memory.limit_in_bytes'), String(64 << 20));
    await tspodOk(['update', '--memory-reservation', '0', '--memory', '0', '--cpus', '0', name]);
    assert.ok(Number(await read('memory/memory.limit_in_bytes')) > 2 ** 60);
    assert.equal(await read('cpu/cpu.cfs_quota_us'), '-1');
    assert.equal(await tspodOk(['inspect', '--format', '{{.HostConfig.Memory}}', name]), '0');
    const both = await tspod(['update', '--cpus', '1', '--cpu-period', '1000', name]);
    assert.match(both.stderr, /--cpu-period and --cpus cannot be set together/);
    await tspodOk(['rm', '-f', '-t', '0', name]);
  });

  it('changes the health check and the ulimits for the next start', async () => {
    const name = freshName();
    const image = await busyboxImage();
    const sleeper = ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 3600 & wait; done'];
    await tspodOk([
      'create',
      '--network',
      'none',
      '--name',
      name,
      '--health-cmd',
      'false',
      image,
      ...sleeper,
    ]);
    await tspodOk([
      ...['update', '--health-cmd', 'test -e /good', '--health-interval', 'disable', '--health-retries', '7'],
      ...['--health-on-failure', 'kill', '--ulimit', 'nofile=99:99', '--health-timeout', '7s'],
      ...['--health-start-period', '8s', '--health-max-log-count', '3', '--health-max-log-size', '44', name],
    ]);
    await tspodOk(['start', name]);
    assert.equal(await tspodOk(['exec', name, 'sh', '-c', 'ulimit -n']), '99');
    assert.equal((await tspod(['healthcheck', 'run', name])).code, 1);
    await tspodOk(['exec', name, 'touch', '/good']);
    assert.equal((await tspod(['healthcheck', 'run', name])).code, 0);
    const shown = '{{.Config.Healthcheck.Retries}} {{.Config.HealthcheckOnFailureAction}}';
    assert.equal(await tspodOk(['inspect', '--format', shown, name]), '7 kill');
    const more =
      '{{.Config.Healthcheck.Timeout}} {{.Config.Healthcheck.StartPeriod}} {{.Config.HealthcheckMaxLogCount}} {{.Config.HealthcheckMaxLogSize}}';
    assert.equal(await tspodOk(['inspect', '--format', more, name]), '7s 8s 3 44');
    await tspodOk(['rm', '-f', '-t', '0', name]);
  });

  it('changes the health check of a container that runs, at once', async () => {
    const name = await startSleeper();
    const hasStatus = (wanted: string) =>
      waitFor(`the status ${wanted}`, async () => {
        const status = await tspodOk(['inspect', '--format', '{{json .State.Health}}', name]);
        return status.includes(`"Status":"${wanted}"`);
      });
    const every = ['--health-interval', '100ms', '--health-retries', '1'];
    await tspodOk(['update', '--health-cmd', 'test -e /good', ...every, name]);
    await hasStatus('unhealthy');
    await tspodOk(['exec', name, 'touch', '/good']);
    await hasStatus('healthy');
    await tspodOk(['update', '--health-cmd', 'false', name]);
    await hasStatus('unhealthy');
    await tspodOk(['update', '--no-healthcheck', name]);
    assert.doesNotMatch(await tspodOk(['ps', '--filter', `name=${name}`]), /healthy/);
    await tspodOk(['rm', '-f', '-t', '0', name]);
  });

  it('switches the health check off, and refuses to change one that is not there', async () => {
    const name = freshName();
    await tspodOk(['create', '--name', name, '--health-cmd', 'true', await busyboxImage()]);
    await tspodOk(['update', '--no-healthcheck', name]);
    const { code, stderr } = await tspod(['update', '--health-interval', '5s', name]);
    assert.equal(code, 125);
    assert.match(stderr, /has no health check to change/);
    await tspodOk(['rm', name]);
  });
});

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { eventually, guest, type GuestUser, leavesNothing, must } from './guest.ts';

for (const user of ['root', 'lingering'] as const) {
  describe(`a container of ${user}'s on cgroup v2 with systemd`, () => {
    after(() => leavesNothing(user));

    test('is run by crun in a scope that systemd made', () => {
      must(user, 'tspod run -d --name scope busybox sleep 1000');
      assert.equal(must(user, "tspod inspect -f '{{.OCIRuntime}}' scope"), 'crun');
      const id = must(user, "tspod inspect -f '{{.Id}}' scope");
      const path = must(user, "tspod inspect -f '{{.State.CgroupPath}}' scope");
      assert.ok(path.endsWith(`/libpod-${id}.scope`), path);
      assert.ok(path.startsWith(sliceOf(user)), path);
      assert.match(must(user, `cat /sys/fs/cgroup${path}/cgroup.events`), /populated 1/);
    });

    test('has its monitor, and what serves its network, in a scope of their own', () => {
      const pids = must(
        user,
        "tspod inspect -f '{{.State.ConmonPid}}' scope; pgrep -u $(id -u) pasta || true",
      );
      for (const pid of pids.split('\n'))
        assert.match(must(user, `cat /proc/${pid}/cgroup`), /\/libpod-conmon-[0-9a-f]{64}\.scope$/);
    });

    test('takes further programs from any login', () => {
      assert.equal(must(user, 'tspod exec scope echo inside'), 'inside');
      assert.equal(guest(user, 'tspod exec scope sh -c "exit 7"').code, 7);
      must(user, 'tspod exec -d scope sleep 999');
      assert.match(must(user, 'tspod top scope'), /sleep 999/);
    });

    test('can be paused', () => {
      must(user, 'tspod pause scope');
      const frozen =
        "grep frozen /sys/fs/cgroup$(tspod inspect -f '{{.State.CgroupPath}}' scope)/container/cgroup.events";
      assert.equal(must(user, frozen), 'frozen 1');
      must(user, 'tspod unpause scope');
      assert.equal(must(user, frozen), 'frozen 0');
    });

    test('sees its limits in its own cgroup', () => {
      const files = 'cat memory.max memory.swap.max cpu.max pids.max';
      const limits = '-m 64m --memory-swap 96m --cpus 0.5 --pids-limit 50';
      assert.equal(
        must(user, `tspod run --rm ${limits} busybox sh -c 'cd /sys/fs/cgroup; ${files}'`),
        '67108864\n33554432\n50000 100000\n50',
      );
    });

    test('that runs out of memory is killed, and says so', () => {
      assert.equal(
        guest(user, 'tspod run --name oom -m 20m --memory-swap 20m busybox tail -c 90m /dev/zero').code,
        137,
      );
      assert.equal(must(user, "tspod inspect -f '{{.State.OOMKilled}} {{.State.ExitCode}}' oom"), 'true 137');
    });

    test('with --cgroups=split is below the cgroup that it was called in, beside its monitor', () => {
      const run = `systemd-run ${user === 'root' ? '' : '--user'} --quiet --wait --pipe -p Delegate=yes -p KillMode=process`;
      const script = [
        'tspod run -d --name split --cgroups=split busybox sleep 1000 >/dev/null',
        "tspod inspect -f '{{.State.CgroupPath}} {{.State.ConmonPid}}' split",
      ].join('; ');
      const [path = '', monitor = ''] = must(user, `${run} sh -c "${script}"`).split(' ');
      assert.match(path, /\/run-[^/]+\.service\/libpod-payload-[0-9a-f]{64}$/);
      assert.equal(
        must(user, `grep ^0:: /proc/${monitor}/cgroup`),
        `0::${path.replace(/[^/]*$/, 'runtime')}`,
      );
      must(user, 'tspod rm -f -t 0 split');
      assert.equal(must(user, `ls -d /sys/fs/cgroup${path} 2>/dev/null || true`), '');
    });

    test('is reached by a published port and not after its end', async () => {
      must(
        user,
        "tspod run -d --name web -p 8080:80 busybox sh -c 'echo page >/tmp/index.html; exec httpd -f -h /tmp'",
      );
      assert.equal(await eventually(user, 'curl -sf http://127.0.0.1:8080/'), 'page');
      assert.equal(must(user, 'curl -sf http://10.0.2.15:8080/'), 'page');
      must(user, 'tspod rm -f -t 0 web');
      assert.notEqual(guest(user, 'curl -sf --max-time 5 http://127.0.0.1:8080/').code, 0);
    });
  });
}

function sliceOf(user: GuestUser): string {
  if (user === 'root') return '/machine.slice/';
  const uid = must(user, 'id -u');
  return `/user.slice/user-${uid}.slice/user@${uid}.service/user.slice/`;
}

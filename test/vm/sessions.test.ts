import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { eventually, leavesNothing, must } from './guest.ts';

const sessionsOf = (user: string) =>
  `loginctl list-sessions --no-legend | grep ' ${user} ' | grep -v manager`;

describe('a container', () => {
  after(async () => {
    must('root', 'rm -f /etc/systemd/logind.conf.d/kill.conf; systemctl restart systemd-logind');
    await leavesNothing('root');
    await leavesNothing('lingering');
    await leavesNothing('visitor');
  });

  test('outlives the system service that started it', () => {
    must(
      'root',
      'systemd-run -q --wait --pipe -p Type=oneshot tspod run -d --name service busybox sleep 1000',
    );
    assert.equal(must('root', "tspod ps --format '{{.Names}} {{.State}}'"), 'service running');
    assert.equal(
      must('root', 'tspod stop -t 0 service; tspod inspect -f "{{.State.ExitCode}}" service'),
      'service\n137',
    );
  });

  test('outlives a login whose processes are killed, where its user lingers', async () => {
    must(
      'root',
      'mkdir -p /etc/systemd/logind.conf.d; printf "[Login]\\nKillUserProcesses=yes\\n" > /etc/systemd/logind.conf.d/kill.conf; systemctl restart systemd-logind',
    );
    must(
      'lingering',
      'tspod run -d --name stays busybox sh -c \'trap "exit 3" TERM; while :; do sleep 1; done\'',
    );
    await eventually('root', `! ${sessionsOf('lingering')}`);
    assert.equal(must('lingering', 'tspod exec stays echo there'), 'there');
    assert.equal(
      must('lingering', 'tspod stop stays; tspod inspect -f "{{.State.ExitCode}}" stays'),
      'stays\n3',
    );
  });

  test('ends with the last login of a user who does not linger, and can be started again', async () => {
    must(
      'visitor',
      'tspod run -d --name goes busybox sh -c \'trap "exit 3" TERM; while :; do sleep 1; done\'',
    );
    await eventually('root', '! systemctl is-active -q user@$(id -u visitor)');
    await eventually('root', '! pgrep -u visitor .');
    assert.equal(must('visitor', "tspod ps -a --format '{{.State}}'"), 'exited');
    assert.equal(must('visitor', 'tspod start goes; tspod exec goes echo again'), 'goes\nagain');
  });
});

describe('without the variables of a login', () => {
  after(() => leavesNothing('lingering'));

  for (const [how, command] of [
    ['su', 'su - lingering -c'],
    ["su with root's variables", 'su lingering -c'],
    ['a system service', 'systemd-run -q --wait --pipe -p User=lingering sh -c'],
  ] as const)
    test(`a user's service manager is found by ${how}`, () => {
      const file = 'cat /sys/fs/cgroup/memory.max';
      assert.equal(must('root', `cd /; ${command} 'tspod run --rm -m 30m busybox ${file}'`), '31457280');
    });

  test('a user without service manager runs containers, but sets no limits', () => {
    must('root', 'id loner >/dev/null 2>&1 || useradd -m loner');
    const script = (words: string) => `cd /; su loner -c 'tspod ${words}'`;
    must('root', script('import -q /srv/busybox.tar localhost/busybox:latest'));
    assert.equal(must('root', script('run --rm busybox echo works')), 'works');
    assert.match(
      must('root', `${script('run --rm -m 30m busybox true')} 2>&1 || true`),
      /cannot set resource limits/,
    );
    must('root', script('run -d --name x busybox sleep 100 >/dev/null'));
    assert.equal(must('root', script('exec x echo inside')), 'inside');
    must('root', script('rm -f -t 0 x'));
  });
});

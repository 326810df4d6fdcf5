import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { eventually, guest, type GuestUser, leavesNothing, must } from './guest.ts';

/** A container that ends with 7 when it gets SIGUSR1, and in time when it gets SIGTERM. */
const SCRIPT = 'trap "exit 7" USR1; trap "exit 0" TERM; while :; do sleep 1; done';

/** The checkout is not installed there: the same generator, with its paths. */
const GENERATOR = (flags: string): string =>
  `#!/bin/sh\nexec /srv/tspod/node_modules/node-linux-*/bin/node /srv/tspod/dist/main.js quadlet generate ${flags} "$@"\n`;

/** Emulated processors take their time. */
const REBOOT_LIMIT_MS = 500_000;

const USERS = ['root', 'lingering'] as const;

const systemctl = (user: GuestUser): string =>
  user === 'root' ? 'systemctl' : 'XDG_RUNTIME_DIR=/run/user/$(id -u) systemctl --user';
const unitsOf = (user: GuestUser): string =>
  user === 'root' ? '/etc/systemd/system' : '~/.config/systemd/user';
const quadletsOf = (user: GuestUser): string =>
  user === 'root' ? '/etc/containers/systemd' : '~/.config/containers/systemd';

async function restartsOnFailure(user: GuestUser, container: string, unit: string): Promise<void> {
  const ctl = systemctl(user);
  must(user, `tspod kill -s USR1 ${container}`);
  await eventually(user, `test "$(${ctl} show -P NRestarts ${unit})" = 1; ${ctl} is-active ${unit}`);
  assert.equal(must(user, `tspod inspect -f '{{.State.Status}}' ${container}`), 'running');
}

function stopsClean(user: GuestUser, unit: string): void {
  const ctl = systemctl(user);
  must(user, `${ctl} stop ${unit}`);
  assert.equal(must(user, `${ctl} show -P ActiveState -P Result ${unit}`), 'success\ninactive');
}

for (const user of USERS) {
  describe(`a service of ${user}'s`, () => {
    const ctl = systemctl(user);

    test('made by generate systemd --new starts, restarts on failure and stops in time', async () => {
      must(user, `tspod create --name unit --stop-timeout 5 busybox sh -c '${SCRIPT}' >/dev/null`);
      must(
        user,
        `mkdir -p ${unitsOf(user)}; cd ${unitsOf(user)}; tspod generate systemd --new --name --files unit`,
      );
      must(user, `tspod rm unit; ${ctl} daemon-reload; ${ctl} start container-unit`);
      assert.equal(must(user, `${ctl} is-active container-unit`), 'active');
      const monitor = must(user, "tspod inspect -f '{{.State.ConmonPid}}' unit");
      assert.equal(must(user, `${ctl} show -P MainPID container-unit`), monitor);
      await restartsOnFailure(user, 'unit', 'container-unit');
      stopsClean(user, 'container-unit');
      assert.equal(must(user, 'tspod ps -aq'), '');
    });

    test('made from a Quadlet file waits until the container is healthy, and restarts on failure', async () => {
      const quadlet = [
        '[Container]',
        'Image=localhost/busybox:latest',
        'ContainerName=quad',
        'Notify=healthy',
        'HealthCmd=test -e /tmp/up',
        'HealthInterval=1s',
        `Exec=sh -c 'sleep 2; touch /tmp/up; ${SCRIPT.replaceAll('"', '\\"')}'`,
        'Volume=data.volume:/data',
        '[Service]',
        'Restart=on-failure',
        '[Install]',
        'WantedBy=default.target',
      ].join('\n');
      const write = `mkdir -p ${quadletsOf(user)}; cd ${quadletsOf(user)}; cat >quad.container <<'END'\n${quadlet}\nEND\n`;
      must(user, `${write}printf '[Volume]\\nLabel=a=b\\n' >data.volume`);
      const place = user === 'root' ? 'system' : 'user';
      const flags = user === 'root' ? '' : '--user';
      must(
        'root',
        `mkdir -p /etc/systemd/${place}-generators; cat >/etc/systemd/${place}-generators/tspod <<'END'\n${GENERATOR(flags)}END\nchmod +x /etc/systemd/${place}-generators/tspod`,
      );
      must(user, `${ctl} daemon-reload; ${ctl} start quad`);
      assert.equal(must(user, "tspod inspect -f '{{.State.Health.Status}}' quad"), 'healthy');
      assert.match(must(user, 'tspod volume ls -q'), /systemd-data/);
      assert.match(must(user, 'tspod quadlet list'), /quad\.container +quad\.service/);
      await restartsOnFailure(user, 'quad', 'quad');
      assert.equal(must(user, "tspod inspect -f '{{.State.Health.Status}}' quad"), 'healthy');
    });
  });
}

/** Files of one test, in a folder of their own below the place for Quadlet files; returns a script that writes them. */
function filesIn(user: GuestUser, files: Record<string, string>): string {
  const folder = `${quadletsOf(user)}/more`;
  const writes = Object.entries(files).map(([name, text]) => `cat >${name} <<'END'\n${text}\nEND\n`);
  return `rm -rf ${folder}; mkdir -p ${folder}; cd ${folder}\n${writes.join('')}${systemctl(user)} daemon-reload\n`;
}

const started = (user: GuestUser, ...units: string[]): void => {
  const ctl = systemctl(user);
  const why = `{ code=$?; ${ctl} status ${units.join(' ')} --no-pager -l; exit $code; }`;
  must(user, `${ctl} start ${units.join(' ')} || ${why}`);
};

const containerfile = (script: string): string =>
  `FROM localhost/busybox:latest\nCMD ["sh", "-c", ${JSON.stringify(script)}]`;
const saying = (word: string): string => `echo ${word} >/says; ${SCRIPT}`;

for (const user of USERS) {
  describe(`Quadlet files of ${user}'s`, () => {
    const ctl = systemctl(user);
    after(() => {
      guest(user, `${ctl} stop shop-pod kubed update; rm -rf ${quadletsOf(user)}/more; ${ctl} daemon-reload`);
      must(
        user,
        'tspod rm -fit 0 web side upd; tspod pod rm -fa; tspod rmi -fi localhost/app localhost/update-app',
      );
    });

    test('build, pull, and run a pod whose containers start, and stop, with it', async () => {
      const files = {
        Containerfile: containerfile(saying('built')),
        'app.build': '[Build]\nImageTag=localhost/app:latest\nSetWorkingDirectory=unit',
        'saved.image': '[Image]\nImage=docker-archive:/tmp/saved-%U.tar\nImageTag=localhost/busybox:latest',
        'shop.pod': '[Pod]\nPodName=shop\nNetwork=none',
        'web.container':
          '[Container]\nContainerName=web\nImage=app.build\nPod=shop.pod\n[Service]\nRestart=on-failure',
        'side.container': `[Container]\nContainerName=side\nImage=saved.image\nPod=shop.pod\nExec=sh -c '${SCRIPT}'`,
        'late.container': `[Container]\nImage=saved.image\nPod=shop.pod\nStartWithPod=no\nExec=sh -c '${SCRIPT}'`,
      };
      must(user, 'rm -f /tmp/saved-$(id -u).tar; tspod save -q -o /tmp/saved-$(id -u).tar localhost/busybox');
      must(user, filesIn(user, files));
      started(user, 'shop-pod');
      await eventually(user, `${ctl} is-active web side`);
      assert.equal(must(user, 'tspod exec web cat /says'), 'built');
      assert.equal(guest(user, `${ctl} is-active late`).stdout.trim(), 'inactive');
      const infra = must(user, "tspod inspect -f '{{.State.ConmonPid}}' shop-infra");
      assert.equal(must(user, `${ctl} show -P MainPID shop-pod`), infra);
      await restartsOnFailure(user, 'web', 'web');
      assert.equal(must(user, `${ctl} is-active shop-pod`), 'active');
      stopsClean(user, 'shop-pod');
      await eventually(user, `! ${ctl} is-active web side`);
      assert.doesNotMatch(
        must(user, "tspod ps -a --format '{{.Names}}'; tspod pod ps --format '{{.Name}}'"),
        /web|side|shop/,
      );
    });

    test('play a Kubernetes file with two pods, and fail with their containers', async () => {
      const pod = (name: string): string =>
        `kind: Pod\nmetadata: {name: ${name}}\nspec:\n  restartPolicy: Never\n  containers: [{name: c, image: localhost/busybox:latest, command: [sh, -c, '${SCRIPT}']}]`;
      const files = {
        'two.yaml': `${pod('one')}\n---\n${pod('two')}`,
        'kubed.kube': '[Kube]\nYaml=two.yaml\nNetwork=none\nExitCodePropagation=any',
      };
      must(user, filesIn(user, files));
      started(user, 'kubed');
      assert.equal(must(user, 'tspod ps -q --filter name=one-c --filter name=two-c | wc -l'), '2');
      must(user, 'tspod kill -s USR1 one-c; tspod wait one-c');
      assert.equal(must(user, `${ctl} is-active kubed`), 'active');
      must(user, 'tspod kill -s TERM two-c');
      await eventually(user, `${ctl} is-failed kubed`);
      assert.equal(must(user, "tspod pod ps --format '{{.Name}}'"), '');
      started(user, 'kubed');
      stopsClean(user, 'kubed');
      assert.equal(must(user, "tspod pod ps --format '{{.Name}}'"), '');
    });

    test('get new images by auto-update, and the old one back when the new one does not start', () => {
      const build = (text: string): string =>
        `d=$(mktemp -d); cat >$d/Containerfile <<'END'\n${text}\nEND\ntspod build -q -t localhost/update-app $d >/dev/null\n`;
      must(user, build(containerfile(saying('old'))));
      const unit =
        '[Container]\nContainerName=upd\nImage=localhost/update-app:latest\nAutoUpdate=local\nNetwork=none';
      must(user, filesIn(user, { 'update.container': unit }));
      started(user, 'update');
      const update = "tspod auto-update --format '{{.Unit}} {{.Updated}}'";
      assert.equal(must(user, update), 'update.service false');
      must(user, build(containerfile(saying('new'))));
      assert.equal(must(user, update), 'update.service true');
      assert.equal(must(user, 'tspod exec upd cat /says'), 'new');
      must(user, build('FROM localhost/busybox:latest\nCMD ["/nowhere"]'));
      const failed = guest(user, update);
      assert.deepEqual(
        [failed.code, failed.stdout.trim()],
        [125, 'update.service rolled back'],
        failed.stderr,
      );
      assert.equal(must(user, `tspod exec upd cat /says; ${ctl} is-active update`), 'new\nactive');
    });
  });
}

describe('after a boot', () => {
  after(async () => {
    for (const user of USERS) {
      const ctl = systemctl(user);
      guest(
        user,
        `${ctl} disable --now tspod-boot container-unit; ${ctl} stop quad; rm -rf ${quadletsOf(user)} ${unitsOf(user)}/{tspod-boot,container-unit}.service`,
      );
      await leavesNothing(user);
    }
  });

  test('the containers and services are back that are to be', async () => {
    const unit = `sed 's,@PREFIX@,/srv/tspod,' /srv/tspod/tspod-boot.service`;
    for (const user of USERS) {
      const ctl = systemctl(user);
      must(user, `mkdir -p ${unitsOf(user)}; ${unit} >${unitsOf(user)}/tspod-boot.service`);
      must(user, `${ctl} daemon-reload; ${ctl} enable -q --now tspod-boot; ${ctl} enable -q container-unit`);
      must(user, `tspod run -d --restart unless-stopped --name comes busybox sh -c '${SCRIPT}'`);
      must(
        user,
        `tspod run -d --restart unless-stopped --name stays-away busybox sh -c '${SCRIPT}'; tspod stop stays-away`,
      );
    }
    const before = must('root', 'cat /proc/sys/kernel/random/boot_id');
    guest('root', 'systemctl reboot');
    await eventually(
      'root',
      `test "$(cat /proc/sys/kernel/random/boot_id)" != ${before}; systemctl is-system-running --wait || true`,
      REBOOT_LIMIT_MS,
    );
    for (const user of USERS) {
      const ctl = systemctl(user);
      await eventually(user, "tspod ps --format '{{.Names}}' | grep '^comes$'");
      await eventually(user, `${ctl} is-active quad container-unit`);
      assert.match(must(user, "tspod inspect -f '{{.State.Status}}' stays-away"), /exited/);
      for (const unit of ['quad', 'container-unit']) stopsClean(user, unit);
      assert.doesNotMatch(must(user, "tspod ps -a --format '{{.Names}}'"), /quad|unit/);
    }
  });
});

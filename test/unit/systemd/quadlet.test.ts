import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { TspodError } from '../../../src/base/errors.ts';
import { convertQuadlets, type QuadletResult } from '../../../src/systemd/quadlet.ts';
import { quadletDirectories, readQuadlets } from '../../../src/systemd/quadlet-files.ts';

const made: string[] = [];
after(() => {
  for (const directory of made) rmSync(directory, { recursive: true });
});

function directoryOf(files: Record<string, string>): string {
  const directory = mkdtempSync(join(tmpdir(), 'tspod-quadlet-'));
  made.push(directory);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  return directory;
}

function convert(files: Record<string, string>): QuadletResult & { text: (name: string) => string } {
  const read = readQuadlets([directoryOf(files)]);
  const result = convertQuadlets({
    program: '/usr/bin/tspod',
    user: false,
    files: read.files,
    exists: (path) => path === '/dev/null',
  });
  return {
    services: result.services,
    errors: [...read.errors, ...result.errors],
    text: (name) => result.services.find((service) => service.name === name)?.text ?? '',
  };
}

const container = (...lines: string[]): string => ['[Container]', 'Image=busybox', ...lines].join('\n');

describe('a .container file', () => {
  it('becomes a service that runs the container, with everything else passed on', () => {
    const { text, errors } = convert({
      'web.container': `[Unit]\nDescription=Web\n${container('Exec=sh -c "a b"', 'Environment=A=1 "B=c d"', 'ReadOnly=no')}\n[Service]\nRestart=always\n`,
    });
    assert.deepEqual(errors, []);
    const unit = text('web.service');
    assert.match(
      unit,
      /^ExecStart=\/usr\/bin\/tspod run --name=systemd-%N --cidfile=%t\/%N\.cid --replace --rm --cgroups=no-conmon --sdnotify=conmon -d --env=A=1 "--env=B=c d" --read-only=false busybox sh -c "a b"$/m,
    );
    assert.match(unit, /^Description=Web$/m);
    assert.match(unit, /^Restart=always$/m);
    assert.match(unit, /^\[X-Container\]$/m);
    assert.match(unit, /^Type=notify$/m);
  });

  it('has its networks, volumes and images made first', () => {
    const { text, errors } = convert({
      'web.container':
        '[Container]\nImage=app.image\nVolume=data.volume:/d\nNetwork=net.network\nMount=type=volume,source=data.volume,target=/e',
      'app.image': '[Image]\nImage=quay.io/x/app:1',
      'data.volume': '[Volume]\nVolumeName=mine',
      'net.network': '[Network]\nSubnet=10.0.0.0/24\nGateway=10.0.0.1',
      'side.container': container('Network=web.container'),
    });
    assert.deepEqual(errors, []);
    const unit = text('web.service');
    for (const needed of ['app-image', 'data-volume', 'net-network']) {
      assert.match(unit, new RegExp(`^Requires=${needed}\\.service$`, 'm'));
      assert.match(unit, new RegExp(`^After=${needed}\\.service$`, 'm'));
    }
    assert.match(
      unit,
      /--network=systemd-net --volume=mine:\/d --mount=type=volume,source=mine,target=\/e quay\.io\/x\/app:1$/m,
    );
    assert.match(text('side.service'), /--network=container:systemd-web /);
    assert.match(
      text('net-network.service'),
      /network create --ignore --subnet=10\.0\.0\.0\/24 --gateway=10\.0\.0\.1 systemd-net$/m,
    );
  });

  it('depends on other Quadlet files by their names, and on what its volumes are mounted from', () => {
    const { text, errors } = convert({
      'web.container': `[Unit]\nAfter=db.container sshd.service\nRequires=db.container\nWants=data.volume\n${container(
        'Volume=/srv/a b:/x:ro',
        'Volume=./conf:/conf',
        'Mount=type=bind,source=/mnt/y,target=/y',
        'Mount=type=tmpfs,target=/z',
      )}`,
      'db.container': `${container('ServiceName=postgres')}`,
      'data.volume': '[Volume]\nType=bind\nDevice=/mnt/disk\n',
      'lost.container': `[Unit]\nAfter=nobody.container\n${container()}`,
      'pod.container': `[Unit]\nAfter=x.pod\n${container()}`,
      'x.pod': '[Pod]',
    });
    const unit = text('web.service');
    assert.match(unit, /^After=postgres\.service sshd\.service$/m);
    assert.match(unit, /^Requires=postgres\.service$/m);
    assert.match(unit, /^Wants=data-volume\.service$/m);
    assert.match(unit, /^RequiresMountsFor="\/srv\/a b"$/m);
    assert.match(unit, /^RequiresMountsFor=\/.*\/conf$/m);
    assert.match(unit, /^RequiresMountsFor=\/mnt\/y$/m);
    assert.equal(unit.match(/^RequiresMountsFor=/gm)?.length, 4);
    assert.match(text('data-volume.service'), /^RequiresMountsFor=\/mnt\/disk$/m);
    const messages = errors.map(({ error }) => (error instanceof Error ? error.message : ''));
    assert.ok(messages.some((message) => /lost\.container: there is no Quadlet file nobody/.test(message)));
    assert.ok(messages.some((message) => /pod\.container: x\.pod: \.pod files are not/.test(message)));
  });

  it('takes lists where podman does, devices only if they are there, and a directory as the root', () => {
    const { text, errors } = convert({
      'a.container': `[Container]\nRootfs=/srv/root:O\nExec=true\nAddDevice=-/dev/gone:/dev/x -/dev/null\nMask=/proc/a /proc/b
UIDMap=0:1:10 10:20:5\nLogOpt=max-size=1m tag=t\nEnvironmentFile=one ./two\nSecret=s,type=env t\nAppArmor=unconfined
HttpProxy=no\nNotify=Healthy\nContainersConfModule=/etc/m.conf\nGlobalArgs=--log-level=debug\n`,
    });
    assert.deepEqual(errors, []);
    const [line = ''] = /^ExecStart=.*$/m.exec(text('a.service')) ?? [];
    assert.match(line, /^ExecStart=\/usr\/bin\/tspod --module=\/etc\/m\.conf --log-level=debug run /);
    assert.match(line, / --rootfs \/srv\/root:O true$/);
    assert.deepEqual(line.match(/--device=\S+/g), ['--device=/dev/null']);
    for (const words of [
      '--security-opt=apparmor=unconfined',
      '--security-opt=mask=/proc/a --security-opt=mask=/proc/b',
      '--uidmap=0:1:10 --uidmap=10:20:5',
      '--log-opt=max-size=1m --log-opt=tag=t',
      '--secret=s,type=env --secret=t',
      '--http-proxy=false',
      '--sdnotify=healthy',
    ])
      assert.ok(line.includes(` ${words} `), words);
    assert.match(line, /--env-file=\/\S+\/one --env-file=\/\S+\/two /);
    assert.match(text('a.service'), /^ExecStop=\/usr\/bin\/tspod --module=\/etc\/m\.conf /m);
  });

  it('is changed by drop-ins, of its own, of its prefix and of its kind', () => {
    const { text } = convert({
      'a-b.container': container('Label=first=1'),
      'a-b.container.d/20-own.conf': '[Container]\nLabel=own=1\n',
      'a-.container.d/10-prefix.conf': '[Container]\nLabel=prefix=1\n',
      'container.d/30-kind.conf': '[Container]\nLabel=kind=1\n',
      'container.d/10-prefix.conf': '[Container]\nLabel=hidden=1\n',
    });
    assert.match(
      text('a-b.service'),
      /--label=first=1 --label=prefix=1 --label=own=1 --label=kind=1 busybox$/m,
    );
  });

  it('of a template has containers by instance, and links only where there is a default one', () => {
    const install = '\n[Install]\nWantedBy=default.target\nAlias=x.service ../../evil.service\n';
    const { services } = convert({
      'one@.container': container() + install,
      'two@.container': `${container()}${install}DefaultInstance=i\n`,
    });
    const [one, two] = services;
    assert.match(one?.text ?? '', /--name=systemd-%p_%i/);
    assert.deepEqual(one?.links, ['x.service']);
    assert.deepEqual(two?.links, ['x.service', 'default.target.wants/two@i.service']);
  });

  it('is left out alone when it is wrong, with what is wrong', () => {
    const { services, errors } = convert({
      'good.container': container(),
      'typo.container': container('Enviroment=a'),
      'pod.container': container('Pod=x.pod'),
      'none.container': '[Container]\nExec=true',
      'gone.container': container('Volume=gone.volume:/x'),
      'syntax.container': 'nonsense',
      'x.pod': '[Pod]',
      'y.build': '[Build]',
      'case.container': container('PublishPorts=80'),
      'home.container': container('Restart=always'),
      'old.container': container('RemapUsers=keep-id'),
      'quadlet.container': `${container()}\n[Quadlet]\nDefaultDependencie=no`,
      'both.container': container('Rootfs=/x'),
      'kill.container': `${container()}\n[Service]\nKillMode=process`,
      'twice.container': container('ServiceName=good'),
      'at@.container': container(),
      'joins.container': container('Network=at@.container'),
      'foreign.volume': '[Volume]\nDriver=image\nImage=x',
      'locked.image': '[Image]\nImage=x\nDecryptionKey=/k',
    });
    assert.deepEqual(
      services.map(({ name }) => name),
      ['at@.service', 'good.service'],
    );
    const messages = errors.map(({ error }) =>
      error instanceof TspodError ? `${error.message} ${error.hint}` : '',
    );
    for (const expected of [
      /unsupported key 'Enviroment'.*did you mean Environment=/,
      /Pod= is not supported/,
      /no Image=/,
      /no Quadlet file gone\.volume/,
      /syntax\.container:1/,
      /\.pod files are not supported/,
      /\.build files are not supported/,
      /unsupported key 'PublishPorts'.*did you mean PublishPort=/,
      /unsupported key 'Restart'.*Restart= belongs into \[Service\]/,
      /RemapUsers= is not supported.*use UserNS=/,
      /unsupported key 'DefaultDependencie' in \[Quadlet\].*DefaultDependencies=/,
      /Image= and Rootfs= exclude each other/,
      /invalid KillMode process/,
      /twice\.container: good\.service is made by .*good\.container already/,
      /known to systemd only/,
      /content of an image/,
      /DecryptionKey= is not supported.*encrypted/,
    ])
      assert.equal(messages.filter((message) => expected.test(message)).length, 1, String(expected));
  });
});

describe('hostile files', () => {
  const settings = (text: string): string[] =>
    text.split('\n').flatMap((line) => /^(?!X-)(\w+)=/.exec(line)?.[1] ?? []);
  const plain = settings(convert({ 'a.container': container('Label=a=b') }).text('a.service'));

  it('get no line into a unit but their own, whatever their values are', () => {
    for (const value of [
      '"a\\nExecStart=/bin/evil"',
      "'a\\x0aExecStart=/bin/evil'",
      '"\\012[Service]\\012ExecStartPre=/bin/evil"',
      '; /bin/evil',
      'a\\',
      '"open',
      '\u2028ExecStart=/bin/evil',
    ]) {
      const result = convert({ 'a.container': container(`Label=${value}`) });
      if (result.errors.length > 0) continue;
      const text = result.text('a.service');
      const own = text.replace(/^\[X-Container\][^[]*/m, '');
      assert.equal(own.match(/^ExecStart=/gm)?.length, 1, value);
      assert.doesNotMatch(own, /^ExecStart=\/bin\/evil|^ExecStartPre=/m, value);
      assert.doesNotMatch(own, / ; /, value);
      assert.deepEqual(settings(text).sort(), [...plain].sort(), value);
    }
  });

  it('with hostile names become no unit elsewhere, and no link', () => {
    const { services, errors } = convert({
      'a\nExecStart=evil.container': container(),
      'a b.container': container(),
      '%h.container': container(),
      'up.container': container().replace('[Container]', '[Container]\nServiceName=../../up'),
      'fine.container': `${container()}\n[Install]\nAlias=../evil.service /etc/x.service\nWantedBy=../../x a/b/c ok.target\n`,
    });
    assert.deepEqual(
      services.map(({ name, links }) => [name, links]),
      [['fine.service', ['ok.target.wants/fine.service']]],
    );
    assert.equal(errors.length, 4);
  });

  it('name themselves without being expanded', () => {
    const { text } = convert({ '%h/x.container': container() });
    assert.match(text('x.service'), /^SourcePath=.*\/%%h\/x\.container$/m);
  });

  it('that are pipes or directories hold up nobody', () => {
    const directory = mkdtempSync(join(tmpdir(), 'tspod-quadlet-'));
    made.push(directory);
    execFileSync('mkfifo', [join(directory, 'pipe.container')]);
    mkdirSync(join(directory, 'directory.container'));
    writeFileSync(join(directory, 'good.container'), container());
    const { files, errors } = readQuadlets([directory]);
    assert.deepEqual([...files.keys()], ['good.container']);
    assert.equal(errors.length, 2);
  });

  it('that end in a backslash leave their drop-ins alone', () => {
    const { text } = convert({
      'web.container': `${container()}\n[Service]\nRestart=no\\`,
      'web.container.d/a.conf': '[Unit]\nDescription=From the drop-in\n',
    });
    assert.match(text('web.service'), /^Restart=no$/m);
    assert.match(text('web.service'), /^Description=From the drop-in$/m);
  });
});

describe('the network', () => {
  const wait = 'tspod-user-wait-network-online.service';

  it('is waited for, by users with a unit of their own, unless the file says no', () => {
    const { files } = readQuadlets([directoryOf({ 'a.container': container() })]);
    const convertFor = (user: boolean): string =>
      convertQuadlets({ program: 'tspod', user, files, exists: () => false }).services[0]?.text ?? '';
    assert.match(convertFor(false), /^Wants=network-online\.target\nAfter=network-online\.target$/m);
    assert.match(convertFor(true), new RegExp(`^Wants=${wait}\\nAfter=${wait}$`, 'm'));
    const without = convert({ 'a.container': `${container()}\n[Quadlet]\nDefaultDependencies=no\n` });
    assert.doesNotMatch(without.text('a.service'), /network-online/);
  });

  it('is waited for as long as something brings it up', () => {
    const unit = readFileSync(new URL(`../../../scripts/install/systemd/${wait}`, import.meta.url), 'utf8');
    const [, script = ''] = /^ExecStart=\/bin\/sh -c '(.*)'$/m.exec(unit) ?? [];
    const run = (active: string, job: string): string => {
      const bin = directoryOf({
        systemctl: `#!/bin/sh\necho "$1" >>"$0.log"\ncase $1 in is-active) ${active} ;; list-jobs) ${job} ;; esac\n`,
      });
      chmodSync(join(bin, 'systemctl'), 0o755);
      const env = { PATH: `${bin}:${process.env['PATH'] ?? ''}` };
      execFileSync('/bin/sh', ['-c', script.replaceAll('$$', '$')], { env });
      return readFileSync(join(bin, 'systemctl.log'), 'utf8');
    };
    assert.equal(run('exit 0', 'echo job'), 'is-active\n');
    assert.equal(run('exit 3', 'exit 0'), 'is-active\nlist-jobs\n');
    const second = 'grep -q list-jobs "$0.log" || exit 3';
    assert.equal(run(second, 'echo job'), 'is-active\nlist-jobs\nis-active\n');
  });
});

describe('the search path', () => {
  it("is the system's, or the user's", () => {
    assert.deepEqual(quadletDirectories({ user: false, uid: 0, env: {} }), [
      '/run/containers/systemd',
      '/etc/containers/systemd',
      '/usr/share/containers/systemd',
    ]);
    const [first, second, third] = quadletDirectories({
      user: true,
      uid: 7,
      env: { HOME: '/h', XDG_RUNTIME_DIR: '/run/user/7' },
    });
    assert.deepEqual(
      [first, second, third],
      ['/run/user/7/containers/systemd', '/h/.config/containers/systemd', '/etc/containers/systemd/users/7'],
    );
  });
});

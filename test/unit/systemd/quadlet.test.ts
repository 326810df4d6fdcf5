import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { TspodError } from '../../../src/base/errors.ts';
import { splitBundle } from '../../../src/systemd/quadlet-bundle.ts';
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
      'late.container': `[Unit]\nAfter=x.artifact\n${container()}`,
      'x.artifact': '[Artifact]',
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
    assert.ok(messages.some((message) => /late\.container: x\.artifact: \.artifact files are/.test(message)));
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

  it('of a template needs the same instance of other templates', () => {
    const { text, errors } = convert({
      'web@.container': `[Unit]\nAfter=db@.container\n${container('Volume=data@.volume:/d', 'Pod=shop@.pod')}`,
      'db@.container': container(),
      'data@.volume': '[Volume]',
      'shop@.pod': '[Pod]',
      'own@a.volume': '[Volume]',
      'net@.container': container('Network=db@.container'),
      'plain.container': container('Volume=data@.volume:/d'),
    });
    const unit = text('web@.service');
    assert.match(unit, /^After=db@%i\.service$/m);
    assert.match(unit, /^Requires=data-volume@%i\.service$/m);
    assert.match(unit, /^BindsTo=shop-pod@%i\.service$/m);
    assert.match(unit, / --volume=systemd-data_%i:\/d --pod=systemd-shop_%i busybox$/m);
    assert.match(text('shop-pod@.service'), /--name=systemd-shop_%i$/m);
    assert.match(text('own@a-volume.service'), /volume create --ignore systemd-own_a$/m);
    assert.match(String(errors[0]?.error), /net@\.container: .*known to systemd only/);
    assert.match(String(errors[1]?.error), /plain\.container: data@\.volume is a template/);
  });

  it('is left out alone when it is wrong, with what is wrong', () => {
    const { services, errors } = convert({
      'good.container': container(),
      'typo.container': container('Enviroment=a'),
      'pod.container': container('Pod=x'),
      'none.container': '[Container]\nExec=true',
      'gone.container': container('Volume=gone.volume:/x'),
      'syntax.container': 'nonsense',
      'x.artifact': '[Artifact]',
      'y.build': '[Build]',
      'z.build': '[Build]\nImageTag=z',
      'w.build': '[Build]\nImageTag=w\nFile=./Containerfile',
      'case.container': container('PublishPorts=80'),
      'home.container': container('Restart=always'),
      'old.container': container('RemapUsers=keep-id', 'UserNS=auto'),
      'quadlet.container': `${container()}\n[Quadlet]\nDefaultDependencie=no`,
      'both.container': container('Rootfs=/x'),
      'kill.container': `${container()}\n[Service]\nKillMode=process`,
      'twice.container': container('ServiceName=good'),
      'at@.container': container(),
      'joins.container': container('Network=at@.container'),
      'foreign.volume': '[Volume]\nDriver=image',
      'image.volume': '[Volume]\nImage=x',
      'whose.volume': '[Volume]\nUser=nobody',
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
      /Pod=x is no \.pod file/,
      /no Image=/,
      /no Quadlet file gone\.volume/,
      /syntax\.container:1/,
      /\.artifact files are not supported/,
      /y\.build: there is no ImageTag=/,
      /z\.build: there is neither SetWorkingDirectory= nor File=/,
      /w\.build: File=\.\/Containerfile needs SetWorkingDirectory=/,
      /unsupported key 'PublishPorts'.*did you mean PublishPort=/,
      /unsupported key 'Restart'.*Restart= belongs into \[Service\]/,
      /RemapUsers= is outdated/,
      /unsupported key 'DefaultDependencie' in \[Quadlet\].*DefaultDependencies=/,
      /Image= and Rootfs= exclude each other/,
      /invalid KillMode process/,
      /twice\.container: good\.service is made by .*good\.container already/,
      /joins\.container: at@\.container is a template/,
      /foreign\.volume: Driver=image needs Image=/,
      /image\.volume: Image= needs Driver=image/,
      /whose\.volume: User=nobody must be a number/,
      /DecryptionKey= is not supported.*encrypted/,
    ])
      assert.equal(messages.filter((message) => expected.test(message)).length, 1, String(expected));
  });
});

describe('a .pod file', () => {
  it('becomes a service to which those of its containers are bound', () => {
    const { text, errors } = convert({
      'shop.pod':
        '[Pod]\nPublishPort=80:80\nNetwork=lan.network\nVolume=data.volume:/d\nRemapUsers=auto\nRemapUid=0:1:2\nLabel=a=b\nStopTimeout=3\n[Service]\nRestart=always',
      'plain.pod': '[Pod]\nPodName=mine\nExitPolicy=continue',
      'lan.network': '[Network]',
      'data.volume': '[Volume]\nUser=root',
      'web.container': container('Pod=shop.pod', 'VolatileTmp=yes'),
      'job.container': container('Pod=shop.pod', 'StartWithPod=no'),
      'many@.container': container('Pod=shop.pod'),
    });
    assert.deepEqual(errors, []);
    const unit = text('shop-pod.service');
    assert.match(
      unit,
      /^ExecStartPre=\/usr\/bin\/tspod pod create --infra-conmon-pidfile=%t\/%N\.pid --replace --exit-policy=stop --label=a=b --publish=80:80 --userns=auto:uidmapping=0:1:2 --network=systemd-lan --volume=systemd-data:\/d --infra-name=systemd-shop-infra --name=systemd-shop$/m,
    );
    assert.match(unit, /^ExecStart=\/usr\/bin\/tspod pod start systemd-shop$/m);
    assert.match(unit, /^ExecStop=\/usr\/bin\/tspod pod stop --ignore --time=3 systemd-shop$/m);
    assert.match(unit, /^ExecStopPost=\/usr\/bin\/tspod pod rm --ignore --force systemd-shop$/m);
    assert.match(unit, /^Type=forking$/m);
    assert.match(unit, /^PIDFile=%t\/%N\.pid$/m);
    assert.deepEqual(unit.match(/^Restart=.*$/gm), ['Restart=always']);
    assert.deepEqual(unit.match(/^(Wants|Before)=(?!network).*$/gm), [
      'Wants=web.service',
      'Before=web.service',
    ]);
    for (const needed of ['lan-network', 'data-volume'])
      assert.match(unit, new RegExp(`^Requires=${needed}\\.service$`, 'm'));
    assert.match(text('plain-pod.service'), /--exit-policy=continue .*--name=mine$/m);
    for (const member of ['web', 'job', 'many@']) {
      assert.match(text(`${member}.service`), /^BindsTo=shop-pod\.service$/m);
      assert.match(text(`${member}.service`), /^After=shop-pod\.service$/m);
      assert.match(text(`${member}.service`), / --pod=systemd-shop busybox$/m);
    }
    assert.match(text('web.service'), / --tmpfs=\/tmp:rw,size=512M,mode=1777 /);
    assert.match(text('data-volume.service'), /--opt o=uid=0 systemd-data$/m);
  });
});

describe('a .build file', () => {
  it('becomes a service that builds, before what needs the image', () => {
    const { text, errors } = convert({
      'app.build':
        '[Build]\nImageTag=localhost/app:1\nImageTag=localhost/app:2\nSetWorkingDirectory=unit\nBuildArg=A=1 "B=c d"\nIgnoreFile=.ig\nPull=never\nForceRM=no\nNetwork=lan.network\nSecret=id=s,src=/s',
      'abs.build': '[Build]\nImageTag=abs\nFile=/srv/Containerfile',
      'file.build': '[Build]\nImageTag=file\nFile=sub/Containerfile\nSetWorkingDirectory=file',
      'git.build': '[Build]\nImageTag=git\nSetWorkingDirectory=https://example.com/x.git',
      'rel.build': '[Build]\nImageTag=rel\nSetWorkingDirectory=./ctx',
      'own.build': '[Build]\nImageTag=own\nFile=Containerfile\n[Service]\nWorkingDirectory=/w',
      'lan.network': '[Network]',
      'web.container': '[Container]\nImage=app.build\nMount=type=image,source=abs.build,target=/a',
      'files.volume': '[Volume]\nDriver=image\nImage=app.build',
    });
    assert.deepEqual(errors, []);
    const unit = text('app-build.service');
    const directory = /^WorkingDirectory=(.*)$/m.exec(unit)?.[1] ?? '';
    assert.match(
      unit,
      new RegExp(
        `tspod build --build-arg=A=1 "--build-arg=B=c d" --force-rm=false --ignorefile=.ig --tag=localhost/app:1 --tag=localhost/app:2 --pull=never --secret=id=s,src=/s --network=systemd-lan ${directory}$`,
        'm',
      ),
    );
    assert.match(unit, /^Type=oneshot$/m);
    assert.doesNotMatch(unit, /RemainAfterExit/);
    const line = (name: string): string =>
      /^ExecStart=.*tspod build (.*)$/m.exec(text(`${name}-build.service`))?.[1] ?? '';
    assert.equal(line('abs'), '--tag=abs --file=/srv/Containerfile');
    assert.equal(line('file'), `--tag=file --file=${directory}/sub/Containerfile ${directory}/sub`);
    assert.match(text('file-build.service'), new RegExp(`^WorkingDirectory=${directory}/sub$`, 'm'));
    assert.equal(line('git'), '--tag=git https://example.com/x.git');
    assert.equal(line('rel'), '--tag=rel ./ctx');
    assert.match(text('rel-build.service'), new RegExp(`^WorkingDirectory=${directory}$`, 'm'));
    assert.equal(line('own'), '--tag=own --file=Containerfile /w');
    assert.match(text('web.service'), /^Requires=app-build\.service$/m);
    assert.match(text('web.service'), /--mount=type=image,source=abs,target=\/a localhost\/app:1$/m);
    assert.match(text('files-volume.service'), /--driver=image --opt image=localhost\/app:1 systemd-files$/m);
    assert.match(text('files-volume.service'), /^After=app-build\.service$/m);
  });
});

describe('a .quadlets file', () => {
  const split = (text: string) => splitBundle(text, 'shop.quadlets');

  it('is the files that it has parts for', () => {
    assert.deepEqual(
      split(
        '# FileName=web\n[Container]\nImage=x\n---\r\n\n#FileName=data.volume\n[Unit]\nA=b\n [Volume] \n---\n  \n',
      ),
      [
        { name: 'web.container', text: '# FileName=web\n[Container]\nImage=x\n' },
        { name: 'data.volume', text: '#FileName=data.volume\n[Unit]\nA=b\n [Volume]\n' },
      ],
    );
  });

  it('is refused for a part without a name, a kind or a place of its own', () => {
    for (const [text, expected] of [
      ['[Container]\n', /part 1: its name is missing/],
      ['# FileName=x\n[Unit]\n', /part 1: there is no section/],
      ['# FileName=../x\n[Pod]\n', /FileName=\.\.\/x is no name/],
      ['# FileName=.x\n[Pod]\n', /FileName=\.x is no name/],
      ['# FileName=x\n[Pod]\n---\n# FileName=x\n[Pod]\n', /x\.pod comes twice/],
      ['\n---\n', /nothing in it/],
    ] as const)
      assert.throws(() => split(text), expected);
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

  it('below links are found, and round ones end', () => {
    const directory = directoryOf({ 'real/a@.container': container(), 'users/7/b.container': container() });
    const base = directoryOf({});
    symlinkSync(join(directory, 'real'), join(base, 'link'));
    symlinkSync(base, join(base, 'round'));
    symlinkSync('a@.container', join(directory, 'real/a@one.container'));
    assert.deepEqual([...readQuadlets([base]).files.keys()], ['a@.container', 'a@one.container']);
    assert.deepEqual([...readQuadlets([directory]).files.keys()], ['a@.container', 'a@one.container']);
    assert.deepEqual([...readQuadlets([join(directory, 'users')]).files.keys()], []);
    assert.deepEqual([...readQuadlets([join(directory, 'users/7')]).files.keys()], ['b.container']);
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

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync, chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { inContainer, runScript, statusOf } from '../fixtures/containers.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import {
  rootArguments,
  runProgram,
  testEnvironment,
  testRoot,
  TSPOD,
  tspod,
  tspodOk,
} from '../fixtures/harness.ts';
import { requires } from '../fixtures/requires.ts';

const MAP = 'tr -s " " </proc/self/uid_map | sed "s/^ //"';
const OWNERS = 'stat -c "%u:%g" / /bin /bin/busybox /etc/hosts /dev/shm; touch /new; stat -c "%u:%g" /new';
const ROOTS = Array.from({ length: 6 }, () => '0:0').join('\n');

describe('a container in a user namespace of its own', () => {
  it('has the ids that --uidmap and --gidmap give, and its files belong to them', async () => {
    const flags = ['--uidmap', '0:1000:2000', '--gidmap', '0:3000:2000'];
    assert.equal(await inContainer(flags, MAP), '0 1000 2000');
    assert.equal(await inContainer(flags, 'tr -s " " </proc/self/gid_map'), ' 0 3000 2000');
    assert.equal(await inContainer(flags, OWNERS), ROOTS);
    assert.equal(await inContainer(['--uidmap', '0:1000:3,3:2000:4'], MAP), '0 1000 3\n3 2000 4');
  });

  it('runs as an ordinary user of it, and exec, restart, cp and inspect know its ids', async () => {
    const image = await busyboxImage();
    const run = ['run', '-d', '--name', 'mapped', '--uidmap', '0:1000:2000', '-u', '7:8', image];
    await tspodOk([...run, 'sleep', '1000']);
    assert.equal(await tspodOk(['exec', 'mapped', 'id', '-u']), '7');
    assert.equal(await tspodOk(['exec', '-u', '0', 'mapped', 'sh', '-c', OWNERS]), ROOTS);
    await tspodOk(['restart', '-t', '0', 'mapped']);
    assert.equal(await tspodOk(['exec', 'mapped', 'sh', '-c', 'stat -c %u:%g /new']), '0:0');
    const source = join(testRoot().base, 'copied');
    writeFileSync(source, 'x');
    await tspodOk(['cp', source, 'mapped:/copied']);
    assert.match(await tspodOk(['exec', 'mapped', 'stat', '-c', '%u:%g', '/copied']), /^\d+:\d+$/);
    assert.notEqual(await tspodOk(['exec', 'mapped', 'stat', '-c', '%u', '/copied']), '65534');
    const format = '{{.HostConfig.UsernsMode}} {{json .HostConfig.IDMappings}}';
    assert.equal(
      await tspodOk(['inspect', '--format', format, 'mapped']),
      'private {"UidMap":["0:1000:2000"],"GidMap":["0:1000:2000"]}',
    );
    assert.match(
      await tspodOk(['ps', '--filter', 'name=mapped', '--format', '{{.Names}} {{.Status}}']),
      /^mapped Up/,
    );
    await tspodOk(['rm', '-f', '-t', '0', 'mapped']);
  });

  it('shares it with another container by container:NAME', async () => {
    const image = await busyboxImage();
    await tspodOk(['run', '-d', '--name', 'donor', '--uidmap', '0:5000:100', image, 'sleep', '1000']);
    const wanted = await tspodOk(['exec', 'donor', 'readlink', '/proc/self/ns/user']);
    const flags = ['--userns', 'container:donor'];
    assert.equal(await inContainer(flags, 'readlink /proc/self/ns/user'), wanted);
    assert.equal(await inContainer(flags, OWNERS), ROOTS);
    await tspodOk(['stop', '-t', '0', 'donor']);
    // Whose namespace it joins is started before it.
    await inContainer(flags, 'true');
    assert.match(await statusOf('donor'), /^Up/);
    await tspodOk(['rm', '-f', '-t', '0', 'donor']);
  });

  it('owns a network namespace of its own, where sysctls can be set and addresses changed', async () => {
    const flags = [
      '--uidmap',
      '0:1000:2000',
      '--cap-add',
      'NET_ADMIN',
      '--sysctl',
      'net.ipv4.ip_default_ttl=77',
    ];
    const script =
      'cat /proc/sys/net/ipv4/ip_default_ttl; ip link add dummy9 type bridge && echo added; ls /sys/class/net';
    const output = await inContainer(flags, script);
    assert.match(output, /^77\nadded\n/);
    assert.match(output, /dummy9/);
  });

  it('gives volumes, tmpfs and U mounts to the ids inside', async () => {
    const source = join(testRoot().base, 'given');
    mkdirSync(source, { recursive: true });
    chmodSync(testRoot().base, 0o755);
    const flags = ['--uidmap', '0:1000:2000', '-u', '5:6', '-v', 'mapped-volume:/v', '-v', `${source}:/u:U`];
    assert.equal(
      await inContainer(
        [...flags, '--tmpfs', '/t:U'],
        'touch /v/x /u/x /t/x && stat -c %u:%g /v/x /u/x /t/x /u',
      ),
      '5:6\n5:6\n5:6\n5:6',
    );
    await tspodOk(['volume', 'rm', 'mapped-volume']);
  });

  it('sees a directory with its own owners by mount option idmap, where the kernel lets us', async () => {
    const source = join(testRoot().base, 'idmapped');
    mkdirSync(source, { recursive: true });
    writeFileSync(join(source, 'f'), '');
    const script = 'stat -c %u:%g /m /m/f; touch /m/new';
    const flags = ['--uidmap', '0:1000:2000', '-v', `${source}:/m:idmap`];
    const result = await runScript(flags, script);
    if (requires('root') === false) {
      assert.equal(result.stdout, '0:0\n0:0\n', result.stderr);
      assert.equal(statSync(join(source, 'new')).uid, 0);
      const own = `type=bind,src=${source},dst=/m,idmap=uids=0-5-10;gids=0-7-10`;
      assert.equal(await inContainer(['--mount', own], 'stat -c %u:%g /m/f'), '5:7');
    } else {
      assert.equal(result.code, 125);
      assert.match(result.stderr, /mount option idmap.*leaves this to root/s);
    }
    const without = await runScript(['-v', `${source}:/m:idmap`], 'true');
    assert.equal(without.code, 125);
    assert.match(without.stderr, /needs a user namespace/);
  });

  it('refuses by name what cannot be', async () => {
    for (const [flags, message] of [
      [['--userns', 'nonsense'], /unrecognized namespace mode "nonsense"/],
      [['--userns', 'keep-id:x=1'], /unknown option "x"/],
      [['--userns', 'keep-id', '--uidmap', '0:1:1'], /cannot be used together/],
      [['--uidmap', '5:1000:10'], /without id 0/],
      [['--uidmap', '0:1000:10', '--uidmap', '5:2000:10'], /overlaps/],
      [['--uidmap', '0-1000'], /must be container-id:from-id/],
      [['--uidmap', '0:4294967290:9'], /there are no ids 4294967290 to 4294967298 to map/],
      [['--uidmap', '0:1000:10', '-u', '77'], /user 77 does not exist in the user namespace/],
      [['--subuidname', 'no-such-user'], /has no ids for "no-such-user"/],
      [['--userns', 'ns:/no/such'], /no user namespace/],
      [['--hostuser', 'no-such-user'], /the host has no user "no-such-user"/],
      [['--subgidname', 'no-such-user'], /has no ids for "no-such-user" \(--subgidname\)/],
    ] as const) {
      const { code, stderr } = await runScript([...flags], 'true');
      assert.equal(code, 125, flags.join(' '));
      assert.match(stderr, message);
    }
  });

  it('is asked for by PODMAN_USERNS and by containers.conf as well', async () => {
    const image = await busyboxImage();
    const script = ['run', '--rm', image, 'readlink', '/proc/self/ns/user'];
    const plain = await tspodOk(script);
    assert.notEqual(await tspodOk(script, { env: { PODMAN_USERNS: 'private' } }), plain);
    const file = join(testRoot().base, 'userns.conf');
    writeFileSync(
      file,
      `${readFileSync(join(testRoot().base, 'config/containers/containers.conf'), 'utf8')}
[containers]
userns = "private"
`,
    );
    assert.notEqual(await tspodOk(script, { env: { CONTAINERS_CONF: file } }), plain);
  });

  it('writes passwd and group lines as it is told', async () => {
    const flags = [
      '-u',
      '1234:2345',
      '--passwd-entry',
      'me:*:$UID:$GID:$NAME:/h:/bin/sh',
      '--group-entry',
      'us:x:$GID:',
    ];
    assert.equal(
      await inContainer(flags, 'whoami; tail -1 /etc/passwd; tail -1 /etc/group'),
      'me\nme:*:1234:2345:container user:/h:/bin/sh\nus:x:2345:',
    );
  });
});

describe('--hostuser', () => {
  it('makes a user of the host known, by whose name the container may run', async () => {
    const flags = ['--hostuser', 'mail'];
    const uid = execFileSync('id', ['-u', 'mail'], { encoding: 'utf8' }).trim();
    const image = await busyboxImage();
    assert.doesNotMatch(await tspodOk(['run', '--rm', image, 'cat', '/etc/passwd']), /^mail:/m);
    assert.equal(await inContainer([...flags, '-u', 'mail'], 'id -u; whoami'), `${uid}\nmail`);
  });
});

describe('--userns keep-id', { skip: requires('rootless') }, () => {
  const uid = statSync('/proc/self').uid;

  it('is the user by number and name, whose files keep their owner', async () => {
    const home = join(testRoot().base, 'home');
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, 'mine'), 'secret\n', { mode: 0o600 });
    const script = 'id -u; whoami; id -gn; cat /h/mine; touch /h/made; stat -c %u /h/made /bin';
    const group = execFileSync('id', ['-gn'], { encoding: 'utf8' }).trim();
    assert.equal(
      await inContainer(['--userns', 'keep-id', '-v', `${home}:/h`], script),
      `${uid}\n${userName()}\n${group}\nsecret\n${uid}\n0`,
    );
    assert.equal(statSync(join(home, 'made')).uid, uid);
    assert.equal(await inContainer(['--userns', 'keep-id', '-u', userName()], 'id -u'), `${uid}`);
  });

  it('takes other ids for the user, and fewer of them', async () => {
    assert.equal(await inContainer(['--userns', 'keep-id:uid=11,gid=12'], 'id -u; id -g'), '11\n12');
    assert.match(await inContainer(['--userns', 'keep-id:uid=3,size=10'], MAP), /^0 1 3\n3 0 1\n4 4 6$/);
  });

  it('leaves the user out with nomap', async () => {
    assert.match(await inContainer(['--userns', 'nomap'], MAP), /^0 1 \d+$/);
    assert.equal(await inContainer(['--userns', 'nomap'], OWNERS), ROOTS);
  });
});

describe('--userns auto', { skip: requires('rootless') }, () => {
  it('gives each container ids that no other has, until it is removed', async () => {
    const image = await busyboxImage();
    const create = (name: string, mode: string) => [
      'run',
      '-d',
      '--name',
      name,
      '--userns',
      mode,
      image,
      'sleep',
      '1000',
    ];
    await tspodOk(create('one', 'auto'));
    await tspodOk(create('two', 'auto:size=2048'));
    const map = async (name: string) => (await tspodOk(['exec', name, 'sh', '-c', MAP])).trim();
    assert.equal(await map('one'), '0 1 1024');
    assert.equal(await map('two'), '0 1025 2048');
    await tspodOk(['rm', '-f', '-t', '0', 'one']);
    assert.equal(await inContainer(['--userns', 'auto:size=1000'], MAP), '0 1 1000');
    assert.equal(await inContainer(['--userns', 'auto:size=1000'], OWNERS), ROOTS);
    await tspodOk(['stop', '-t', '0', 'two']);
    const greedy = await tspod(create('three', 'auto:size=4000000000'));
    assert.equal(greedy.code, 125);
    assert.match(greedy.stderr, /no 4000000000 free uids/);
    await tspodOk(['rm', 'two']);
  });
});

describe('--userns auto as root', { skip: requires('root') }, () => {
  /** With subordinate ids of the test's own, seen by these commands alone. */
  async function withIds(line: string, script: string): Promise<string> {
    const ids = join(testRoot().base, 'subids');
    writeFileSync(ids, line);
    const words = [
      '-m',
      'sh',
      '-ec',
      `mount --bind ${ids} /etc/subuid; mount --bind ${ids} /etc/subgid; ${script}`,
    ];
    const result = await runProgram('unshare', words, { env: testEnvironment() });
    return result.stdout + result.stderr;
  }

  it('draws from the ids that are set aside for containers, and says how to when there are none', async () => {
    const image = await busyboxImage();
    const start = [
      TSPOD,
      ...rootArguments(testRoot()),
      'run',
      '--network',
      'none',
      '--userns',
      'auto:size=500',
    ].join(' ');
    const script = `${start} -d --name held ${image} sleep 1000 >/dev/null
      ${start} --rm ${image} cat /proc/self/uid_map
      ${start} --rm ${image} stat -c %u:%g /bin /
      ${TSPOD} ${rootArguments(testRoot()).join(' ')} rm -f -t 0 held`;
    assert.match(
      await withIds('containers:700000:1000\n', script),
      /^\s*0\s+700500\s+500\n0:0\n0:0\nheld\n$/,
    );
    assert.match(
      await withIds('somebody:700000:1000\n', `${start} --rm ${image} true || true`),
      /no ids aside for the user "containers"\nadd this line to \/etc\/subuid: containers:/,
    );
  });
});

function userName(): string {
  const uid = String(statSync('/proc/self').uid);
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((text) => text.split(':')[2] === uid);
  return line?.split(':')[0] ?? '';
}

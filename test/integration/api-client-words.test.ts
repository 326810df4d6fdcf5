import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type ApiService, startApiService } from '../fixtures/api-service.ts';
import { freshName } from '../fixtures/containers.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';
import { isRoot, requires } from '../fixtures/requires.ts';
import { waitFor } from '../fixtures/wait-for.ts';

describe('what the docker client makes of answers', { skip: requires('docker') }, () => {
  let service: ApiService;
  before(async () => {
    await busyboxImage();
    service = await startApiService();
  });
  after(() => service.stop());

  const docker = (...args: string[]) => service.docker(args);
  const output = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await docker(args[0] ?? '', ...args.slice(1));
    assert.equal(code, 0, `docker ${args.join(' ')}: ${stderr}`);
    return stdout.trim();
  };

  const missing: [string[], RegExp][] = [
    [['--network', 'container:nowhere'], /No such container: nowhere/],
    [['--network', 'nowhere'], /network nowhere not found/],
    [['--network', 'none', '--volumes-from', 'nowhere'], /No such container: nowhere/],
    [['--network', 'none', '--pid', 'container:nowhere'], /No such container: nowhere/],
    [
      ['--network', 'none', '--mount', 'type=bind,src=/nowhere,dst=/x'],
      /bind source path does not exist: \/nowhere/,
    ],
  ];
  for (const [flags, message] of missing)
    test(`run ${flags.join(' ')}: says what is missing, and pulls no image for it`, async () => {
      const { code, stderr } = await docker('run', '--rm', ...flags, BUSYBOX, 'true');
      assert.equal(code, 125, stderr);
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /Unable to find image/);
    });

  test('one port of a container takes the first free one of a range', async () => {
    const names = [freshName(), freshName()];
    for (const name of names)
      await output('run', '-d', '--name', name, '-p', '18431-18432:80', BUSYBOX, 'sleep', '600');
    const ports = await Promise.all(names.map((name) => output('port', name, '80')));
    assert.deepEqual(
      ports.map((text) => /:(\d+)$/m.exec(text)?.[1]),
      ['18431', '18432'],
    );
    const third = await docker('run', '--rm', '-p', '18431-18432:80', BUSYBOX, 'true');
    assert.equal(third.code, 125);
    assert.match(third.stderr, /all ports of the range 18431-18432\/tcp are in use/);
    await output('rm', '-f', ...names);
  });

  test('the network that is always there is called bridge everywhere; top, df and filters tell all', async () => {
    const name = freshName();
    await output('run', '-d', '--name', name, BUSYBOX, 'sleep', '600');
    const template = '{{.HostConfig.NetworkMode}} {{.NetworkSettings.Networks.bridge.IPAddress}}';
    assert.match(await output('inspect', '-f', template, name), /^bridge \d+\.\d+/);
    assert.equal(await output('ps', '--filter', `name=${name}`, '--format', '{{.Networks}}'), 'bridge');
    assert.doesNotMatch(
      await output('network', 'ls', '-f', 'dangling=true', '--format', '{{.Name}}'),
      /bridge|host|none/,
    );

    // The host's ids, by the host's ps: the image has none.
    await output('exec', name, 'rm', '/bin/ps');
    const pid = await output('inspect', '-f', '{{.State.Pid}}', name);
    assert.match(
      await output('top', name, '-o', 'pid,args'),
      new RegExp(`^PID\\s+COMMAND\\n${pid}\\s+sleep 600$`),
    );
    assert.match(await output('top', name), new RegExp(`^UID\\s+PID\\s+PPID.*CMD\\nroot\\s+${pid}\\s`));
    const { stderr } = await docker('top', name, '-o', 'args');
    assert.match(stderr, /Couldn't find PID field in ps output/);
    const row = (await output('system', 'df', '-v')).split('\n').find((line) => line.endsWith(name)) ?? '';
    assert.match(row, /busybox.*sleep 600.*Up /);
    await output('rm', '-f', name);

    await output('tag', BUSYBOX, 'other/box:1');
    assert.equal(
      await output('images', '--filter', 'reference=other/box', '--format', '{{.Repository}}:{{.Tag}}'),
      'other/box:1',
    );
    await output('rmi', 'other/box:1');
  });

  test('a link on the network that is always there brings names and variables', async () => {
    const [other, one] = [freshName(), freshName()];
    const flags = ['-e', 'COLOR=red', '--expose', '8080', '--expose', '53/udp'];
    await output('run', '-d', '--name', other, ...flags, BUSYBOX, 'sleep', '600');
    const address = await output('inspect', '-f', '{{.NetworkSettings.IPAddress}}', other);
    await output('run', '-d', '--name', one, '--link', `${other}:the-db`, BUSYBOX, 'sleep', '600');
    const id = (await output('inspect', '-f', '{{.Id}}', other)).slice(0, 12);
    const hosts = await output('exec', one, 'cat', '/etc/hosts');
    assert.ok(hosts.includes(`${address}\tthe-db ${id} ${other}\n`), hosts);
    const environment = (await output('exec', one, 'env')).split('\n');
    for (const line of [
      `THE_DB_NAME=/${one}/the-db`,
      `THE_DB_PORT=udp://${address}:53`,
      `THE_DB_PORT_8080_TCP=tcp://${address}:8080`,
      `THE_DB_PORT_8080_TCP_ADDR=${address}`,
      'THE_DB_PORT_8080_TCP_PORT=8080',
      'THE_DB_PORT_8080_TCP_PROTO=tcp',
      'THE_DB_ENV_COLOR=red',
    ])
      assert.ok(environment.includes(line), `${line} is not in ${environment.join(' ')}`);
    assert.equal(await output('inspect', '-f', '{{.HostConfig.Links}}', one), `[/${other}:/${one}/the-db]`);
    const names = () => output('ps', '--no-trunc', '--filter', `name=${other}`, '--format', '{{.Names}}');
    assert.equal(await names(), `${other},${one}/the-db`);
    await output('stop', '-t', '0', one, other);
    const start = await docker('start', one);
    assert.match(
      start.stderr,
      new RegExp(`annot link to a non running container: /${other} AS /${one}/the-db`),
    );
    await output('rm', '--link', `${one}/the-db`);
    assert.equal(await names(), '');
    await output('start', one);
    assert.doesNotMatch(await output('exec', one, 'cat', '/etc/hosts'), /the-db/);
    assert.match((await docker('rm', '--link', `${one}/the-db`)).stderr, /no such link/i);
    await output('rm', '-f', one, other);
  });

  test('a stop is told as kill, die and stop, a paused container can be stopped', async () => {
    const name = freshName();
    const since = String(Math.floor(Date.now() / 1000) - 1);
    await output('run', '-d', '--name', name, BUSYBOX, 'sleep', '600');
    const taken = await docker('run', '--rm', '--name', name, BUSYBOX, 'true');
    assert.match(taken.stderr, new RegExp(`Conflict. The container name "/${name}" is already in use by`));
    // On cgroup v1 a user has no freezer.
    if (isRoot()) {
      await output('pause', name);
      assert.match((await docker('pause', name)).stderr, /is already paused/);
    }
    await output('stop', '-t', '0', name);
    assert.match(await output('ps', '-a', '--filter', `name=${name}`, '--format', '{{.Status}}'), /^Exited/);
    const format = '{{.Action}} {{.Actor.Attributes.signal}}';
    // Clients send whole seconds: the next one, which is waited for.
    const until = String(Math.ceil(Date.now() / 1000));
    const told = async (...filters: string[]) =>
      (
        await output(
          ...['events', '--since', since, '--until', until, '--format', format],
          ...[`container=${name}`, ...filters].flatMap((filter) => ['--filter', filter]),
        )
      )
        .replaceAll(' <no value>', '')
        .split('\n');
    assert.deepEqual(
      (await told()).filter((line) => !/attach|cleanup|resize/.test(line)),
      ['create', 'start', ...(isRoot() ? ['pause', 'unpause'] : []), 'kill 9', 'die', 'stop'],
    );
    assert.deepEqual(await told('event=stop', 'event=kill', 'scope=local'), ['kill 9', 'stop']);
    await output('rm', name);
  });

  test('what waits for its next start is listed, is called restarting, and ends by stop', async () => {
    const name = freshName();
    await output('run', '-d', '--name', name, '--restart', 'always', BUSYBOX, 'sh', '-c', 'exit 3');
    const listed = () => output('ps', '--filter', `name=${name}`, '--format', '{{.State}} {{.Status}}');
    // After some quick ends it waits for seconds.
    const states = await waitFor('it to wait', async () => {
      const count = Number(await output('inspect', '-f', '{{.RestartCount}}', name));
      const now = await listed();
      return count > 3 && /^restarting Restarting \(3\)/.test(now) ? now : undefined;
    });
    assert.match(states, /ago$/);
    assert.match(
      await output('inspect', '-f', '{{.State.Restarting}} {{.State.Running}}', name),
      /^true true$/,
    );
    await output('stop', '-t', '0', name);
    assert.equal(await listed(), '');
    const state = '{{.State.Status}} {{.State.Restarting}} {{.State.Running}}';
    assert.equal(await output('inspect', '-f', state, name), 'exited false false');
    await output('rm', name);
  });

  test('a build that fails says so in docker’s words, and ends with the code of its command', async () => {
    const input = `FROM ${BUSYBOX}\nRUN exit 42\n`;
    const { code, stdout, stderr } = await service.docker(['build', '--network', 'none', '-'], { input });
    assert.equal(code, 42, stderr);
    assert.match(stdout + stderr, /The command '\/bin\/sh -c exit 42' returned a non-zero code: 42/);
  });

  test('the cache of builds counts in df until it is pruned', async () => {
    const input = `FROM ${BUSYBOX}\nRUN head -c 300000 /dev/zero >/large\n`;
    const built = await service.docker(['build', '-q', '--network', 'none', '-'], { input });
    assert.equal(built.code, 0, built.stderr);
    const cache = async () => {
      const { json } = await service.request('GET', '/system/df?type=build-cache');
      return (json as { BuildCache: { Size: number; Description: string; InUse: boolean }[] }).BuildCache;
    };
    const step = async () => (await cache()).find(({ Description }) => Description.includes('/large'));
    assert.deepEqual([(await step())?.InUse, (await step())?.Size], [true, 0]);
    await output('rmi', built.stdout.trim());
    const { InUse, Size = 0 } = (await step()) ?? {};
    assert.deepEqual([InUse, Size >= 300_000], [false, true]);
    await output('builder', 'prune', '-af');
    assert.deepEqual(await cache(), []);
  });

  test('lists of images tell what each consists of when they are asked', async () => {
    interface Manifest {
      ID: string;
      Kind: string;
      Size: { Content: number; Total: number };
      ImageData: { Containers: string[]; Platform: { os: string }; Size: { Unpacked: number } };
    }
    const list = async (query: string): Promise<{ Manifests?: Manifest[] }[]> => {
      const { text } = await service.request('GET', `/v1.47/images/json${query}`);
      return JSON.parse(text) as { Manifests?: Manifest[] }[];
    };
    assert.equal((await list(''))[0]?.Manifests, undefined);
    const name = await output('create', '--network', 'none', BUSYBOX);
    const filters = encodeURIComponent(JSON.stringify({ reference: [BUSYBOX] }));
    const [manifest, ...others] = (await list(`?manifests=1&filters=${filters}`))[0]?.Manifests ?? [];
    assert.deepEqual(others, []);
    assert.match(manifest?.ID ?? '', /^sha256:[0-9a-f]{64}$/);
    assert.equal(manifest?.Kind, 'image');
    assert.deepEqual(manifest?.ImageData.Containers, [name]);
    assert.equal(manifest?.ImageData.Platform.os, 'linux');
    assert.ok((manifest?.Size.Content ?? 0) > 0);
    assert.equal(manifest?.Size.Total, manifest?.ImageData.Size.Unpacked);
    await output('rm', name);
  });

  test('a range of addresses is told as it was given', async () => {
    const name = freshName();
    await output('network', 'create', '--subnet', '10.213.7.0/24', '--ip-range', '10.213.7.128/25', name);
    assert.equal(
      await output('network', 'inspect', '-f', '{{(index .IPAM.Config 0).IPRange}}', name),
      '10.213.7.128/25',
    );
    await output('network', 'rm', name);
  });
});

import assert from 'node:assert/strict';
import { lstatSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { startScript } from '../fixtures/containers.ts';
import { runProgram, TSPOD, testEnvironment, testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';
import { isRoot, requires } from '../fixtures/requires.ts';

before(() => busyboxImage());

/** A shell command in which "$@" is tspod. */
async function shell(command: string, options: { input?: string } = {}): Promise<string> {
  const { graphRoot, runRoot } = testRoot();
  const roots = ['--root', graphRoot, '--runroot', runRoot];
  const result = await runProgram('sh', ['-ec', command, 'sh', TSPOD, ...roots], {
    env: testEnvironment(),
    ...options,
  });
  assert.equal(result.code, 0, result.stderr);
  return result.stdout;
}

describe('diff', () => {
  test('tells what was added, changed and deleted, and nothing that every start makes', async () => {
    await tspodOk([
      ...['run', '--name', 'changes', '--network', 'none', '-v', 'changes:/data', BUSYBOX, 'sh', '-c'],
      'rm /etc/group; echo x >> /etc/passwd; mkdir /new; touch /new/file /data/hidden',
    ]);
    const lines = (await tspodOk(['diff', 'changes'])).split('\n');
    for (const line of ['C /etc', 'D /etc/group', 'C /etc/passwd', 'A /new', 'A /new/file'])
      assert.ok(lines.includes(line), line);
    assert.ok(!lines.some((line) => /hosts|resolv|proc|hidden/.test(line)), lines.join('\n'));
    const json = JSON.parse(await tspodOk(['container', 'diff', '--format', 'json', 'changes'])) as Record<
      string,
      string[]
    >;
    assert.deepEqual(json['deleted'], ['/etc/group']);
    assert.ok(json['added']?.includes('/new/file'));
  });

  test('tells what the last layer of an image has brought', async () => {
    assert.match(await tspodOk(['image', 'diff', BUSYBOX]), /^A \/bin$/m);
    const { code, stderr } = await tspod(['diff', 'nothing']);
    assert.equal(code, 125);
    assert.match(stderr, /no container or image "nothing" found/);
  });
});

describe('export', () => {
  test('writes the whole file system, from which an image can be made', async () => {
    await tspodOk([
      'run',
      '--name',
      'exported',
      '--network',
      'none',
      BUSYBOX,
      'sh',
      '-c',
      'echo kept > /file',
    ]);
    const file = join(testRoot().base, 'exported.tar');
    await tspodOk(['export', '-o', file, 'exported']);
    await tspodOk(['import', file, 'localhost/again']);
    assert.equal(
      await tspodOk(['run', '--rm', '--network', 'none', 'localhost/again', 'cat', '/file']),
      'kept',
    );
    assert.match(await shell('"$@" export exported | tar t'), /^bin\/busybox$/m);
    const pipe = join(testRoot().base, 'pipe');
    const read = await shell(`mkfifo ${pipe} && { "$@" export -o ${pipe} exported & tar tf ${pipe}; wait; }`);
    assert.match(read, /^bin\/busybox$/m);
    assert.ok(lstatSync(pipe).isFIFO());
    const { stderr } = await tspod(['export', '-o', '/not/there/x.tar', 'exported']);
    assert.match(
      stderr,
      /^Error: cannot write \/not\/there\/x\.tar: open \/not\/there\/x\.tar: no such file/,
    );
  });

  test('of a running container leaves its mounts out', async () => {
    await startScript(['--name', 'running', '-v', 'running:/volume'], 'sleep 600');
    await tspodOk(['exec', 'running', 'sh', '-c', 'touch /volume/in /out']);
    const names = await shell('"$@" export running | tar t');
    assert.match(names, /^out$/m);
    assert.doesNotMatch(names, /volume\/in|^proc\/1/m);
  });
});

describe('init', () => {
  test('prepares a container that start then only starts', async () => {
    await tspodOk(['create', '--name', 'ready', '--network', 'none', BUSYBOX, 'echo', 'started']);
    await tspodOk(['init', 'ready']);
    assert.match(
      await tspodOk(['inspect', '-f', '{{.State.Pid}} {{.State.Status}}', 'ready']),
      /^[1-9]\d* initialized$/,
    );
    const again = await tspod(['init', 'ready']);
    assert.equal(again.code, 125);
    assert.match(again.stderr, /has already been created in runtime: container state improper/);
    assert.equal(await tspodOk(['start', '-a', 'ready']), 'started');
  });

  test('refuses a container that runs, unless all are meant', async () => {
    await startScript(['--name', 'runs'], 'sleep 600');
    const { code, stderr } = await tspod(['init', 'runs']);
    assert.equal(code, 125);
    assert.match(stderr, /container state improper/);
    await tspodOk(['init', '--all']);
    await tspodOk(['rm', '-f', '-t', '0', 'runs']);
  });
});

describe('update', () => {
  test('changes the limits of a running container at once', { skip: requires('root') }, async () => {
    await startScript(['--name', 'limited', '--pids-limit', '100', '-m', '100m'], 'sleep 600');
    await tspodOk(['update', '--memory', '64m', '--pids-limit', '50', '--cpus', '0.5', 'limited']);
    const limits = async (): Promise<string> =>
      await tspodOk([
        ...['exec', 'limited', 'sh', '-c'],
        'cd /sys/fs/cgroup; cat memory.max memory/memory.limit_in_bytes pids.max pids/pids.max cpu.max cpu/cpu.cfs_quota_us 2>/dev/null || true',
      ]);
    assert.match(await limits(), /^67108864\n50\n50000( 100000)?$/);
    await tspodOk(['update', '--pids-limit', '-1', 'limited']);
    assert.match(await limits(), /^67108864\nmax\n50000/);
    await tspodOk(['restart', '-t', '0', 'limited']);
    assert.match(await limits(), /^67108864\nmax\n50000/);
    assert.equal(await tspodOk(['inspect', '-f', '{{.HostConfig.Memory}}', 'limited']), '67108864');
  });

  test('changes environment and restart policy for later', async () => {
    await startScript(['--name', 'later', '-e', 'GONE=1', '-e', 'KEPT=2'], 'sleep 600');
    await tspodOk(['update', '-e', 'NEW=3', '--unsetenv', 'GONE', '--restart', 'on-failure:2', 'later']);
    await tspodOk(['restart', '-t', '0', 'later']);
    assert.equal(await tspodOk(['exec', 'later', 'sh', '-c', 'echo $GONE-$KEPT-$NEW']), '-2-3');
    assert.equal(
      await tspodOk([
        'inspect',
        '-f',
        '{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}',
        'later',
      ]),
      'on-failure 2',
    );
  });

  test('refuses by cause', async () => {
    await tspodOk(['create', '--rm', '--name', 'once', '--network', 'none', BUSYBOX, 'true']);
    for (const [args, cause] of [
      [[], /there is nothing to change/],
      [['--restart', 'sometimes'], /not a valid restart policy/],
      [['--restart', 'always'], /removes itself at its end/],
      [['--memory-swap', '5m'], isRoot() ? /always set a memory limit/ : /memory limit|no cgroup/],
    ] as const) {
      const { code, stderr } = await tspod(['update', ...args, 'once']);
      assert.equal(code, 125);
      assert.match(stderr, cause);
    }
  });
});

describe('volume export and import', () => {
  test('carry the contents of a volume with owners and modes', async () => {
    await tspodOk(['volume', 'create', 'source']);
    await tspodOk([
      ...['run', '--rm', '--network', 'none', '-v', 'source:/v', BUSYBOX, 'sh', '-c'],
      'echo data > /v/file; chown 5:6 /v/file; chmod 600 /v/file; ln -s file /v/link',
    ]);
    const file = join(testRoot().base, 'volume.tar');
    await tspodOk(['volume', 'export', '-o', file, 'source']);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    await tspodOk(['volume', 'create', 'target']);
    await shell(`gzip -c ${file} | "$@" volume import target -`);
    const found = ['run', '--rm', '--network', 'none', '-v', 'target:/v', BUSYBOX, 'sh', '-c'];
    assert.equal(await tspodOk([...found, 'cat /v/link; stat -c "%u %g %a" /v/file']), 'data\n5 6 600');
  });

  test('mount prints the directory of a volume', async () => {
    await tspodOk(['volume', 'create', 'place']);
    assert.equal(
      await tspodOk(['volume', 'mount', 'place']),
      await tspodOk(['volume', 'inspect', '-f', '{{.Mountpoint}}', 'place']),
    );
    assert.equal(await tspodOk(['volume', 'unmount', 'place']), 'place');
    assert.equal((await tspod(['volume', 'export', 'nothing'])).code, 125);
  });
});

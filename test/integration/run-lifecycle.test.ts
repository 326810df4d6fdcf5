import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import {
  exists,
  freshName,
  inContainer,
  runScript,
  startScript,
  startSleeper,
  statusOf,
  waitForStatus,
} from '../fixtures/containers.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { spawnTspod } from '../fixtures/harness-spawn.ts';
import { testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { waitFor } from '../fixtures/wait-for.ts';

describe('files about a container', () => {
  it('hold its id and its pid', async () => {
    const cidFile = join(testRoot().base, 'cid');
    const pidFile = join(testRoot().base, 'pid');
    const name = await startScript(['--cidfile', cidFile, '--pidfile', pidFile], 'exec sleep 27182');
    const id = await tspodOk(['ps', '-q', '--no-trunc', '--filter', `name=${name}`]);
    assert.equal(readFileSync(cidFile, 'utf8'), id);
    const pid = readFileSync(pidFile, 'utf8');
    assert.match(readFileSync(`/proc/${pid}/cmdline`, 'latin1'), /sleep\x0027182/);
    const again = await runScript(['--cidfile', cidFile], 'true');
    assert.equal(again.code, 125);
    assert.ok(again.stderr.includes(cidFile));
    await tspodOk(['stop', '-t', '0', '--cidfile', cidFile]);
    await tspodOk(['rm', '--cidfile', cidFile]);
    assert.equal(await exists(name), false);
  });

  it('are written before the container runs', async () => {
    const cidFile = join(testRoot().base, 'cid-create');
    const id = await tspodOk([
      'create',
      '--cidfile',
      cidFile,
      '--network',
      'none',
      await busyboxImage(),
      'true',
    ]);
    assert.equal(readFileSync(cidFile, 'utf8'), id);
  });
});

describe('--rm', () => {
  it('leaves no container, attached or not', async () => {
    const attached = freshName();
    await runScript(['--name', attached], 'true');
    assert.equal(await exists(attached), false);
    const detached = await startScript(['--rm'], 'exit 3');
    await waitFor('the container to go', async () => !(await exists(detached)));
  });

  it('goes with stop and with kill', async () => {
    for (const command of [['stop', '-t', '0'], ['kill']]) {
      const name = await startSleeper(['--rm']);
      await tspodOk([...command, name]);
      await waitFor('the container to go', async () => !(await exists(name)));
    }
  });

  it('does not go with a restart policy', async () => {
    const result = await runScript(['--restart', 'always'], 'true');
    assert.equal(result.code, 125);
    assert.match(result.stderr, /--rm.*--restart/);
  });

  it('takes the image too with --rmi', async () => {
    await tspodOk(['tag', await busyboxImage(), 'localhost/to-go:1']);
    await tspodOk(['run', '--rmi', '--network', 'none', 'localhost/to-go:1', 'true']);
    assert.equal((await tspod(['image', 'exists', 'localhost/to-go:1'])).code, 1);
    await tspodOk(['tag', await busyboxImage(), 'localhost/to-go:2']);
    await tspodOk(['run', '-d', '--rmi', '--network', 'none', 'localhost/to-go:2', 'true']);
    await waitFor('the image to go', async () => {
      const { code } = await tspod(['image', 'exists', 'localhost/to-go:2']);
      return code === 1;
    });
  });
});

describe('--replace', () => {
  it('takes the place of a container that runs', async () => {
    const name = await startSleeper();
    const before = await tspodOk(['ps', '-q', '--filter', `name=${name}`]);
    await startScript(['--name', name, '--replace'], 'sleep 3600');
    const after = await tspodOk(['ps', '-q', '--filter', `name=${name}`]);
    assert.notEqual(after, before);
    assert.match(after, /^[0-9a-f]{12}$/);
  });

  it('needs a name', async () => {
    const result = await runScript(['--replace'], 'true');
    assert.equal(result.code, 125);
    assert.match(result.stderr, /name/);
  });
});

describe('--restart', () => {
  it('starts it again after a failure, so often and no more', async () => {
    const name = await startScript(
      ['--restart', 'on-failure:2', '-v', '/count'],
      'echo x >> /count/n; exit 1',
    );
    await waitFor('the last failure', async () => {
      const line = await tspodOk([
        'ps',
        '-a',
        '--filter',
        `name=${name}`,
        '--format',
        '{{.Status}} {{.Restarts}}',
      ]);
      return /^Exited \(1\).* 2$/.test(line);
    });
  });

  it('leaves alone what succeeded, with on-failure', async () => {
    const name = await startScript(['--restart', 'on-failure'], 'exit 0');
    await waitForStatus(name, /^Exited \(0\)/);
    assert.equal(await tspodOk(['ps', '-a', '--filter', `name=${name}`, '--format', '{{.Restarts}}']), '0');
  });

  it('starts it again always, until the user stops it', async () => {
    const name = await startScript(
      ['--restart', 'always', '-v', '/count'],
      'echo x >> /count/n; wc -l < /count/n; [ $(wc -l < /count/n) -lt 3 ] && exit 0; exec sleep 3600',
    );
    await waitFor('the third run', async () => /\b3\b/.test(await tspodOk(['logs', name])));
    await tspodOk(['stop', '-t', '0', name]);
    assert.match(await statusOf(name), /^Exited \(137\)/);
    // Had it been going to come back, the first delay is 100 ms: look until a later event of another container has happened.
    await runScript([], 'sleep 1');
    assert.match(await statusOf(name), /^Exited \(137\)/);
  });

  it('is refused when it means nothing', async () => {
    for (const policy of ['sometimes', 'on-failure:x', 'always:3']) {
      const result = await tspod(['create', '--restart', policy, await busyboxImage()]);
      assert.equal(result.code, 125, policy);
    }
  });
});

describe('the end of a container', () => {
  it('comes by the stop signal of its own', async () => {
    const name = await startScript(
      ['--stop-signal', 'USR1'],
      'trap "exit 21" USR1; trap "exit 22" TERM; echo ready; while :; do sleep 0.1; done',
    );
    await waitFor('the trap', async () => (await tspodOk(['logs', name])).includes('ready'));
    await tspodOk(['stop', name]);
    assert.match(await statusOf(name), /^Exited \(21\)/);
    const bad = await runScript(['--stop-signal', 'SIGNONSENSE'], 'true');
    assert.equal(bad.code, 125);
    assert.match(bad.stderr, /SIGNONSENSE/);
  });

  it('comes by force after its stop timeout', async () => {
    const name = await startScript(['--stop-timeout', '1'], 'trap "" TERM; sleep 3600');
    await tspodOk(['stop', name]);
    assert.match(await statusOf(name), /^Exited \(137\)/);
  });

  it('comes by --timeout', async () => {
    const result = await runScript(['--timeout', '1'], 'sleep 3600');
    // Not 137: that it ran out of time is no end of its own (podman says the same).
    assert.equal(result.code, 255);
  });

  it('comes with the signals that run gets, unless --sig-proxy=false', async () => {
    const name = freshName();
    const session = spawnTspod([
      'run',
      '--name',
      name,
      '--sig-proxy=false',
      '--network',
      'none',
      await busyboxImage(),
      'sh',
      '-c',
      'trap "exit 9" TERM; echo ready; while :; do sleep 0.1; done',
    ]);
    await session.expect('ready');
    session.kill('SIGTERM');
    await session.exit;
    assert.match(await statusOf(name), /^Up/);
  });
});

describe('the log driver', () => {
  for (const driver of ['k8s-file', 'json-file']) {
    it(`${driver} writes where --log-opt says, and logs reads it`, async () => {
      const path = join(testRoot().base, `${driver}.log`);
      const name = await startScript(
        ['--log-driver', driver, '--log-opt', `path=${path}`],
        'echo to stdout; echo to stderr >&2',
      );
      await waitForStatus(name, /^Exited/);
      const text = readFileSync(path, 'utf8');
      if (driver === 'json-file') assert.equal(JSON.parse(text.split('\n')[0] ?? '').log, 'to stdout\n');
      else assert.match(text, /^\S+ stdout F to stdout\n/m);
      const logs = await tspod(['logs', name]);
      assert.equal(logs.stdout, 'to stdout\n');
      assert.equal(logs.stderr, 'to stderr\n');
    });
  }

  it('none keeps nothing, and the output is there all the same', async () => {
    const name = freshName();
    const result = await tspod([
      'run',
      '--name',
      name,
      '--log-driver',
      'none',
      '--network',
      'none',
      await busyboxImage(),
      'echo',
      'seen',
    ]);
    assert.equal(result.stdout, 'seen\n');
    const logs = await tspod(['logs', name]);
    assert.equal(logs.code, 125);
    assert.match(logs.stderr, /none/);
  });

  it('passthrough gives the container the streams of run', async () => {
    const result = await runScript(['--log-driver', 'passthrough'], 'echo out; echo err >&2');
    assert.equal(result.code, 0, result.stderr);
    assert.equal(result.stdout, 'out\n');
    assert.equal(result.stderr, 'err\n');
  });

  it('keeps no more than max-size', async () => {
    const path = join(testRoot().base, 'small.log');
    const name = await startScript(
      ['--log-opt', 'max-size=10k', '--log-opt', `path=${path}`],
      'i=0; while [ $i -lt 2000 ]; do echo "line $i"; i=$((i+1)); done',
    );
    await waitForStatus(name, /^Exited/);
    assert.ok(readFileSync(path).length <= 10_240, `${readFileSync(path).length} bytes`);
    assert.ok(existsSync(path));
    assert.match(await tspodOk(['logs', '--tail', '1', name]), /line 1999/);
  });

  it('is refused by name when there is none such', async () => {
    for (const flags of [
      ['--log-driver', 'pigeon'],
      ['--log-opt', 'pigeon=1'],
      ['--log-opt', 'max-size=big'],
    ]) {
      const result = await runScript(flags, 'true');
      assert.equal(result.code, 125, flags.join(' '));
    }
  });
});

describe('names of containers', () => {
  it('are made up when none is given, and must be proper', async () => {
    const id = await tspodOk(['create', '--network', 'none', await busyboxImage(), 'true']);
    assert.match(
      await tspodOk(['ps', '-a', '--filter', `id=${id}`, '--format', '{{.Names}}']),
      /^[a-z]+_[a-z]+$/,
    );
    for (const name of ['-x', 'a/b', 'ü', '.hidden']) {
      const result = await runScript([`--name=${name}`], 'true');
      assert.equal(result.code, 125, name);
    }
  });

  it('are known inside as the host name is not', async () => {
    const name = freshName();
    assert.match(await inContainer(['--name', name], 'hostname'), /^[0-9a-f]{12}$/);
  });
});

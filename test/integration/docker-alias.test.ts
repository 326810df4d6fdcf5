import assert from 'node:assert/strict';
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import {
  type RunResult,
  rootArguments,
  runProgram,
  testEnvironment,
  testRoot,
  TSPOD,
} from '../fixtures/harness.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { waitFor } from '../fixtures/wait-for.ts';

const IMAGE = 'alias-app:1';
let program = '';

/** The program by the name `docker`, as a symbolic link makes it. */
function docker(...args: string[]): Promise<RunResult> {
  return runProgram(program, [...rootArguments(testRoot()), ...args], { env: testEnvironment() });
}

async function ok(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await docker(...args);
  assert.equal(code, 0, `docker ${args.join(' ')}: ${stderr}`);
  return stdout.replace(/\n$/, '');
}

function lines(text: string): string[] {
  return text.split('\n');
}

before(async () => {
  const folder = join(testRoot().base, 'bin');
  mkdirSync(folder, { recursive: true });
  program = join(folder, 'docker');
  symlinkSync(TSPOD, program);
  await ok('tag', await busyboxImage(), IMAGE);
  await ok(
    ...['run', '-d', '--name', 'web', '--network', 'none', '-v', 'data:/data', '-l', 'tier=front', IMAGE],
    ...['sh', '-c', 'trap "exit 0" TERM; echo ready; while :; do sleep 3600 & wait; done'],
  );
});

test('called as docker, -D and --debug tell what goes on', async () => {
  const make = ['create', '--replace', '--name', 'told', '--network', 'none', IMAGE, 'true'];
  await ok(...make);
  assert.equal((await docker(...make)).stderr, '');
  for (const flag of ['-D', '--debug'])
    assert.match((await docker(flag, ...make)).stderr, /level=debug msg="replacing container [0-9a-f]{64}"/);
  await ok('rm', 'told');
});

describe('called as docker, lists', () => {
  test('have tables with docker headers and gaps of three', async () => {
    const [heading, row] = lines(await ok('ps'));
    assert.match(
      heading ?? '',
      /^CONTAINER ID {3}IMAGE {9}COMMAND {3,}CREATED {3,}STATUS {3,}PORTS {5}NAMES$/,
    );
    assert.match(row ?? '', /^[0-9a-f]{12} {3}alias-app:1 {3}"sh -c 'trap \\"exit 0…" {3}/);
    assert.match(await ok('images'), /^REPOSITORY {10}TAG {7}IMAGE ID {7}CREATED +SIZE\n/);
    assert.match(await ok('volume', 'ls'), /^DRIVER {4}VOLUME NAME\nlocal {5}data$/);
    assert.match(await ok('network', 'ls'), /^NETWORK ID {5}NAME {6}DRIVER {4}SCOPE\n/);
  });

  test('print one object of JSON a line, by --format json as by a template', async () => {
    for (const format of ['json', '{{json .}}']) {
      for (const list of [['ps', '-a'], ['images'], ['volume', 'ls'], ['network', 'ls'], ['system', 'df']]) {
        for (const line of lines(await ok(...list, '--format', format))) {
          const row = JSON.parse(line) as Record<string, unknown>;
          assert.ok(
            Object.values(row).every((value) => typeof value === 'string'),
            `${list.join(' ')}: ${line}`,
          );
        }
      }
    }
  });

  test('take blanks in a table format as they are', async () => {
    assert.equal(await ok('ps', '--format', 'table {{.Names}} {{.State}}'), 'NAMES STATE\nweb running');
  });
});

describe('called as docker, inspect', () => {
  test('shows the document of docker', async () => {
    const [web] = JSON.parse(await ok('inspect', 'web')) as Record<string, unknown>[];
    assert.equal(web?.['Name'], '/web');
    assert.match(String(web?.['Image']), /^sha256:[0-9a-f]{64}$/);
    assert.equal(web?.['ImageName'], undefined);
    assert.match(await ok('inspect', 'web'), /^\[\n {4}\{\n {8}"Id"/);
    assert.equal(
      await ok('container', 'inspect', '-f', '{{.Name}} {{.State.Status}}', '/web'),
      '/web running',
    );
    assert.equal(await ok('inspect', '-f', '{{index .Config.Labels "tier"}}', 'web'), 'front');
  });

  test('does so for images, volumes and networks', async () => {
    assert.match(await ok('inspect', '-f', '{{.Id}} {{json .RepoTags}}', IMAGE), /^sha256:.*"alias-app:1"/);
    const [volume] = JSON.parse(await ok('volume', 'inspect', 'data')) as object[];
    assert.deepEqual(Object.keys(volume ?? {}).sort(), [
      ...['CreatedAt', 'Driver', 'Labels', 'Mountpoint', 'Name', 'Options', 'Scope'],
    ]);
    assert.match(await ok('volume', 'inspect', '-f', '{{.CreatedAt}}', 'data'), /^[\d-]+T[\d:]{8}Z$/);
    assert.equal(
      await ok('network', 'inspect', '-f', '{{.Name}} {{.IPAM.Driver}}', 'bridge'),
      'bridge default',
    );
  });
});

describe('called as docker, what is not there', () => {
  const cases: [string[], RegExp][] = [
    [['inspect', 'nowhere'], /No such object: nowhere/],
    [['logs', 'nowhere'], /No such container: nowhere/],
    [['exec', 'nowhere', 'ls'], /No such container: nowhere/],
    [['start', 'nowhere'], /No such container: nowhere/],
    [['rm', 'nowhere'], /No such container: nowhere/],
    [['rmi', 'nowhere'], /No such image: nowhere:latest/],
    [['tag', 'localhost:5000/nowhere', 'x'], /No such image: localhost:5000\/nowhere:latest/],
    [['volume', 'inspect', 'nowhere'], /get nowhere: no such volume/],
    [['network', 'rm', 'nowhere'], /network nowhere not found/],
  ];
  for (const [args, message] of cases) {
    test(`${args.join(' ')} says it in the words of docker and ends with 1`, async () => {
      const { code, stderr } = await docker(...args);
      assert.match(stderr, message);
      assert.equal(code, 1);
    });
  }

  test('is told by rm -f, which ends with 0', async () => {
    const { code, stderr } = await docker('rm', '-f', 'nowhere');
    assert.match(stderr, /No such container: nowhere/);
    assert.equal(code, 0);
  });
});

describe('called as docker, exit codes', () => {
  const cases: [string[], number][] = [
    [['frobnicate'], 1],
    [['ps', '--frobnicate'], 125],
    [['ps', '--fromat', 'json'], 125],
    [['ps', '--last', 'x'], 125],
    [['run', '--use-api-socket', IMAGE], 125],
    [['run'], 1],
    // No terminal: docker's client has asked nothing of the engine yet.
    [['run', '-it', '--rm', IMAGE, 'true'], 1],
    [['ps', 'surplus'], 1],
    [['rm', 'web'], 1],
    [['volume', 'rm', 'data'], 1],
    [['run', '--network', 'nowhere', IMAGE], 125],
    [['run', '--rm', '--network', 'none', IMAGE, 'sh', '-c', 'exit 7'], 7],
    [['run', '--rm', '--network', 'none', IMAGE, 'nowhere'], 127],
    [['run', '--rm', '--network', 'none', '-u', 'nobody-there', IMAGE, 'true'], 125],
    [['run', '--rm', '--network', 'none', '-w', '/made/for/this', IMAGE, 'true'], 0],
    [['exec', 'web', 'nowhere'], 127],
    [['exec', 'web', 'sh', '-c', 'exit 125'], 125],
  ];
  for (const [args, expected] of cases) {
    test(`${args.join(' ')} ends with ${expected}`, async () => {
      const { code, stderr } = await docker(...args);
      assert.equal(code, expected, stderr);
    });
  }
});

describe('called as docker', () => {
  test('hints name the program that was called', async () => {
    await ok('create', '--name', 'idle', '--network', 'none', IMAGE);
    const { stderr } = await docker('exec', 'idle', 'ls');
    assert.match(stderr, /is not running\nstart it first: docker start idle/);
    await ok('rm', 'idle');
  });

  test('a directory that -v names is made, one that --mount names is not', async () => {
    const folder = join(testRoot().base, 'made/by/run');
    await ok('run', '--rm', '--network', 'none', '-v', `${folder}:/x`, IMAGE, 'touch', '/x/file');
    assert.ok(existsSync(join(folder, 'file')));
    const missing = join(testRoot().base, 'missing');
    const mount = ['--mount', `type=bind,source=${missing},target=/x`];
    const { code, stderr } = await docker('run', '--rm', '--network', 'none', ...mount, IMAGE, 'true');
    assert.equal(code, 125);
    assert.match(
      stderr,
      /invalid mount config for type "bind": bind source path does not exist: .*\/missing\n/,
    );
    assert.equal(existsSync(missing), false);
  });

  test('a port that is empty is refused', async () => {
    const { code, stderr } = await docker('run', '--rm', '-p', '', IMAGE, 'true');
    assert.equal(code, 125);
    assert.equal(stderr.split('\n')[0], 'Error: no port specified: <empty>');
  });

  test('a long option behind one dash is recognised', async () => {
    const { code, stderr } = await docker('run', '-rm', IMAGE, 'true');
    assert.equal(code, 125);
    assert.match(stderr, /unknown shorthand flag: 'r' in -rm\nDid you mean --rm\?/);
  });

  test('members of a network are a map to templates', async () => {
    await ok('network', 'create', '--attachable', 'back');
    assert.equal(await ok('network', 'inspect', '-f', '{{.Attachable}}', 'back'), 'true');
    assert.equal(await ok('network', 'inspect', '-f', '{{.Attachable}}', 'bridge'), 'false');
    assert.equal(await ok('network', 'inspect', '-f', '{{range .Containers}}{{.Name}}{{end}}', 'back'), '');
    assert.equal(await ok('network', 'inspect', '-f', '{{len .Containers}}', 'back'), '0');
    await ok('network', 'rm', 'back');
  });

  test('images are untagged by the names that docker shows', async () => {
    await ok('tag', IMAGE, 'alias-app:2');
    assert.equal(await ok('rmi', 'alias-app:2'), 'Untagged: alias-app:2');
  });

  test('ports of a stopped container are not shown', async () => {
    await ok('create', '--name', 'closed', '-p', '127.0.0.1::80', IMAGE);
    assert.equal(await ok('ps', '-a', '-f', 'name=closed', '--format', '{{.Ports}}'), '');
    await ok('rm', 'closed');
  });

  test('version tells the API that the service speaks', async () => {
    const { Client = {}, Server = {} } = JSON.parse(await ok('version', '--format', 'json')) as Record<
      string,
      Record<string, unknown>
    >;
    assert.equal(await ok('version', '-f', '{{.Server.APIVersion}}'), Server['ApiVersion']);
    assert.equal(Client['Context'], 'default');
    assert.match(await ok('--version'), /^Docker version \d/);
    assert.equal(await ok('info', '-f', '{{.ServerVersion}}'), Server['Version']);
  });

  test('a day goes by: run, exec, cp, logs, stop, start, rm', async () => {
    await waitFor('the log', async () => (await ok('logs', 'web')) === 'ready');
    assert.equal(await ok('exec', 'web', 'sh', '-c', 'echo kept > /data/file; cat /data/file'), 'kept');
    await ok('cp', 'web:/data/file', join(testRoot().base, 'copied'));
    assert.equal(await ok('stop', 'web'), 'web');
    assert.match(await ok('ps', '-a', '-f', 'name=web', '--format', '{{.Status}}'), /^Exited \(0\) .* ago$/);
    assert.equal(await ok('start', 'web'), 'web');
    assert.equal(
      await ok('wait', await ok('run', '-d', '--network', 'none', IMAGE, 'sh', '-c', 'exit 3')),
      '3',
    );
    assert.match(
      await ok('container', 'prune', '-f'),
      /^Deleted Containers:\n[0-9a-f]{64}\n\nTotal reclaimed space: /,
    );
  });
});

test('by an alias, as tspod, words, codes and documents stay those of podman', async () => {
  const plain = (...args: string[]) =>
    runProgram(TSPOD, [...rootArguments(testRoot()), ...args], { env: testEnvironment() });
  assert.equal((await plain('logs', 'nowhere')).code, 125);
  assert.match((await plain('logs', 'nowhere')).stderr, /no container with name or ID "nowhere" found/);
  assert.equal((await plain('rm', 'web')).code, 2);
  assert.equal((await plain('inspect', '-f', '{{.Name}}', 'web')).stdout, 'web\n');
});

describe('called as docker, names that docker changed', () => {
  test('are those that help shows, and the older ones go on working', async () => {
    for (const verb of ['stop', 'restart']) {
      const help = await ok(verb, '--help');
      assert.match(help, /-t, --timeout seconds/);
      assert.doesNotMatch(help, /-t, --time /);
    }
    // Ignores the stop signal: without --timeout it would be there for ten seconds.
    const stubborn = [
      '--network',
      'none',
      '--stop-timeout',
      '600',
      IMAGE,
      'sh',
      '-c',
      'trap "" TERM; sleep 1000',
    ];
    for (const option of ['--timeout', '--time', '-t']) {
      await ok('run', '-d', '--name', 'stubborn', ...stubborn);
      const before = await ok('inspect', '--format', '{{.State.Pid}}', 'stubborn');
      await ok('restart', option, '0', 'stubborn');
      assert.notEqual(await ok('inspect', '--format', '{{.State.Pid}}', 'stubborn'), before);
      await ok('stop', option, '0', 'stubborn');
      assert.equal(await ok('inspect', '--format', '{{.State.ExitCode}}', 'stubborn'), '137');
      await ok('rm', 'stubborn');
    }
  });

  test('attachable networks are made, and containers join them', async () => {
    await ok('network', 'create', '--attachable', 'open');
    await ok('run', '--rm', '--network', 'open', IMAGE, 'true');
    await ok('network', 'rm', 'open');
  });
});

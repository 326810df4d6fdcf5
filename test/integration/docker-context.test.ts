import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import {
  rootArguments,
  runProgram,
  TSPOD,
  testEnvironment,
  testRoot,
  tspod,
  tspodOk,
} from '../fixtures/harness.ts';
import { programPath, requires } from '../fixtures/requires.ts';

const directory = () => join(testRoot().base, 'docker');
const env = () => ({ DOCKER_CONFIG: directory(), DOCKER_CONTEXT: undefined, DOCKER_HOST: undefined });
const ok = (...args: string[]) => tspodOk(args, { env: env() });
/** By a symbolic link of that name. */
const asDocker = (...args: string[]) => {
  const program = join(testRoot().base, 'docker-alias/docker');
  if (!existsSync(program)) {
    mkdirSync(dirname(program));
    symlinkSync(TSPOD, program);
  }
  const line = [...rootArguments(testRoot()), ...args];
  return runProgram(program, line, { env: testEnvironment({ env: env() }) });
};

const NOTHING = { code: 0, signal: null, stdout: '', stderr: '' };

describe('context', () => {
  test('default is this machine', async () => {
    assert.equal(await ok('context', 'show'), 'default');
    assert.match(await ok('context', 'ls'), /^default \* .*unix:\/\//m);
    assert.match(await ok('context', 'inspect', '-f', '{{.Endpoints.docker.Host}}'), /^unix:\/\/\//);
    assert.equal(await ok('context', 'use', 'default'), 'default');
    assert.equal(existsSync(join(directory(), 'config.json')), false);
    assert.match((await tspod(['context', 'use', 'other'], { env: env() })).stderr, /"other" does not exist/);
  });

  test('others are kept, changed, exported and imported', async () => {
    const key = join(testRoot().base, 'ca.pem');
    writeFileSync(key, 'certificate');
    const address = 'tcp://192.0.2.9:2376';
    assert.equal(
      await ok(
        'context',
        'create',
        'far',
        '--description',
        'far away',
        '--docker',
        `host=${address},ca=${key}`,
      ),
      'far',
    );
    assert.match(await ok('context', 'ls'), /^far +far away +tcp:\/\/192\.0\.2\.9:2376/m);
    assert.match((await tspod(['context', 'create', 'far'], { env: env() })).stderr, /already exists/);
    assert.match((await tspod(['context', 'create', 'default'], { env: env() })).stderr, /reserved/);
    await ok('context', 'update', 'far', '--description', 'farther');
    const file = join(testRoot().base, 'far.dockercontext');
    await ok('context', 'export', 'far', file);
    await ok('context', 'import', 'copy', file);
    const [document] = JSON.parse(await ok('context', 'inspect', 'copy')) as {
      Metadata: object;
      Endpoints: { docker: object };
      TLSMaterial: object;
      Storage: { TLSPath: string };
    }[];
    assert.deepEqual(document?.Metadata, { Description: 'farther' });
    assert.deepEqual(document?.Endpoints.docker, { Host: address, SkipTLSVerify: false });
    assert.deepEqual(document?.TLSMaterial, { docker: ['ca.pem'] });
    assert.equal(readFileSync(join(document.Storage.TLSPath, 'docker/ca.pem'), 'utf8'), 'certificate');
    assert.equal(await ok('context', 'rm', 'copy'), 'copy');
  });

  test("are those of docker's client", { skip: requires('docker') }, async () => {
    await ok('context', 'create', 'shared', '--docker', 'host=tcp://192.0.2.8:2375');
    const docker = async (...args: string[]) => {
      const environment = {
        PATH: process.env['PATH'] ?? '',
        HOME: testRoot().base,
        DOCKER_CONFIG: directory(),
      };
      const done = await runProgram(programPath('docker'), args, { env: environment });
      assert.equal(done.code, 0, done.stderr);
      return done.stdout;
    };
    assert.match(await docker('context', 'inspect', 'shared'), /192\.0\.2\.8:2375/);
    await docker('context', 'create', 'theirs', '--docker', 'host=tcp://192.0.2.7:2375');
    assert.match(await ok('context', 'ls', '-q'), /^theirs$/m);
    await docker('context', 'use', 'theirs');
    assert.equal(await ok('context', 'show'), 'theirs');
    const inUse = await tspod(['context', 'rm', 'theirs'], { env: env() });
    assert.match(inUse.stderr, /is in use, set -f flag to force remove/);
    await ok('context', 'rm', '-f', 'theirs');
    assert.equal(await ok('context', 'show'), 'default');
  });

  test('one that leads elsewhere is not used, one that leads here is', async () => {
    const address = await ok('context', 'inspect', '-f', '{{.Endpoints.docker.Host}}', 'default');
    await ok('context', 'create', 'elsewhere', '--docker', 'host=tcp://192.0.2.6:2375');
    await ok('context', 'create', 'here', '--docker', `host=${address}`);
    assert.deepEqual(await asDocker('ps', '-q'), NOTHING);
    for (const words of [
      ['--context', 'here', '-l', 'error'],
      ['-H', address],
      ['--host', address],
    ])
      assert.deepEqual(await asDocker(...words, 'ps', '-q'), NOTHING);
    for (const words of [
      ['--context', 'elsewhere'],
      ['-H', 'tcp://192.0.2.6:2375'],
      ['--host', 'tcp://192.0.2.6:2375'],
    ]) {
      const refused = await asDocker(...words, 'ps');
      assert.notEqual(refused.code, 0);
      assert.match(refused.stderr, /192\.0\.2\.6:2375 is another daemon/);
    }
    // podman's words for the same.
    assert.equal(await ok('--remote', '--url', address, 'ps', '-q'), '');
    const other = await tspod(['--url', 'ssh://core@192.0.2.6/run/podman.sock', 'ps'], { env: env() });
    assert.equal(other.code, 125);
    assert.match(other.stderr, /--url .* is another daemon/);
    assert.match((await tspod(['--connection', 'x', 'ps'])).stderr, /--connection is not supported/);
    await ok('context', 'use', 'elsewhere');
    assert.match((await asDocker('ps')).stderr, /context "elsewhere" is not supported/);
    assert.equal((await asDocker('context', 'use', 'default')).code, 0);
    assert.deepEqual(await asDocker('ps', '-q'), NOTHING);
    assert.match((await asDocker('--tlsverify', 'ps')).stderr, /--tlsverify is not supported/);
  });
});

import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { hostname, release } from 'node:os';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import {
  rootArguments,
  runProgram,
  testEnvironment,
  testRoot,
  tspod,
  tspodOk,
  TSPOD,
} from '../fixtures/harness.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';
import { isRoot } from '../fixtures/requires.ts';

before(async () => {
  await busyboxImage();
  await tspodOk(['run', '-d', '--network', 'none', BUSYBOX, 'sleep', '3600']);
  await tspodOk(['create', '--network', 'none', '-v', 'stock:/data', BUSYBOX, 'true']);
});

type Facts = Record<string, Record<string, unknown>>;

async function template(format: string): Promise<string> {
  return await tspodOk(['info', '--format', format]);
}

describe('info', () => {
  test('is YAML with the sections of podman', async () => {
    const lines = (await tspodOk(['info'])).split('\n');
    assert.deepEqual(
      lines.filter((line) => /^\S/.test(line)).map((line) => line.replace(/:.*/, '')),
      ['host', 'plugins', 'registries', 'store', 'version'],
    );
    assert.ok(lines.includes(`  graphRoot: ${testRoot().graphRoot}`));
  });

  test('as JSON tells the truth about host and stores', async () => {
    const info = JSON.parse(await tspodOk(['info', '--format', 'json'])) as { host: Facts; store: Facts };
    assert.equal(info.host['hostname'], hostname());
    assert.equal(info.host['kernel'], release());
    assert.equal(info.host['security']?.['rootless'], !isRoot());
    assert.equal(info.host['idMappings']?.['uidmap'] === null, isRoot());
    assert.deepEqual(info.store['containerStore'], { number: 2, paused: 0, running: 1, stopped: 1 });
    assert.deepEqual(info.store['imageStore'], { number: 1 });
    const runtime = info.host['ociRuntime'] ?? {};
    assert.match(String(runtime['path']), /^\//);
    assert.notEqual(runtime['reason'], '');
    assert.ok(Array.isArray(runtime['avoided']));
    assert.deepEqual(info.host['configFiles'], [join(testRoot().base, 'config/containers/containers.conf')]);
  });

  test('answers the templates of podman and of docker', async () => {
    assert.match(
      await template('{{.Host.CgroupManager}} {{.Store.GraphDriverName}}'),
      /^(cgroupfs|systemd) \w/,
    );
    assert.match(await template('{{.Host.RemoteSocket.Path}}'), /\.sock$/);
    assert.match(await template('{{.Host.OCIRuntime.Name}} {{.Host.OS}} {{.Host.CPUs}}'), /^\S+ linux \d+$/);
    assert.match(await template('{{.ServerVersion}} {{.OSType}} {{.ClientInfo.Version}}'), /^\S+ linux \S+$/);
    assert.match(
      await template('{{range .DriverStatus}}{{index . 0}}={{index . 1}};{{end}}'),
      /^([^=;]+=[^;]*;)*$/,
    );
    assert.equal(await template('{{.Containers}} {{.ContainersRunning}} {{.Images}}'), '2 1 1');
    assert.equal(await template('{{.Version.Version}}'), await template('{{.ServerVersion}}'));
    assert.equal(await template('{{json .Plugins.Volume}}'), '["local"]');
  });

  test('names the runtime that was asked for, and why', async () => {
    const reason = await tspodOk(['--runtime', 'runc', 'info', '--format', '{{.Host.OCIRuntime.Reason}}']);
    assert.equal(reason, 'asked for by --runtime');
  });

  test('called as docker prints the document of docker', async () => {
    const docker = join(testRoot().base, 'docker');
    symlinkSync(TSPOD, docker);
    const env = testEnvironment();
    const text = await runProgram(docker, [...rootArguments(testRoot()), 'info', '--format', 'json'], {
      env,
    });
    assert.equal(JSON.parse(text.stdout).OSType, 'linux');
    assert.equal(text.stdout.split('\n').length, 2);
    const plain = await runProgram(docker, [...rootArguments(testRoot()), 'info'], { env });
    assert.match(plain.stdout, /^Client:\n[\s\S]*\nServer:\n Containers: 2\n {2}Running: 1\n/);
  });
});

describe('system df', () => {
  test('sums up images, containers and volumes', async () => {
    const lines = (await tspodOk(['system', 'df'])).split('\n');
    assert.match(lines[0] ?? '', /^TYPE +TOTAL +ACTIVE +SIZE +RECLAIMABLE$/);
    assert.match(lines[1] ?? '', /^Images +1 +1 +[\d.]+MB +0B \(0%\)$/);
    assert.match(lines[2] ?? '', /^Containers +2 +1 +/);
    assert.match(lines[3] ?? '', /^Local Volumes +1 +1 +/);
  });

  test('as JSON has the members of podman', async () => {
    const [images] = JSON.parse(await tspodOk(['system', 'df', '--format', 'json'])) as Record<
      string,
      unknown
    >[];
    assert.deepEqual(
      Object.keys(images ?? {}),
      'Type Total Active RawSize RawReclaimable TotalCount Size Reclaimable'.split(' '),
    );
    assert.ok(Number(images?.['RawSize']) > 100_000);
  });

  test('--verbose shows each of them', async () => {
    const text = await tspodOk(['system', 'df', '-v']);
    assert.match(text, /Images space usage:\n\nREPOSITORY +TAG +IMAGE ID/);
    assert.match(text, /Containers space usage:\n\nCONTAINER ID +IMAGE +COMMAND/);
    assert.match(text, /Local Volumes space usage:\n\nVOLUME NAME +LINKS +SIZE\nstock +1 /);
    assert.equal((await tspod(['system', 'df', '-v', '--format', 'json'])).code, 125);
  });
});

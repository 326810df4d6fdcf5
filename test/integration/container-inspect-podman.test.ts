import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { runProgram, testRoot, tspodOk } from '../fixtures/harness.ts';
import { BUSYBOX, busyboxArchive, busyboxImage } from '../fixtures/harness-busybox.ts';
import { programPath, requires } from '../fixtures/requires.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const skip = requires('root', 'podman', 'runc');
const podmanFlags: string[] = [];

async function podman(...args: string[]): Promise<string> {
  const result = await runProgram(programPath('podman'), [...podmanFlags, ...args]);
  assert.equal(result.code, 0, result.stderr);
  return result.stdout.trim();
}

/** The same flags for both; what is compared is what a created container says of itself. */
const CASES: Record<string, string[]> = {
  plain: ['true'],
  'environment and labels': [
    '-e',
    'A=b',
    '--label',
    'x=y',
    '--label',
    'empty',
    'BUSYBOX',
    'sh',
    '-c',
    'true',
  ],
  'a user and a directory': ['--user', '1000:1000', '-w', '/tmp', 'BUSYBOX', 'true'],
  mounts: ['-v', '/tmp:/mnt:ro', '-v', 'stock:/data', '--tmpfs', '/scratch:size=1m', 'BUSYBOX', 'true'],
  limits: ['-m', '64m', '--cpus', '0.5', '--pids-limit', '100', '--cpuset-cpus', '0', 'BUSYBOX', 'true'],
  weights: [
    '-c',
    '512',
    '--memory-reservation',
    '32m',
    '-m',
    '64m',
    '--memory-swap',
    '128m',
    'BUSYBOX',
    'true',
  ],
  capabilities: ['--cap-add', 'NET_ADMIN', '--cap-drop', 'CHOWN', 'BUSYBOX', 'true'],
  'no capabilities': ['--cap-drop', 'ALL', 'BUSYBOX', 'true'],
  'a read-only root': ['--read-only', '--hostname', 'here', 'BUSYBOX', 'true'],
  'a terminal': ['-it', 'BUSYBOX', 'sh'],
  'namespaces of the host': ['--pid', 'host', '--ipc', 'host', '--uts', 'host', 'BUSYBOX', 'true'],
  stopping: ['--stop-signal', 'INT', '--stop-timeout', '3', '--restart', 'on-failure:2', 'BUSYBOX', 'true'],
  'names and groups': ['--add-host', 'a:1.2.3.4', '--group-add', '100', 'BUSYBOX', 'true'],
  'an entry point': ['--entrypoint', '["sh","-c"]', 'BUSYBOX', 'true'],
  security: ['--security-opt', 'no-new-privileges', '--oom-score-adj', '100', 'BUSYBOX', 'true'],
};

/** Members of 5.8 that podman 4.3 does not have, or writes in another type; what differs by nature; what it knows in addition. */
const NOT_COMPARED = [
  /^(Id|Created|Image|ImageDigest|StaticDir|OCIConfigPath|ConmonPidFile|PidFile|HostnamePath|HostsPath|ResolvConfPath)$/,
  /^(lockNumber|KubeExitCodePropagation|UseImageHosts|UseImageHostname|OCIRuntime)$/,
  /^(Driver|GraphDriver)/,
  /^State\.(OciVersion|Health)/,
  /^Config\.(Annotations|CreateCommand|Env|Hostname|StopSignal|Entrypoint|Health|ExposedPorts)/,
  /^HostConfig\.(Annotations|AutoRemoveImage|HostsFile|CapDrop|IpcMode|ShmSize|Ulimits)/,
  /^HostConfig\.(RestartPolicy\.Name|LogConfig\.Path|CgroupManager)$/,
  /^NetworkSettings\.(Networks|Ports)/,
  /^Mounts\.\d+\.Source$/,
];

describe('the document of container inspect', { skip }, () => {
  before(async () => {
    await busyboxImage();
    const base = join(testRoot().base, 'podman');
    mkdirSync(base);
    writeFileSync(join(base, 'storage.conf'), '[storage]\ndriver = "vfs"\n');
    podmanFlags.push('--root', join(base, 'root'), '--runroot', join(base, 'run'), '--storage-driver', 'vfs');
    podmanFlags.push('--runtime', 'runc', '--cgroup-manager', 'cgroupfs', '--log-level', 'error');
    await podman('import', busyboxArchive(), BUSYBOX);
  });

  for (const [name, flags] of Object.entries(CASES)) {
    test(`is podman's for ${name}`, async () => {
      const args = flags.map((flag) => (flag === 'BUSYBOX' ? BUSYBOX : flag));
      const command = flags.includes('BUSYBOX') ? args : [BUSYBOX, ...args];
      const container = `case-${Object.keys(CASES).indexOf(name)}`;
      const create = ['create', '--network', 'none', '--name', container, ...command];
      await podman(...create);
      await tspodOk(create);
      const theirs = flat((JSON.parse(await podman('inspect', container)) as Json[])[0] ?? null);
      const ours = flat((JSON.parse(await tspodOk(['inspect', container])) as Json[])[0] ?? null);
      const different = [...new Set([...theirs.keys(), ...ours.keys()])]
        .filter((path) => !NOT_COMPARED.some((pattern) => pattern.test(path)))
        .filter((path) => theirs.get(path) !== ours.get(path))
        .map((path) => `${path}: podman ${theirs.get(path)}, tspod ${ours.get(path)}`);
      assert.deepEqual(different, []);
    });
  }

  test('has all the members that podman has', async () => {
    const keys = async (text: Promise<string>): Promise<string[]> => {
      const [document] = JSON.parse(await text) as Record<string, Json>[];
      const { Config, HostConfig, NetworkSettings } = document as Record<string, Record<string, Json>>;
      return [document, Config, HostConfig, NetworkSettings].flatMap((part) => Object.keys(part ?? {}));
    };
    const ours = await keys(tspodOk(['inspect', 'case-0']));
    const missing = (await keys(podman('inspect', 'case-0'))).filter((key) => !ours.includes(key));
    assert.deepEqual(missing, []);
  });
});

/** Path → JSON text of the value, for values that are not objects or lists of objects. */
function flat(value: Json, path = '', into = new Map<string, string>()): Map<string, string> {
  if (Array.isArray(value) && value.some((item) => typeof item === 'object')) {
    const sorted = [...value].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
    for (const [index, item] of sorted.entries()) flat(item, `${path}.${index}`, into);
  } else if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    for (const [key, item] of Object.entries(value)) flat(item, path === '' ? key : `${path}.${key}`, into);
  } else into.set(path, JSON.stringify(value));
  return into;
}

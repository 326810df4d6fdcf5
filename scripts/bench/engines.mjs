import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TSPOD } from '../setup/checkout.mjs';
import { findProgram } from './machine.mjs';

/**
 * The two that are compared, each as { name, monitor, command(args), env }. Same OCI runtime, same cgroup manager, kernel overlay
 * on the same file system below `stores`, what does not survive a boot on the same tmpfs below `volatile`, the same network
 * backend.
 */
export function makeEngines({ stores, volatile, runtime }) {
  const common = [
    '--runtime',
    findProgram(runtime),
    '--cgroup-manager',
    'cgroupfs',
    '--storage-driver',
    'overlay',
  ];
  return {
    podman: makeEngine('podman', findProgram('podman'), 'conmon', { stores, volatile, common }),
    tspod: makeEngine('tspod', TSPOD, 'tspod-monitor', { stores, volatile, common }),
  };
}

function makeEngine(name, program, monitor, { stores, volatile, common }) {
  const base = join(volatile, name);
  const root = join(stores, name, 'root');
  mkdirSync(root, { recursive: true });
  for (const folder of ['run', 'tmp', 'networks']) mkdirSync(join(base, folder), { recursive: true });
  const configuration = join(base, 'containers.conf');
  writeFileSync(
    configuration,
    [
      '[containers]',
      `default_ulimits = [${allowedLimits().join(', ')}]`,
      '[engine]',
      'events_logger = "file"',
      '[network]',
      'network_backend = "netavark"',
      `network_config_dir = "${join(base, 'networks')}"`,
      '',
    ].join('\n'),
  );
  // podman keeps what must not survive a boot at a path of its own, whatever --runroot says.
  const roots = ['--root', root, '--runroot', join(base, 'run'), '--tmpdir', join(base, 'tmp')];
  return {
    name,
    monitor,
    base,
    env: { ...process.env, CONTAINERS_CONF: configuration },
    command: (args) => [program, ...roots, ...common, ...args],
  };
}

/** podman's own defaults are beyond what this user may set on some hosts, and then nothing of it would run. */
function allowedLimits() {
  const limits = readFileSync('/proc/self/limits', 'utf8');
  const hard = (name) => Number(new RegExp(`^${name}\\s+\\S+\\s+(\\d+)`, 'm').exec(limits)?.[1] ?? Infinity);
  return [
    ['nofile', Math.min(hard('Max open files'), 1_048_576)],
    ['nproc', Math.min(hard('Max processes'), 32_768)],
  ].map(([name, limit]) => `"${name}=${limit}:${limit}"`);
}

import { basename } from 'node:path';
import { InvalidSpecError } from '../base/errors.ts';
import { parseSignal } from '../base/signals.ts';
import { parseSize } from '../base/sizes.ts';
import type { MountSpec } from './container-spec.ts';
import type { CreateOptions } from './create-options.ts';
import { completeTmpfsOptions } from './mount-options.ts';

/** The signal by which systemd is asked to shut the machine down. */
export const SYSTEMD_STOP = parseSignal('SIGRTMIN+3');

const INIT_PROGRAMS = new Set(['/sbin/init', '/usr/sbin/init', '/usr/local/sbin/init']);

/** Whether the container is prepared for systemd as its first process: when it is, unless told otherwise. */
export function isSystemdMode(options: CreateOptions, args: readonly string[]): boolean {
  const systemd = options.systemd?.toLowerCase() ?? 'true';
  if (systemd === 'always') return true;
  if (systemd === 'false') return false;
  if (systemd !== 'true')
    throw new InvalidSpecError(
      `invalid --systemd ${JSON.stringify(options.systemd)}: must be true, false or always`,
    );
  const [program = ''] = args;
  return INIT_PROGRAMS.has(program) || basename(program) === 'systemd';
}

/** Where systemd keeps what ends with the boot; parents first. */
const IN_MEMORY = ['/run', '/run/lock', '/tmp', '/var/log/journal'];

/** None without systemd. `--shm-size-systemd` limits each of them; half of the memory otherwise. */
export function systemdMounts({ shmSizeSystemd }: CreateOptions, systemd: boolean): MountSpec[] {
  // Nonsense is refused even where it would have no effect.
  const size = shmSizeSystemd === undefined ? 0 : parseSize(shmSizeSystemd, '--shm-size-systemd');
  if (!systemd) return [];
  const options = size === 0 ? [] : [`size=${size}`];
  return IN_MEMORY.map((destination) => ({
    type: 'tmpfs',
    destination,
    ...completeTmpfsOptions(options),
  }));
}

import { resolve } from 'node:path';
import { InvalidSpecError } from '../base/errors.ts';
import { NAME_PATTERN } from '../base/ids.ts';
import { containerPath } from './container-path.ts';
import type { MountSpec } from './container-spec.ts';
import { completeMountOptions } from './mount-options.ts';
import type { SpecContext } from './spec-context.ts';

/** `-v [[HOST-DIR|VOLUME:]CONTAINER-DIR[:OPTIONS]]` */
export function parseVolumeFlag(
  text: string,
  context: Pick<SpecContext, 'cwd' | 'newVolumeName'>,
): MountSpec {
  const parts = text.split(':');
  if (parts.length > 3 || text === '')
    throw new InvalidSpecError(`incorrect volume format "${text}", should be [host-dir:]ctr-dir[:option]`);
  if (parts.length === 1) {
    return {
      type: 'volume',
      name: context.newVolumeName(),
      anonymous: true,
      destination: containerPath(text),
      options: completeMountOptions([], 'volume'),
    };
  }
  const [source = '', destination = '', options = ''] = parts;
  const words = options.split(',');
  if (source === '') throw new InvalidSpecError('host directory cannot be empty');
  if (isHostPath(source)) {
    const completed = completeMountOptions(words, 'bind');
    return {
      type: 'bind',
      source: resolve(context.cwd, source),
      destination: containerPath(destination),
      options: completed,
      recursive: completed.includes('rbind'),
    };
  }
  return {
    type: 'volume',
    name: volumeName(source),
    anonymous: false,
    destination: containerPath(destination),
    options: completeMountOptions(words, 'volume'),
  };
}

/** Everything else is the name of a volume. */
function isHostPath(source: string): boolean {
  return source.startsWith('/') || source.startsWith('.');
}

/** `--mount` takes a volume unless it is told otherwise. */
function hostPath(name: string): string {
  return name.startsWith('/') ? `--mount type=bind,src=${name}` : `./${name}`;
}

export function volumeName(name: string): string {
  if (!NAME_PATTERN.test(name))
    throw new InvalidSpecError(
      `invalid volume name "${name}": names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*`,
      name.includes('/') ? { hint: `a directory of the host is written ${hostPath(name)}` } : {},
    );
  return name;
}

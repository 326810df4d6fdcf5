import { InvalidSpecError } from '../base/errors.ts';
import type { QuadletFile, Section } from './quadlet-service.ts';
import { lastValue, valuesOf } from './unit-file.ts';

/** What the thing that a file stands for is called; other files refer to it by this. */
export function resourceName(file: QuadletFile): string {
  switch (file.name.slice(file.name.lastIndexOf('.') + 1)) {
    case 'container':
      return containerName(file);
    case 'image':
      return imageName(file);
    case 'build':
      return builtImageName(file);
    case 'pod':
      return podName(file);
    case 'network':
      return networkName(file);
    default:
      return volumeName(file);
  }
}

export function containerName(file: QuadletFile): string {
  return (
    lastValue(file.unit, 'Container', 'ContainerName') ??
    (file.name.includes('@') ? 'systemd-%p_%i' : 'systemd-%N')
  );
}

export function podName(file: QuadletFile): string {
  return named(file, 'Pod', 'PodName');
}

export function volumeName(file: QuadletFile): string {
  return named(file, 'Volume', 'VolumeName');
}

export function networkName(file: QuadletFile): string {
  return named(file, 'Network', 'NetworkName');
}

/** Each instance of a template has its own. */
function named(file: QuadletFile, section: Section, key: string): string {
  const [stem = '', instance] = file.name.slice(0, file.name.lastIndexOf('.')).split('@', 2);
  const usual = instance === undefined ? stem : `${stem}_${instance || '%i'}`;
  return lastValue(file.unit, section, key) ?? `systemd-${usual}`;
}

/** What containers call the image. */
export function imageName(file: QuadletFile): string {
  const name = lastValue(file.unit, 'Image', 'ImageTag') ?? lastValue(file.unit, 'Image', 'Image');
  if (name === undefined) throw new InvalidSpecError(`${file.path}: there is no Image= in [Image]`);
  return name;
}

/** The first of the names that a build gives its image. */
export function builtImageName(file: QuadletFile): string {
  const [name] = valuesOf(file.unit, 'Build', 'ImageTag');
  if (name === undefined) throw new InvalidSpecError(`${file.path}: there is no ImageTag= in [Build]`);
  return name;
}

import { dirname, join } from 'node:path';
import { InvalidSpecError } from '../base/errors.ts';
import { containerName, networkName, resourceName, volumeName } from './quadlet-names.ts';
import {
  need,
  needMount,
  type QuadletContext,
  type QuadletFile,
  type Section,
  serviceNameOf,
} from './quadlet-service.ts';
import type { UnitFile } from './unit-file.ts';
import { valuesOf } from './unit-file.ts';

/** A file whose service is made, and the service, which comes to wait for what its keys name. */
export interface QuadletUse {
  file: QuadletFile;
  service: UnitFile;
  context: QuadletContext;
}

const WEB = /^https?:\/\//;

/** Beside the Quadlet file, unless the path is absolute or begins with a specifier. */
export function besideFile(path: string, file: QuadletFile): string {
  return path.startsWith('/') || /^%[^%]/.test(path) || WEB.test(path)
    ? path
    : join(dirname(file.path), path);
}

/** The image of a file that pulls or builds it, or any other. */
export function imageSource(name: string, { file, service, context }: QuadletUse): string {
  return /\.(image|build)$/.test(name) ? resourceName(need(service, context, name, file)) : name;
}

export function networkWords(section: Section, use: QuadletUse): string[] {
  return valuesOf(use.file.unit, section, 'Network').map((text) => `--network=${networkOption(text, use)}`);
}

function networkOption(text: string, { file, service, context }: QuadletUse): string {
  const [name = '', ...options] = text.split(':');
  const rest = options.length === 0 ? '' : `:${options.join(':')}`;
  if (name.endsWith('.network')) return `${networkName(need(service, context, name, file))}${rest}`;
  if (!name.endsWith('.container')) return text;
  if (rest !== '') throw new InvalidSpecError(`${file.path}: Network=${text}: a container takes no options`);
  const other = need(service, context, name, file);
  // Specifiers stand for the other unit, not for this one.
  const otherName = containerName(other).replaceAll('%N', serviceNameOf(other));
  if (otherName.includes('%'))
    throw new InvalidSpecError(
      `${file.path}: Network=${text}: its container's name is known to systemd only`,
      { hint: 'give it one with ContainerName=' },
    );
  return `container:${otherName}`;
}

export function volumeWords(section: Section, use: QuadletUse): string[] {
  return valuesOf(use.file.unit, section, 'Volume').map((text) => `--volume=${volumeOption(text, use)}`);
}

function volumeOption(text: string, use: QuadletUse): string {
  const [from = '', ...rest] = text.split(':');
  return rest.length === 0 ? text : [mountSource(from, use), ...rest].join(':');
}

/** Kinds of mounts whose source is something of this machine. */
const WITH_SOURCE = ['bind', 'glob', 'image', 'volume'];

export function mountOption(text: string, use: QuadletUse): string {
  const parts = text.split(',');
  const type = parts.find((part) => part.startsWith('type='))?.slice('type='.length) ?? 'volume';
  if (!WITH_SOURCE.includes(type)) return text;
  return parts
    .map((part) => {
      const [, key, value] = /^(source|src)=(.+)$/.exec(part) ?? [];
      if (key === undefined || value === undefined) return part;
      return `${key}=${type === 'image' ? imageSource(value, use) : mountSource(value, use)}`;
    })
    .join(',');
}

/** A path, which has to be mounted first, or a volume, which has to be made first. */
function mountSource(text: string, { file, service, context }: QuadletUse): string {
  if (text.endsWith('.volume') && !/^[./]/.test(text)) return volumeName(need(service, context, text, file));
  const path = text.startsWith('.') ? besideFile(text, file) : text;
  needMount(service, path);
  return path;
}

import { posix } from 'node:path';
import { InvalidSpecError, UnsupportedError } from '../base/errors.ts';
import { containerPath } from '../specgen/container-path.ts';
import type { SecretUse } from '../specgen/container-spec.ts';
import { completeMountOptions, readOnlyBelow } from '../specgen/mount-options.ts';
import type { MountSpec } from '../specgen/mount-spec.ts';
import { bindOptions } from './annotations.ts';
import { expandText, type Variables } from './environment.ts';
import { choiceOf, type Field, flagOf, itemsOf, membersOf, requiredText, textOf } from './field.ts';
import { belowVolume, type PodVolume } from './volumes.ts';

export interface Mounts {
  mounts: MountSpec[];
  secrets: SecretUse[];
  devices: string[];
}

interface Mount {
  volume: PodVolume;
  destination: string;
  /** So is what is mounted below it. */
  isReadOnlyBelow: boolean;
  options: string[];
  subpath: string | undefined;
  field: Field;
}

export interface MountPlace {
  volumes: ReadonlyMap<string, PodVolume>;
  variables: Variables;
  annotations: Readonly<Record<string, string>>;
}

export function mountsOf(
  volumeMounts: Field | undefined,
  volumeDevices: Field | undefined,
  place: MountPlace,
): Mounts {
  const all: Mounts = { mounts: [], secrets: [], devices: [] };
  for (const item of itemsOf(volumeMounts)) add(readMount(item, place), all);
  for (const item of itemsOf(volumeDevices))
    throw new UnsupportedError(
      `${item.path} is not supported: a claim is a directory; mount a hostPath of type BlockDevice`,
    );
  return all;
}

const PROPAGATION = { None: 'rprivate', HostToContainer: 'rslave', Bidirectional: 'rshared' } as const;

function readMount(item: Field, { volumes, variables, annotations }: MountPlace): Mount {
  const members = membersOf(item, {
    takes: 'name mountPath readOnly subPath subPathExpr mountPropagation recursiveReadOnly',
  });
  const name = requiredText(members('name'), `${item.path}.name`);
  const volume = volumes.get(name);
  if (volume === undefined)
    throw new InvalidSpecError(`${item.path}.name: the pod has no volume ${JSON.stringify(name)}`);
  const recursive = choiceOf(members('recursiveReadOnly'), ['Disabled', 'IfPossible', 'Enabled']);
  // podman takes options of the mount behind a colon.
  const [path = '', words = ''] = requiredText(members('mountPath'), `${item.path}.mountPath`).split(':');
  const propagation = choiceOf(members('mountPropagation'), ['None', 'HostToContainer', 'Bidirectional']);
  const expression = members('subPathExpr');
  const subpath =
    expression === undefined
      ? textOf(members('subPath'))
      : expandText(textOf(expression) ?? '', variables, expression);
  const isReadOnly = volume.readOnly || flagOf(members('readOnly')) === true;
  if (recursive === 'Enabled' && !(isReadOnly && (propagation ?? 'None') === 'None'))
    throw new InvalidSpecError(
      `${item.path}.recursiveReadOnly: Enabled goes with readOnly: true and mountPropagation: None only`,
    );
  return {
    volume,
    destination: containerPath(path),
    isReadOnlyBelow: recursive === 'Enabled',
    options: [
      ...words.split(','),
      ...(volume.plan.type === 'host' ? bindOptions(annotations, volume.plan.path) : []),
      ...(isReadOnly ? ['ro'] : []),
      ...(propagation === undefined ? [] : [PROPAGATION[propagation]]),
    ],
    subpath: subpath === undefined || subpath === '' ? undefined : belowVolume(subpath, item),
    field: item,
  };
}

function add(mount: Mount, all: Mounts): void {
  const { volume, destination, options, subpath } = mount;
  const { plan } = volume;
  const below = subpath === undefined ? {} : { subpath };
  if (all.mounts.some((other) => other.destination === destination))
    throw new InvalidSpecError(`${mount.field.path}.mountPath: ${destination} is there twice`);
  switch (plan.type) {
    case 'host':
      addHost(mount, plan, all);
      return;
    case 'image': {
      const completed = complete(mount, 'bind', [...withRead(options), 'nosuid', 'nodev']);
      const image = { type: 'image', image: plan.image, imageId: '', destination } as const;
      all.mounts.push({ ...image, options: completed, ...below });
      return;
    }
    case 'claim':
      all.mounts.push({
        ...{ type: 'volume', name: plan.volume, anonymous: false, destination },
        ...{ options: complete(mount, 'volume'), ...below },
      });
      return;
    case 'empty':
    case 'files': {
      if (plan.type === 'files' && addSecrets(mount, plan.secrets, all)) return;
      all.mounts.push({
        ...{ type: 'volume', name: plan.volume, anonymous: true, destination },
        options: complete(mount, 'volume', [...options, 'nocopy']),
        ...below,
        create: { options: volume.options, labels: {} },
      });
    }
  }
}

function complete(
  { isReadOnlyBelow, options }: Mount,
  kind: 'bind' | 'volume',
  words: readonly string[] = options,
): string[] {
  const completed = completeMountOptions(words, kind);
  return isReadOnlyBelow ? [...completed, readOnlyBelow(completed)] : completed;
}

function withRead(options: readonly string[]): string[] {
  return options.includes('ro') ? [...options] : [...options, 'ro'];
}

function addHost(mount: Mount, plan: { path: string; kind: string }, all: Mounts): void {
  const { destination, options, subpath, field } = mount;
  if (plan.kind === 'CharDevice' || plan.kind === 'BlockDevice') {
    if (subpath !== undefined)
      throw new InvalidSpecError(`${field.path}.subPath: a device has nothing below it`);
    all.devices.push(`${plan.path}:${destination}:${options.includes('ro') ? 'r' : 'rwm'}`);
    return;
  }
  const source = subpath === undefined ? plan.path : posix.join(plan.path, subpath);
  const completed = complete(mount, 'bind');
  all.mounts.push({
    type: 'bind',
    source,
    destination,
    options: completed,
    recursive: completed.includes('rbind'),
    ...(subpath === undefined ? {} : { within: plan.path }),
  });
}

/** Secrets are bound over the files of their volume; true: what is mounted is one of them, alone. */
function addSecrets(
  { destination, subpath }: Mount,
  files: readonly { name: string; key: string; path: string; mode: number }[],
  all: Mounts,
): boolean {
  const use = (file: (typeof files)[number], target: string): SecretUse => ({
    ...{ type: 'mount', name: file.name, key: file.key, target, uid: 0, gid: 0, mode: file.mode },
  });
  const single = files.find(({ path }) => path === subpath);
  if (single !== undefined) all.secrets.push(use(single, destination));
  else
    for (const file of files) {
      const inside = subpath === undefined ? file.path : posix.relative(subpath, file.path);
      if (!inside.startsWith('..')) all.secrets.push(use(file, posix.join(destination, inside)));
    }
  return single !== undefined;
}

import { posix } from 'node:path';
import type { SecretUse } from '../specgen/container-spec.ts';
import type { MountSpec } from '../specgen/mount-spec.ts';
import type { Written } from './write-container.ts';

/** Collects the volumes of a pod, each once, while its containers are written. */
export interface MountWriter {
  volumes: Written[];
  mountsOf(mounts: readonly MountSpec[]): Written[];
  secretsOf(secrets: readonly SecretUse[]): Written[];
}

export function mountWriter(
  kindOf: (path: string) => 'Directory' | 'File' | 'Socket' | undefined,
  warn: (message: string) => void,
): MountWriter {
  const names = new Map<string, string>();
  const volumes: Written[] = [];
  /** One volume for all that have the same key; its name is free. */
  const named = (key: string, wish: string, source: Written): string => {
    const known = names.get(key);
    if (known !== undefined) return known;
    const taken = new Set(names.values());
    const base = label(wish);
    let name = base;
    for (let count = 1; taken.has(name); count++) name = `${base}-${count}`;
    names.set(key, name);
    volumes.push({ name, ...source });
    return name;
  };
  const volumeFor = (mount: MountSpec): string | undefined => {
    switch (mount.type) {
      case 'bind': {
        const type = kindOf(mount.source);
        const hostPath = { path: mount.source, ...(type === undefined ? {} : { type }) };
        return named(`host ${mount.source}`, `${mount.source}-host`, { hostPath });
      }
      case 'volume':
        if (mount.anonymous) {
          const wish = `${mount.destination}-${mount.create?.options['type'] === 'tmpfs' ? 'tmpfs' : 'volume'}`;
          return named(`volume ${mount.name}`, wish, emptyFor(mount, warn));
        }
        return named(`volume ${mount.name}`, `${mount.name}-pvc`, {
          persistentVolumeClaim: { claimName: mount.name },
        });
      case 'tmpfs': {
        const size = mount.options.find((word) => /^size=\d+$/.test(word))?.slice(5);
        const emptyDir = { medium: 'Memory', ...(size === undefined ? {} : { sizeLimit: size }) };
        return named(`tmpfs ${mount.destination}`, `${mount.destination}-tmpfs`, { emptyDir });
      }
      case 'image':
        return named(`image ${mount.imageId}`, 'image', { image: { reference: mount.image } });
      case 'image-volume':
      case 'devpts':
        // The image says it again.
        return undefined;
    }
  };
  return {
    volumes,
    mountsOf: (mounts) =>
      mounts.flatMap((mount) => {
        const name = volumeFor(mount);
        if (name === undefined) return [];
        const subPath = 'subpath' in mount ? mount.subpath : undefined;
        const readOnly = mount.options.includes('ro') && mount.type !== 'image';
        return [
          {
            mountPath: mount.destination,
            name,
            ...(readOnly ? { readOnly } : {}),
            ...(subPath === undefined ? {} : { subPath }),
            ...propagation(mount.options),
          },
        ];
      }),
    secretsOf: (secrets) =>
      secrets.flatMap((use) => {
        if (use.type !== 'mount') return [];
        if (use.key === undefined) {
          warn(`secret ${use.name} at ${use.target} is left out: Kubernetes has no words for a whole secret`);
          return [];
        }
        const source = { secret: { secretName: use.name, defaultMode: use.mode } };
        const name = named(`secret ${use.name} ${use.mode}`, `${use.name}-secret`, source);
        return [{ mountPath: use.target, name, readOnly: true, subPath: use.key }];
      }),
  };
}

function emptyFor(
  { options, create, destination }: MountSpec & { type: 'volume' },
  warn: (message: string) => void,
): Written {
  const words = (create?.options['o'] ?? '').split(',');
  if (create?.options['type'] === 'tmpfs') {
    const size = words.find((word) => word.startsWith('size='))?.slice(5);
    return { emptyDir: { medium: 'Memory', ...(size === undefined ? {} : { sizeLimit: size }) } };
  }
  if (options.includes('ro'))
    warn(`the volume at ${destination} is written empty: what is in it is not known any more`);
  return { emptyDir: {} };
}

function propagation(options: readonly string[]): Written {
  if (options.includes('rshared') || options.includes('shared')) return { mountPropagation: 'Bidirectional' };
  if (options.includes('rslave') || options.includes('slave')) return { mountPropagation: 'HostToContainer' };
  return {};
}

/** Names of volumes are labels of DNS. */
function label(text: string): string {
  const clean = posix
    .normalize(text)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return clean === '' ? 'volume' : clean.slice(-50).replace(/^-+/, '');
}

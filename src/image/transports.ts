import { InvalidSpecError, UnsupportedError } from '../base/errors.ts';

/** An image that is named by where it lies, as `pull`, `load` and `save` take it. */
export interface ArchiveName {
  transport: 'docker-archive' | 'oci-archive' | 'oci' | 'dir';
  path: string;
  /** The image within it: a name, or `@0` for the first. */
  image: string | undefined;
}

/** The own storage as a place to copy to or from. */
export const OWN_STORAGE = 'containers-storage:';

/** Undefined for everything that is not an archive: plain names and `docker://`. */
export function parseArchiveName(name: string): ArchiveName | undefined {
  const match = /^(docker-archive|oci-archive|oci|dir):(?!\/\/)(.+)$/s.exec(name);
  const [, transport, rest = ''] = match ?? [];
  if (transport === undefined) return undefined;
  if (transport === 'dir') return { transport, path: rest, image: undefined };
  const colon = rest.indexOf(':');
  return {
    transport: transport as ArchiveName['transport'],
    path: colon === -1 ? rest : rest.slice(0, colon),
    image: colon === -1 || colon === rest.length - 1 ? undefined : rest.slice(colon + 1),
  };
}

/** What the ecosystem's programs know as transports and is no place for images here; a name would be misleading. */
export function refuseOtherTransport(name: string, attempt: 'pull' | 'push'): void {
  const [, transport] = /^([a-z-]+):(?!\/\/|[0-9]+(?:\/|$))/.exec(name) ?? [];
  if (transport === undefined || !OTHER_TRANSPORTS.has(transport)) return;
  const [verb, pipe] =
    attempt === 'pull'
      ? ['pulling from', 'docker save IMAGE | tspod load']
      : ['pushing to', 'tspod save IMAGE | docker load'];
  throw new UnsupportedError(`${verb} ${transport}: is not supported`, {
    hint:
      transport === 'docker-daemon'
        ? `use \`${pipe}\``
        : 'use docker://, docker-archive:, oci:, oci-archive: or dir:',
  });
}

const OTHER_TRANSPORTS: ReadonlySet<string> = new Set([
  'docker-daemon',
  'ostree',
  'sif',
  'tarball',
  'atomic',
]);

/** The one of an archive's images that `@2` means; undefined for a name. */
export function chosenByIndex<T>(images: readonly T[], only: string | undefined): T | undefined {
  if (only === undefined || !/^@[0-9]+$/.test(only)) return undefined;
  const chosen = images[Number(only.slice(1))];
  if (chosen !== undefined) return chosen;
  throw new InvalidSpecError(`the archive has no image ${only}: it has ${images.length}, counted from @0`);
}

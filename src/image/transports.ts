/** An image that is named by where it lies, as `pull`, `load` and `save` take it. */
export interface ArchiveName {
  transport: 'docker-archive' | 'oci-archive' | 'oci' | 'dir';
  path: string;
  /** The image within it. */
  image: string | undefined;
}

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

import { readRuntimeConfig } from '../base/containers-conf.ts';
import { resolvePaths } from '../base/paths.ts';
import { readStorageConf } from '../base/storage-conf.ts';
import { shortId } from '../base/ids.ts';
import { allLists } from '../image/manifest-list.ts';
import { listContainers } from '../libpod/container.ts';
import { listPods } from '../libpod/pod.ts';
import { listSecrets } from '../libpod/secret.ts';
import { listNetworks } from '../network/network-store.ts';
import { type Database, openDatabaseForReading } from '../state/db.ts';
import { imageStore } from '../storage/images.ts';

export type NameKind =
  | 'containers'
  | 'running-containers'
  | 'images'
  | 'volumes'
  | 'networks'
  | 'pods'
  | 'secrets';

export interface NameEntry {
  name: string;
  /** A few words beside it: the image of a container, the driver of a network. */
  about: string;
}

/** Names of what exists, for shell completion: reads only, creates nothing, and finds nothing where there is no state. */
export function readNames(
  kind: NameKind,
  { root, networkConfigDir }: { root: string | undefined; networkConfigDir?: string | undefined },
): NameEntry[] {
  const paths = resolvePaths({ root: root ?? readStorageConf().root });
  if (kind === 'networks') {
    const directory = networkConfigDir ?? readRuntimeConfig(paths).network.networkConfigDir ?? paths.networks;
    const places = { directory, graphRoot: paths.graphRoot, defaultSubnet: undefined };
    return listNetworks(places).map(({ name, driver }) => ({ name, about: driver }));
  }
  const db = openDatabaseForReading(paths.database);
  if (db === undefined) return [];
  try {
    return namesIn(db, kind);
  } finally {
    db.close();
  }
}

function namesIn(db: Database, kind: Exclude<NameKind, 'networks'>): NameEntry[] {
  switch (kind) {
    case 'containers':
      return containers(db, () => true);
    case 'running-containers':
      return containers(db, (state) => state === 'running' || state === 'paused');
    case 'volumes':
      return db.prepare('SELECT name, driver AS about FROM volumes ORDER BY name').all() as NameEntry[];
    case 'pods':
      return listPods(db).map(({ id, name }) => ({ name, about: shortId(id) }));
    case 'secrets':
      return listSecrets(db).map(({ name }) => ({ name, about: '' }));
    case 'images':
      return [
        ...imageStore(db)
          .names()
          .map(({ name, imageId }) => ({ name, about: shortId(imageId) })),
        ...allLists(db).flatMap(({ names }) => names.map((name) => ({ name, about: 'manifest list' }))),
      ].flatMap(({ name, about }) => spellings(name).map((each) => ({ name: each, about })));
  }
}

function containers(db: Database, wanted: (state: string) => boolean): NameEntry[] {
  return listContainers(db)
    .filter(({ state }) => wanted(state))
    .map(({ name, imageName }) => ({ name, about: imageName }));
}

/** People type the end of a name: `busybox:latest` for `docker.io/library/busybox:latest`. */
function spellings(name: string): string[] {
  const parts = name.split('/');
  return parts.map((_, index) => parts.slice(index).join('/'));
}

import { sha256Of } from '../base/ids.ts';
import { allLists, indexDocument, type ManifestList } from '../image/manifest-list.ts';
import type { ImageConfig } from '../oci/image-spec.ts';
import type { Database } from '../state/db.ts';
import type { ImageRecord } from '../storage/store.ts';

/** Manifest lists as `images` shows them: an image without layers, of the size of its document. */
export function listsAsImages(db: Database): ImageRecord[] {
  return allLists(db).map(toImage);
}

function toImage(list: ManifestList): ImageRecord {
  const { text, mediaType } = indexDocument(list);
  const digest = sha256Of(text);
  const repositories = new Set(list.names.map((name) => name.slice(0, name.lastIndexOf(':'))));
  return {
    id: list.id,
    manifestDigest: digest,
    manifest: text,
    manifestType: mediaType,
    rawConfig: '{}',
    config: NO_CONFIG,
    topLayerId: undefined,
    names: list.names,
    repoDigests: [...repositories].map((repository) => `${repository}@${digest}`),
    size: Buffer.byteLength(text),
    createdAt: list.createdAt,
    pulledAt: list.createdAt,
  };
}

const NO_CONFIG: ImageConfig = {
  architecture: '',
  os: '',
  created: undefined,
  author: undefined,
  comment: undefined,
  config: {
    user: '',
    exposedPorts: [],
    env: [],
    entrypoint: undefined,
    cmd: undefined,
    volumes: [],
    workingDir: '',
    labels: {},
    stopSignal: undefined,
    healthcheck: undefined,
    shell: undefined,
    onBuild: [],
  },
  diffIds: [],
  history: [],
};

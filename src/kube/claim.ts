import { InvalidSpecError, UnsupportedError } from '../base/errors.ts';
import type { KubeDocument } from './documents.ts';
import type { ClaimPlan } from './plan.ts';
import type { PlayContext } from './sources.ts';

const PREFIX = 'volume.podman.io/';

/** A claim is a named volume; annotations say how it is made. What it asks of a cluster's storage has no meaning here. */
export function claimOf(
  { metadata, root }: KubeDocument,
  context: Pick<PlayContext, 'annotations' | 'labels'>,
): ClaimPlan {
  const annotations = { ...metadata.annotations, ...context.annotations };
  const given = (word: string): string | undefined => annotations[`${PREFIX}${word}`] || undefined;
  const at = (word: string): string => `${root.path}metadata.annotations["${PREFIX}${word}"]`;
  const number = (word: string): number | undefined => {
    const text = given(word);
    if (text === undefined) return undefined;
    if (!/^\d{1,10}$/.test(text)) throw new InvalidSpecError(`${at(word)}: must be a number`);
    return Number(text);
  };
  if (given('image') !== undefined)
    throw new UnsupportedError(`${at('image')} is not supported: volumes are local directories`);
  const options = { device: given('device'), type: given('type'), o: given('mount-options') };
  return {
    name: metadata.name,
    labels: { ...metadata.labels, ...context.labels },
    driver: given('driver') ?? 'local',
    options: Object.fromEntries(
      Object.entries(options).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
    ),
    uid: number('uid'),
    gid: number('gid'),
    importSource: given('import-source'),
    path: root.path,
  };
}

import { InvalidSpecError } from '../base/errors.ts';
import type { KubeDocument } from './documents.ts';
import { membersOf, withoutEffect } from './field.ts';
import type { ClaimPlan } from './plan.ts';
import type { PlayContext } from './sources.ts';

/** What is asked of a cluster's storage; how much room and who may write is a matter of the host's file system. */
const IDLE = 'volumeName selector volumeMode dataSource dataSourceRef volumeAttributesClassName';
const PREFIX = 'volume.podman.io/';

/** A claim is a named volume; annotations say how it is made. What it asks of a cluster's storage has no meaning here. */
export function claimOf(
  { metadata, members, root }: KubeDocument,
  context: Pick<PlayContext, 'annotations' | 'labels' | 'leaveOut'>,
): ClaimPlan {
  const spec = members('spec');
  if (spec !== undefined) {
    const parts = membersOf(spec, { takes: `accessModes resources storageClassName ${IDLE}` });
    context.leaveOut(withoutEffect(parts, IDLE, { volumeMode: 'Filesystem' }));
  }
  const annotations = { ...metadata.annotations, ...context.annotations };
  const given = (word: string): string | undefined => annotations[`${PREFIX}${word}`] || undefined;
  const at = (word: string): string => `${root.path}metadata.annotations["${PREFIX}${word}"]`;
  const number = (word: string): number | undefined => {
    const text = given(word);
    if (text === undefined) return undefined;
    if (!/^\d{1,10}$/.test(text)) throw new InvalidSpecError(`${at(word)}: must be a number`);
    return Number(text);
  };
  if (given('image') !== undefined && given('driver') !== 'image')
    throw new InvalidSpecError(`${at('image')}: needs ${PREFIX}driver: image`);
  const options = {
    device: given('device'),
    type: given('type'),
    o: given('mount-options'),
    image: given('image'),
  };
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

import { familiarName } from '../../../engine/images.ts';

/** What docker prints about images that a prune removed; nothing when there are none. */
export function dockerDeletedImages(untagged: readonly string[], removed: readonly string[]): string {
  if (untagged.length + removed.length === 0) return '';
  const lines = [
    ...untagged.map((name) => `untagged: ${familiarName(name)}`),
    ...removed.map((id) => `deleted: sha256:${id}`),
  ];
  return `Deleted Images:\n${lines.join('\n')}\n\n`;
}

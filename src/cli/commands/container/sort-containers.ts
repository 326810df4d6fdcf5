import type { ListedContainer } from '../../../engine/list-containers.ts';

/** `containers` come oldest first; docker shows the newest first where nothing else is asked for. */
export function sortContainers(
  containers: readonly ListedContainer[],
  key: string,
  newestFirst = false,
): ListedContainer[] {
  const by = (read: (container: ListedContainer) => string | number): ListedContainer[] =>
    [...containers].sort((a, b) => compare(read(a), read(b)));
  switch (key) {
    case 'command':
      return by(({ glance }) => glance.command.join(' '));
    case 'id':
      return by(({ record }) => record.id);
    case 'image':
      return by(({ record }) => record.imageName);
    case 'names':
      return by(({ record }) => record.name);
    case 'runningfor':
      return by(({ record }) => record.startedAt ?? '');
    case 'size':
      return by(({ sizes }) => sizes?.total ?? 0);
    case 'status':
      return by(({ record }) => record.state);
    default:
      return newestFirst ? [...containers].reverse() : [...containers];
  }
}

function compare(a: string | number, b: string | number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

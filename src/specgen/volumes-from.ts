import { InvalidSpecError } from '../base/errors.ts';
import type { MountSpec } from './container-spec.ts';
import { splitOnce } from './key-value.ts';
import { READ_ONLY_BELOW } from './mount-options.ts';
import type { SpecContext } from './spec-context.ts';

/** `--volumes-from CONTAINER[:ro|rw|z]`: its binds and volumes, at the same places. */
export function mountsFromContainers(
  flags: readonly string[],
  context: Pick<SpecContext, 'lookupContainer'>,
): MountSpec[] {
  const mounts: MountSpec[] = [];
  for (const flag of flags) {
    const [name, words] = splitOnce(flag, ':');
    const access = accessOf(words, flag);
    for (const mount of context.lookupContainer(name).spec.mounts) {
      if (mount.type === 'tmpfs' || mount.type === 'devpts' || mount.type === 'image') continue;
      if (mounts.some((present) => present.destination === mount.destination)) continue;
      mounts.push(withAccess(shared(mount), access));
    }
  }
  return mounts;
}

/** The donor owns an image volume; for the taker it is a volume like any other, and not its to remove. */
function shared(mount: MountSpec): MountSpec {
  if (mount.type === 'image-volume')
    return { ...mount, type: 'volume', anonymous: false, options: [...mount.options, 'nocopy'] };
  if (mount.type === 'volume') return { ...mount, anonymous: false };
  return mount;
}

function withAccess(mount: MountSpec, access: 'ro' | 'rw' | undefined): MountSpec {
  if (access === undefined) return mount;
  const others = mount.options.filter(
    (word) => word !== 'ro' && word !== 'rw' && (access === 'ro' || word !== READ_ONLY_BELOW),
  );
  return { ...mount, options: [access, ...others] };
}

function accessOf(words: string | undefined, flag: string): 'ro' | 'rw' | undefined {
  let access: 'ro' | 'rw' | undefined;
  for (const word of (words ?? '').split(',')) {
    if (word === 'ro' || word === 'rw') {
      if (access !== undefined)
        throw new InvalidSpecError(`cannot set ro or rw options more than once in --volumes-from ${flag}`);
      access = word;
    } else if (word !== '' && word !== 'z' && word !== 'Z')
      throw new InvalidSpecError(`invalid option "${word}" in --volumes-from ${flag}: must be ro, rw or z`);
  }
  return access;
}

/** The containers named by --volumes-from, resolved to ids. */
export function donorIds(flags: readonly string[], context: Pick<SpecContext, 'lookupContainer'>): string[] {
  return flags.map((flag) => context.lookupContainer(splitOnce(flag, ':')[0]).id);
}

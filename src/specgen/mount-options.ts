import { InvalidSpecError } from '../base/errors.ts';

/** Options that exclude each other: at most one per row may be given. */
const EXCLUSIVE: readonly (readonly string[])[] = [
  ['ro', 'rw'],
  ['suid', 'nosuid'],
  ['dev', 'nodev'],
  ['exec', 'noexec'],
  ['bind', 'rbind'],
  ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave', 'unbindable', 'runbindable'],
  ['copy', 'nocopy'],
  ['z', 'Z'],
];

/** Acted upon by the engine (chown the source, no copy-up, SELinux label); the runtime never sees them. */
export const ENGINE_OPTIONS: readonly string[] = ['U', 'z', 'Z', 'copy', 'nocopy'];

const KNOWN: ReadonlySet<string> = new Set(EXCLUSIVE.flat());

/**
 * Checks the options of a bind or volume mount and completes them: rw, rprivate, rbind, and nosuid and nodev for
 * volumes, unless something else of the kind was given.
 */
export function completeMountOptions(given: readonly string[], kind: 'bind' | 'volume'): string[] {
  const options: string[] = [];
  for (const option of given) {
    if (option === '' || option === 'consistent' || option === 'cached' || option === 'delegated') continue;
    if (option !== 'U' && !isIdmapOption(option) && !isOverlayOption(option) && !KNOWN.has(option))
      throw new InvalidSpecError(`invalid mount option "${option}"`);
    if (!options.includes(option)) options.push(option);
  }
  for (const row of EXCLUSIVE) {
    const both = options.filter((option) => row.includes(option));
    if (both.length > 1) throw new InvalidSpecError(`mount options ${both.join(' and ')} exclude each other`);
  }
  checkOverlay(options);
  const defaults = ['rw', 'rprivate', ...(kind === 'volume' ? ['nosuid', 'nodev'] : []), 'rbind'];
  for (const option of defaults) {
    const row = EXCLUSIVE.find((candidates) => candidates.includes(option)) ?? [];
    if (!options.some((present) => row.includes(present))) options.push(option);
  }
  return options;
}

/**
 * The OCI's word, once, for a mount below which everything is to be read-only as well. What is mounted there later, on the host, would
 * not be: therefore nothing is passed on.
 */
export const READ_ONLY_BELOW = 'rro';

/** To be added to completed options; throws InvalidSpecError when they contradict it. */
export function readOnlyBelow(options: readonly string[]): string {
  if (!options.includes('ro'))
    throw new InvalidSpecError('mount option bind-recursive=readonly needs the option readonly beside it');
  if (!options.includes('rprivate'))
    throw new InvalidSpecError(
      'mount option bind-recursive=readonly goes with bind-propagation=rprivate only',
    );
  return READ_ONLY_BELOW;
}

/** Podman's and the kernel's words for a tmpfs. */
export function completeTmpfsOptions(given: readonly string[]): { options: string[]; copyUp: boolean } {
  const options: string[] = [];
  let copyUp = true;
  for (const option of given) {
    if (option === '') continue;
    if (option === 'tmpcopyup') copyUp = true;
    else if (option === 'notmpcopyup') copyUp = false;
    else if (
      TMPFS_VALUES.some((form) => form.test(option)) ||
      TMPFS_WORDS.has(option) ||
      option === 'U' ||
      KNOWN.has(option)
    ) {
      options.push(option);
    } else throw new InvalidSpecError(`invalid tmpfs option "${option}"`);
  }
  for (const option of ['rw', 'rprivate', 'nosuid', 'nodev']) {
    const row = EXCLUSIVE.find((candidates) => candidates.includes(option)) ?? [];
    if (!options.some((present) => row.includes(present))) options.push(option);
  }
  return { options, copyUp };
}

/** As the kernel reads them. */
const TMPFS_VALUES = [
  /^size=(0x[\da-f]+|\d+)[kmgtpe%]?$/i,
  /^nr_(inodes|blocks)=\d+[kmgtpe]?$/i,
  /^mode=[0-7]{1,5}$/,
  /^[ug]id=\d+$/,
  /^(huge|mpol)=.+/,
];

const TMPFS_WORDS = new Set([
  'noatime',
  'atime',
  'nodiratime',
  'diratime',
  'relatime',
  'strictatime',
  'noswap',
  'inode64',
  'sync',
  'async',
]);

/** `idmap`, or `idmap=uids=0-1000-1;gids=0-1000-1` with maps of its own. */
export function isIdmapOption(option: string): boolean {
  return option === 'idmap' || option.startsWith('idmap=');
}

/** The value of `upperdir=…` or `workdir=…` among the options. */
export function overlayPlace(options: readonly string[], key: 'upperdir' | 'workdir'): string | undefined {
  return options.find((option) => option.startsWith(`${key}=`))?.slice(key.length + 1);
}

/** `O`: the source stays as it is; what the container writes goes to `upperdir`, or nowhere once it has ended. */
function isOverlayOption(option: string): boolean {
  return option === 'O' || option.startsWith('upperdir=') || option.startsWith('workdir=');
}

function checkOverlay(options: readonly string[]): void {
  const places = [overlayPlace(options, 'upperdir'), overlayPlace(options, 'workdir')];
  if (!options.includes('O')) {
    if (places.some((place) => place !== undefined))
      throw new InvalidSpecError('mount options upperdir and workdir belong to option O');
    return;
  }
  if (options.some(isIdmapOption)) throw new InvalidSpecError('mount options O and idmap exclude each other');
  if (places[0] === undefined && places[1] === undefined) return;
  if (places[0] === undefined || places[1] === undefined)
    throw new InvalidSpecError('mount options upperdir and workdir must be given together');
  for (const place of places)
    if (place === undefined || !place.startsWith('/'))
      throw new InvalidSpecError(`mount option upperdir or workdir: ${place} must be an absolute path`);
}

/** Never seen by the runtime. */
export function isEngineOption(option: string): boolean {
  return ENGINE_OPTIONS.includes(option) || isIdmapOption(option) || isOverlayOption(option);
}

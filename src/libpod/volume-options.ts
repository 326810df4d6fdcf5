import { UnsupportedError, UsageError } from '../base/errors.ts';
import { parseSize } from '../base/sizes.ts';
import type { ProjectLimits } from '../storage/project-quota.ts';

/** Who owns a new volume's directory, as options of the driver say it. */
export interface VolumeOwner {
  uid: number;
  gid: number;
}

/** Options of the local driver, checked. Undefined: they name no owner. Those that nothing here can honour are refused by name. */
export function volumeOwner(options: Readonly<Record<string, string>>): VolumeOwner | undefined {
  for (const [key, text] of ownerTexts(options))
    if (!/^\d+$/.test(text))
      throw new UsageError(
        `invalid volume option ${JSON.stringify(`${key}=${text}`)}: not a user or group id`,
      );
  for (const [key, value] of Object.entries(options)) {
    if (key === 'timeout') throw unsupported(`${key}=${value}`);
    if (!PLAIN.has(key.replace(/^[UG]ID$/, 'uid')))
      throw new UsageError(`invalid option ${JSON.stringify(key)} for the local volume driver`);
  }
  if (options['type'] !== undefined || options['device'] !== undefined) checkDevice(options);
  else {
    volumeLimits(options);
    const word = mountWords(options).find(
      (each) => !/^(uid|gid|size|inodes)=|^(no)?copy$|^noquota$/.test(each),
    );
    if (word !== undefined)
      throw new UsageError(`volume option o=${word} needs something to mount: add type= and device=`);
  }
  return ownerIn(options);
}

/** The same of a volume that there is. */
export function ownerIn(options: Readonly<Record<string, string>>): VolumeOwner | undefined {
  const owner = Object.fromEntries(ownerTexts(options).map(([key, text]) => [key, Number(text)]));
  const { uid, gid } = owner as Partial<VolumeOwner>;
  return uid === undefined && gid === undefined ? undefined : { uid: uid || 0, gid: gid || 0 };
}

/** By themselves, in capitals as podman keeps them, or as words of `o`; the last one counts. */
function ownerTexts(options: Readonly<Record<string, string>>): ['uid' | 'gid', string][] {
  const words = mountWords(options).map(pairOf);
  return [...words, ...Object.entries(options)].flatMap(([key, text]): ['uid' | 'gid', string][] => {
    const name = key.toLowerCase();
    return name === 'uid' || name === 'gid' ? [[name, text]] : [];
  });
}

/** The words of option `o`. */
export function mountWords(options: Readonly<Record<string, string>>): string[] {
  return (options['o'] ?? '').split(',').filter((word) => word !== '');
}

/**
 * What a volume may hold at most, of one with nothing mounted in it; undefined: as much as there is room for. Throws UsageError for a limit
 * that is none.
 */
export function volumeLimits(options: Readonly<Record<string, string>>): ProjectLimits | undefined {
  if (isMounted(options)) return undefined;
  const pairs = [...mountWords(options).map(pairOf), ...Object.entries(options)];
  const last = (key: string): string | undefined => pairs.findLast(([name]) => name === key)?.[1];
  const [sizeText, inodesText] = [last('size'), last('inodes')];
  if (inodesText !== undefined && !/^\d{1,15}$/.test(inodesText))
    throw new UsageError(`invalid volume option ${JSON.stringify(`inodes=${inodesText}`)}: not a number`);
  const size = sizeText === undefined ? 0 : parseSize(sizeText, 'volume option size', 1000);
  const inodes = Number(inodesText ?? 0);
  if (size === 0 && inodes === 0) return undefined;
  if (last('noquota') !== undefined)
    throw new UsageError('volume option noquota: it contradicts size and inodes');
  return { size, inodes };
}

function pairOf(word: string): [string, string] {
  const equals = word.indexOf('=');
  return equals < 0 ? [word, ''] : [word.slice(0, equals), word.slice(equals + 1)];
}

/** Whether its options say what is mounted there. */
export function isMounted(options: Readonly<Record<string, string>>): boolean {
  return (options['type'] ?? '') !== '' || (options['device'] ?? '') !== '';
}

/** Whether the image's files are to stay out of the new volume. */
export function keepsEmpty(options: Readonly<Record<string, string>>): boolean {
  return 'nocopy' in options || mountWords(options).includes('nocopy');
}

const QUOTA = ['size', 'inodes', 'noquota'];
const PLAIN = new Set(['type', 'device', 'o', 'uid', 'gid', 'copy', 'nocopy', ...QUOTA]);

function checkDevice({ type, device, ...rest }: Readonly<Record<string, string>>): void {
  if ((device ?? '') === '' && type !== 'tmpfs')
    throw new UsageError(`volume option type=${type ?? ''} needs something to mount: add device=`);
  if (device?.startsWith('-') || type?.startsWith('-'))
    throw new UsageError(`invalid volume option ${device?.startsWith('-') ? 'device' : 'type'}`);
  const limit = QUOTA.find((key) => key in rest);
  if (limit !== undefined)
    throw new UsageError(`volume option ${limit}=${rest[limit] ?? ''} does not go with type= and device=`, {
      hint: 'a file system in memory has its limit among its own options: --opt type=tmpfs --opt o=size=100m',
    });
}

function unsupported(option: string): UnsupportedError {
  return new UnsupportedError(`volume option ${JSON.stringify(option)} is not supported`, {
    hint: 'it is for drivers that are programs of their own, of which there are none',
  });
}

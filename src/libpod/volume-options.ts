import { UnsupportedError, UsageError } from '../base/errors.ts';

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
    if (QUOTA.has(key)) throw unsupported(`${key}=${value}`);
    if (!PLAIN.has(key.replace(/^[UG]ID$/, 'uid')))
      throw new UsageError(`invalid option ${JSON.stringify(key)} for the local volume driver`);
  }
  if (options['type'] !== undefined || options['device'] !== undefined) checkDevice(options);
  else {
    const word = mountWords(options).find((each) => !/^(uid|gid)=|^(no)?copy$/.test(each));
    if (word !== undefined && /^(size|inodes)=|^noquota$/.test(word)) throw unsupported(`o=${word}`);
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
  const words = mountWords(options).map((word): [string, string] => {
    const equals = word.indexOf('=');
    return [word.slice(0, equals), word.slice(equals + 1)];
  });
  return [...words, ...Object.entries(options)].flatMap(([key, text]): ['uid' | 'gid', string][] => {
    const name = key.toLowerCase();
    return name === 'uid' || name === 'gid' ? [[name, text]] : [];
  });
}

/** The words of option `o`. */
export function mountWords(options: Readonly<Record<string, string>>): string[] {
  return (options['o'] ?? '').split(',').filter((word) => word !== '');
}

/** Whether the image's files are to stay out of the new volume. */
export function keepsEmpty(options: Readonly<Record<string, string>>): boolean {
  return 'nocopy' in options || mountWords(options).includes('nocopy');
}

const PLAIN = new Set(['type', 'device', 'o', 'uid', 'gid', 'copy', 'nocopy']);
const QUOTA = new Set(['size', 'inodes', 'noquota', 'timeout']);

function checkDevice({ type, device }: Readonly<Record<string, string>>): void {
  if ((device ?? '') === '' && type !== 'tmpfs')
    throw new UsageError(`volume option type=${type ?? ''} needs something to mount: add device=`);
  if (device?.startsWith('-') || type?.startsWith('-'))
    throw new UsageError(`invalid volume option ${device?.startsWith('-') ? 'device' : 'type'}`);
}

function unsupported(option: string): UnsupportedError {
  return new UnsupportedError(`volume option ${JSON.stringify(option)} is not supported`, {
    hint: 'a volume in memory can be limited: --opt type=tmpfs --opt o=size=100m',
  });
}

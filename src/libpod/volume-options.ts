import { UnsupportedError, UsageError } from '../base/errors.ts';

/** Who owns a new volume's directory, as options of the driver say it. */
export interface VolumeOwner {
  uid: number;
  gid: number;
}

/** Options of the local driver, checked. Undefined: they name no owner. Those that nothing here can honour are refused by name. */
export function volumeOwner(
  options: Readonly<Record<string, string>>,
  given: Partial<VolumeOwner> = {},
): VolumeOwner | undefined {
  let { uid, gid } = given;
  for (const [key, value] of Object.entries(options)) {
    const text = `${key}=${value}`;
    if (key === 'uid') uid = id(value, text);
    else if (key === 'gid') gid = id(value, text);
    else if (key === 'o') {
      for (const word of mountWords(options)) {
        if (word.startsWith('uid=')) uid = id(word.slice(4), text);
        else if (word.startsWith('gid=')) gid = id(word.slice(4), text);
      }
    } else if (QUOTA.has(key)) throw unsupported(text);
    else if (!PLAIN.has(key))
      throw new UsageError(`invalid option ${JSON.stringify(key)} for the local volume driver`);
  }
  if (options['type'] !== undefined || options['device'] !== undefined) checkDevice(options);
  else {
    const word = mountWords(options).find((each) => !/^(uid|gid)=|^(no)?copy$/.test(each));
    if (word !== undefined && /^(size|inodes)=|^noquota$/.test(word)) throw unsupported(`o=${word}`);
    if (word !== undefined)
      throw new UsageError(`volume option o=${word} needs something to mount: add type= and device=`);
  }
  return uid === undefined && gid === undefined ? undefined : { uid: uid ?? 0, gid: gid ?? 0 };
}

/** The words of option `o`. */
export function mountWords(options: Readonly<Record<string, string>>): string[] {
  return (options['o'] ?? '').split(',').filter((word) => word !== '');
}

/** Whether the image's files are to stay out of the new volume. */
export function keepsEmpty(options: Readonly<Record<string, string>>): boolean {
  return 'nocopy' in options || mountWords(options).includes('nocopy');
}

const PLAIN = new Set(['type', 'device', 'copy', 'nocopy']);
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

function id(value: string, option: string): number {
  if (/^\d+$/.test(value)) return Number(value);
  throw new UsageError(`invalid volume option ${JSON.stringify(option)}: not a user or group id`);
}

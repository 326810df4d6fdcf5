import { InvalidSpecError, UsageError } from '../base/errors.ts';
import { parseSize } from '../base/sizes.ts';
import type { ContainerSpec, StorageLimits } from './container-spec.ts';
import type { CreateOptions } from './create-options.ts';
import type { SpecContext } from './spec-context.ts';

/** `--storage-opt` of the container, else what the engine's own says for each: `overlay.size=10G`. */
export function storageFromOptions(
  { storageOpt = [], rootfs }: CreateOptions,
  { storageWords = [], image }: Pick<SpecContext, 'storageWords' | 'image'>,
): Pick<ContainerSpec, 'storageLimits'> {
  if (storageOpt.length > 0 && rootfs === true)
    throw new InvalidSpecError(
      '--storage-opt limits what is kept by the store: it does not go with --rootfs',
    );
  const limits: StorageLimits = {};
  // What has no files of an image, the infra container of a pod, has hardly any.
  if (image !== undefined)
    for (const word of storageWords) {
      const general = /^(?:overlay2?\.|\.)?(size|inodes)=(.*)$/.exec(word);
      if (general !== null) setLimit(limits, general[1] ?? '', general[2] ?? '', `storage option ${word}`);
    }
  for (const text of storageOpt) {
    const [key = '', ...value] = text.split('=');
    setLimit(limits, key.toLowerCase(), value.join('='), `--storage-opt ${text}`);
  }
  return Object.keys(limits).length === 0 ? {} : { storageLimits: limits };
}

function setLimit(limits: StorageLimits, key: string, value: string, what: string): void {
  if (key !== 'size' && key !== 'inodes') throw new UsageError(`unknown ${what}: there are size and inodes`);
  const number = key === 'size' ? parseSize(value, what) : Number(value);
  if (key === 'inodes' && (!/^\d+$/.test(value) || !Number.isSafeInteger(number)))
    throw new UsageError(`invalid value for ${what}: must be a number`);
  // As with the peers, which then ask the kernel for no limit.
  if (number === 0) delete limits[key];
  else limits[key] = number;
}

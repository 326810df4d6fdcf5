import { InvalidSpecError } from '../base/errors.ts';
import type { QuadletFile, Section } from './quadlet-service.ts';
import { splitWords } from './split-words.ts';
import { booleanValue, lastValue, valuesOf } from './unit-file.ts';

const MAPPINGS = ['UserNS', 'UIDMap', 'GIDMap', 'SubUIDMap', 'SubGIDMap'];

/** `takesMaps`: the command has --uidmap and --gidmap. */
export function remapWords(file: QuadletFile, section: Section, takesMaps: boolean): string[] {
  const list = (key: string): string[] => valuesOf(file.unit, section, key).flatMap(splitWords);
  const kind = lastValue(file.unit, section, 'RemapUsers');
  const [uids, gids] = [list('RemapUid'), list('RemapGid')];
  const fail = (why: string): InvalidSpecError => new InvalidSpecError(`${file.path}: ${why}`);
  if (kind === undefined && uids.length + gids.length === 0) return [];
  if (kind === undefined) throw fail('RemapUid= and RemapGid= need RemapUsers=');
  if (MAPPINGS.some((key) => lastValue(file.unit, section, key) !== undefined))
    throw fail('RemapUsers= is outdated and cannot stand beside UserNS= and maps');
  if (kind === 'manual' && takesMaps)
    return [...uids.map((map) => `--uidmap=${map}`), ...gids.map((map) => `--gidmap=${map}`)];
  const options = (names: readonly [string, string]): string[] => [
    ...uids.map((map) => `${names[0]}=${map}`),
    ...gids.map((map) => `${names[1]}=${map}`),
  ];
  const userns = (words: readonly string[]): string[] => [
    `--userns=${kind}${words.length === 0 ? '' : `:${words.join(',')}`}`,
  ];
  if (kind === 'auto') {
    const size = lastValue(file.unit, section, 'RemapUidSize');
    return userns([
      ...options(['uidmapping', 'gidmapping']),
      ...(size === undefined ? [] : [`size=${size}`]),
    ]);
  }
  if (kind !== 'keep-id') throw fail(`RemapUsers=${kind} is not supported: use UserNS=`);
  if (uids.length > 1 || gids.length > 1)
    throw fail('RemapUsers=keep-id takes one RemapUid= and RemapGid= each');
  return userns(options(['uid', 'gid']));
}

/** Outdated as well: a /tmp in memory, which a root that is only read has anyway. */
export function volatileTmpWords(file: QuadletFile): string[] {
  const isSet = (key: string): boolean => booleanValue(file.unit, 'Container', key) === true;
  return isSet('VolatileTmp') && !isSet('ReadOnly') ? ['--tmpfs=/tmp:rw,size=512M,mode=1777'] : [];
}

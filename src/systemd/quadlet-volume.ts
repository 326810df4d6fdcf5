import { InvalidSpecError } from '../base/errors.ts';
import { VOLUME_KEYS } from './quadlet-keys.ts';
import {
  beginService,
  checkKeys,
  command,
  extraWords,
  needMount,
  oneShot,
  optionWords,
  type QuadletContext,
  type QuadletFile,
} from './quadlet-service.ts';
import { addEntry, booleanValue, lastValue, type UnitFile } from './unit-file.ts';

export function volumeName(file: QuadletFile): string {
  return lastValue(file.unit, 'Volume', 'VolumeName') ?? `systemd-${file.name.replace(/@?\.volume$/, '')}`;
}

export function volumeService(file: QuadletFile, context: QuadletContext): UnitFile {
  checkKeys(file, 'Volume', VOLUME_KEYS);
  const get = (key: string): string | undefined => lastValue(file.unit, 'Volume', key);
  const service = beginService(file, 'Volume', context);
  if (get('Driver') === 'image' || get('Image') !== undefined)
    throw new InvalidSpecError(
      `${file.path}: volumes with the content of an image are not supported by tspod`,
    );
  const driver = get('Driver') ?? 'local';
  if (driver !== 'local')
    throw new InvalidSpecError(`${file.path}: Driver=${driver} is not supported by tspod: only local is`);
  const options = [
    get('User') === undefined ? [] : [`uid=${get('User')}`],
    get('Group') === undefined ? [] : [`gid=${get('Group')}`],
    get('Options') === undefined ? [] : [get('Options')],
  ].flat();
  if (get('Device') === undefined && (get('Type') !== undefined || get('Options') !== undefined))
    throw new InvalidSpecError(`${file.path}: Type= and Options= need Device=`);
  const words = ['volume', 'create', '--ignore'];
  if (get('Driver') !== undefined) words.push(`--driver=${driver}`);
  const copy = booleanValue(file.unit, 'Volume', 'Copy');
  if (copy !== undefined) words.push('--opt', copy ? 'copy' : 'nocopy');
  if (get('Type') !== undefined) words.push('--opt', `type=${get('Type')}`);
  const device = get('Device');
  if (device !== undefined) words.push('--opt', `device=${device}`);
  if (device !== undefined && get('Type') === 'bind') needMount(service, device);
  if (options.length > 0) words.push('--opt', `o=${options.join(',')}`);
  words.push(...optionWords(file, 'Volume', { Label: { option: '--label', kind: 'pairs' } }));
  words.push(...extraWords(file, 'Volume'), volumeName(file));
  addEntry(service, 'Service', 'ExecStart', command(context, file, 'Volume', words));
  oneShot(service);
  return service;
}

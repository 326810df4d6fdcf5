import { InvalidSpecError } from '../base/errors.ts';
import { VOLUME_KEYS } from './quadlet-keys.ts';
import { volumeName } from './quadlet-names.ts';
import { imageSource, type QuadletUse } from './quadlet-sources.ts';
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

export function volumeService(file: QuadletFile, context: QuadletContext): UnitFile {
  checkKeys(file, 'Volume', VOLUME_KEYS);
  const get = (key: string): string | undefined => lastValue(file.unit, 'Volume', key);
  const service = beginService(file, 'Volume', context);
  const driver = get('Driver') ?? 'local';
  if (driver !== 'local' && driver !== 'image')
    throw new InvalidSpecError(
      `${file.path}: Driver=${driver} is not supported by tspod: only local and image are`,
    );
  const image = imageWords({ file, service, context }, driver);
  const options = [
    get('User') === undefined ? [] : [`uid=${idOf(file, 'User')}`],
    get('Group') === undefined ? [] : [`gid=${idOf(file, 'Group')}`],
    get('Options') === undefined ? [] : [get('Options')],
  ].flat();
  if (get('Device') === undefined && (get('Type') !== undefined || get('Options') !== undefined))
    throw new InvalidSpecError(`${file.path}: Type= and Options= need Device=`);
  const words = ['volume', 'create', '--ignore'];
  if (get('Driver') !== undefined) words.push(`--driver=${driver}`);
  words.push(...image);
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

/** Keys for what is mounted say nothing about the files of an image. */
const LOCAL_KEYS = ['Copy', 'Device', 'Group', 'Options', 'Type', 'User'];

function imageWords(use: QuadletUse, driver: string): string[] {
  const { file } = use;
  const image = lastValue(file.unit, 'Volume', 'Image');
  if (driver !== 'image') {
    if (image !== undefined) throw new InvalidSpecError(`${file.path}: Image= needs Driver=image`);
    return [];
  }
  if (image === undefined) throw new InvalidSpecError(`${file.path}: Driver=image needs Image=`);
  const useless = LOCAL_KEYS.find((key) => lastValue(file.unit, 'Volume', key) !== undefined);
  if (useless !== undefined)
    throw new InvalidSpecError(`${file.path}: ${useless}= does not go with Driver=image`);
  return ['--opt', `image=${imageSource(image, use)}`];
}

/** podman knows one user and group by name. */
function idOf(file: QuadletFile, key: string): string {
  const value = lastValue(file.unit, 'Volume', key) ?? '';
  if (value === 'root') return '0';
  if (/^\d+$|%/.test(value)) return value;
  throw new InvalidSpecError(`${file.path}: ${key}=${value} must be a number`);
}

import { InvalidSpecError, UnsupportedError } from '../../base/errors.ts';
import type { CreateOptions } from '../../specgen/create-options.ts';
import { flagIn, numberIn, objectIn, objectsIn, textIn, textMapIn, textsIn } from '../body.ts';
import type { JsonObject } from '../read-body.ts';

type Partly = { [Key in keyof CreateOptions]?: CreateOptions[Key] | undefined };

export function mountOptions(body: JsonObject, host: JsonObject): Partly {
  const anonymous = Object.keys(objectIn(body, 'Volumes'));
  const binds = textsIn(host, 'Binds');
  const mounts = objectsIn(host, 'Mounts');
  const taken = new Set([
    ...binds.map((bind) => bind.split(':')[1]),
    ...mounts.map((mount) => textIn(mount, 'Target')),
  ]);
  return {
    // Clients repeat in Volumes what Binds and Mounts have.
    volume: [...binds, ...anonymous.filter((path) => !taken.has(path))],
    mount: mounts.map(mountText),
    tmpfs: Object.entries(textMapIn(host, 'Tmpfs')).map(([path, options]) =>
      options === '' ? path : `${path}:${options}`,
    ),
    volumesFrom: textsIn(host, 'VolumesFrom'),
  };
}

/** Host directories that are to be made when they are missing, as docker does for Binds (and not for Mounts). */
export function bindSources(body: JsonObject): string[] {
  return textsIn(objectIn(body, 'HostConfig'), 'Binds').flatMap((bind) => {
    const [source = '', destination] = bind.split(':');
    return destination !== undefined && source.startsWith('/') ? [source] : [];
  });
}

/** One entry of HostConfig.Mounts in the words of --mount. */
function mountText(mount: JsonObject): string {
  const type = textIn(mount, 'Type') ?? 'volume';
  const words = [`type=${type}`];
  const add = (key: string, value: string | undefined): void => {
    if (value !== undefined) words.push(quoted(`${key}=${value}`));
  };
  add('source', textIn(mount, 'Source'));
  add('destination', textIn(mount, 'Target'));
  if (flagIn(mount, 'ReadOnly') === true) words.push('ro=true');
  if (type === 'bind') addBind(objectIn(mount, 'BindOptions'), words);
  else if (type === 'volume') addVolume(objectIn(mount, 'VolumeOptions'), words);
  else if (type === 'tmpfs') addTmpfs(objectIn(mount, 'TmpfsOptions'), words);
  else if (type === 'image') add('image-subpath', textIn(objectIn(mount, 'ImageOptions'), 'Subpath'));
  else if (['npipe', 'cluster'].includes(type))
    throw new UnsupportedError(`mounts of type ${type} are not supported`);
  else throw new InvalidSpecError(`mount type unknown: ${JSON.stringify(type)}`);
  return words.join(',');
}

function addBind(options: JsonObject, words: string[]): void {
  const propagation = textIn(options, 'Propagation');
  if (propagation !== undefined) words.push(quoted(`bind-propagation=${propagation}`));
  if (flagIn(options, 'NonRecursive') === true) words.push('bind-nonrecursive=true');
  if (flagIn(options, 'CreateMountpoint') === true) words.push('bind-create-src=true');
  if (flagIn(options, 'ReadOnlyForceRecursive') === true) words.push('bind-recursive=readonly');
}

function addVolume(options: JsonObject, words: string[]): void {
  if (flagIn(options, 'NoCopy') === true) words.push('volume-nocopy=true');
  const subpath = textIn(options, 'Subpath');
  if (subpath !== undefined) words.push(quoted(`volume-subpath=${subpath}`));
  const driver = objectIn(options, 'DriverConfig');
  const name = textIn(driver, 'Name');
  if (name !== undefined) words.push(quoted(`volume-driver=${name}`));
  const pairs = (key: string, map: Record<string, string>): string[] =>
    Object.entries(map).map((pair) => quoted(`${key}=${pair.join('=')}`));
  words.push(...pairs('volume-opt', textMapIn(driver, 'Options')));
  words.push(...pairs('volume-label', textMapIn(options, 'Labels')));
}

function addTmpfs(options: JsonObject, words: string[]): void {
  const [size, mode] = [numberIn(options, 'SizeBytes'), numberIn(options, 'Mode')];
  if (size) words.push(`tmpfs-size=${size}`);
  if (mode) words.push(`tmpfs-mode=${mode.toString(8)}`);
  const others = options['Options'];
  for (const option of Array.isArray(others) ? (others as unknown[]) : []) {
    const [word, ...more] = Array.isArray(option) ? (option as unknown[]) : [];
    if ((word !== 'exec' && word !== 'noexec') || more.length > 0)
      throw new UnsupportedError(`TmpfsOptions.Options ${JSON.stringify(option)} is not supported`);
    words.push(word);
  }
}

/** A value with a comma in it is one value all the same. */
function quoted(word: string): string {
  return /[",\n]/.test(word) ? `"${word.replaceAll('"', '""')}"` : word;
}

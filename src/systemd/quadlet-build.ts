import { dirname } from 'node:path';
import { InvalidSpecError } from '../base/errors.ts';
import { execWord } from './exec-word.ts';
import { BUILD_KEYS, BUILD_OPTIONS } from './quadlet-keys.ts';
import { builtImageName } from './quadlet-names.ts';
import {
  beginService,
  checkKeys,
  command,
  extraWords,
  oneShot,
  optionWords,
  type QuadletContext,
  type QuadletFile,
} from './quadlet-service.ts';
import { besideFile, networkWords, volumeWords } from './quadlet-sources.ts';
import { addEntry, lastValue, type UnitFile } from './unit-file.ts';

const ADDRESS = /^(https?|git|ssh):\/\/|^github\.com\//;

/** A service that builds the image each time it is started; what has not changed comes from the cache. */
export function buildService(file: QuadletFile, context: QuadletContext): UnitFile {
  checkKeys(file, 'Build', [...Object.keys(BUILD_OPTIONS), ...BUILD_KEYS]);
  builtImageName(file);
  const service = beginService(file, 'Build', context);
  const use = { file, service, context };
  const { directory, path } = sourceOf(file, service);
  const words = [
    'build',
    ...optionWords(file, 'Build', BUILD_OPTIONS),
    ...networkWords('Build', use),
    ...volumeWords('Build', use),
    ...(path === undefined ? [] : [`--file=${path}`]),
    ...extraWords(file, 'Build'),
    ...(directory === undefined ? [] : [directory]),
  ];
  addEntry(service, 'Service', 'ExecStart', command(context, file, 'Build', words));
  oneShot(service, { remains: false });
  return service;
}

/** The context's directory, and the Containerfile. Without a directory it is the one that the Containerfile is in. */
function sourceOf(
  file: QuadletFile,
  service: UnitFile,
): { directory: string | undefined; path: string | undefined } {
  const path = lastValue(file.unit, 'Build', 'File');
  const wish = lastValue(file.unit, 'Build', 'SetWorkingDirectory');
  const given = lastValue(service, 'Service', 'WorkingDirectory');
  const { context, base, absolutePath = path } = placeOf(file, wish, path);
  if (given === undefined && base !== undefined)
    addEntry(service, 'Service', 'WorkingDirectory', execWord(base, { literal: false }));
  const directory = context ?? given ?? base;
  if (directory === undefined && path === undefined)
    throw new InvalidSpecError(`${file.path}: there is neither SetWorkingDirectory= nor File= in [Build]`);
  if (directory === undefined && !path?.startsWith('/'))
    throw new InvalidSpecError(
      `${file.path}: File=${path} needs SetWorkingDirectory=, as it is not absolute`,
    );
  return { directory, path: absolutePath };
}

/** `context`: of the build; `base`: where the service runs. */
function placeOf(
  file: QuadletFile,
  wish: string | undefined,
  path: string | undefined,
): { context?: string; base?: string; absolutePath?: string } {
  switch (wish?.toLowerCase()) {
    case undefined:
      return {};
    case 'unit':
      return { base: dirname(file.path) };
    case 'file': {
      if (path === undefined)
        throw new InvalidSpecError(`${file.path}: SetWorkingDirectory=file needs File=`);
      if (ADDRESS.test(path))
        throw new InvalidSpecError(`${file.path}: SetWorkingDirectory=file needs a file, not an address`);
      const absolutePath = besideFile(path, file);
      return { base: dirname(absolutePath), absolutePath };
    }
    default:
      if (wish === undefined || wish.startsWith('/') || ADDRESS.test(wish)) return { context: wish ?? '' };
      return { context: wish, base: dirname(file.path) };
  }
}

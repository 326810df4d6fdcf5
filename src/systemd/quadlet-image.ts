import { IMAGE_KEYS, IMAGE_OPTIONS } from './quadlet-keys.ts';
import { imageName } from './quadlet-names.ts';
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
import { addEntry, lastValue, type UnitFile } from './unit-file.ts';

export function imageService(file: QuadletFile, context: QuadletContext): UnitFile {
  checkKeys(file, 'Image', [...Object.keys(IMAGE_OPTIONS), ...IMAGE_KEYS]);
  imageName(file);
  const service = beginService(file, 'Image', context);
  const words = ['pull', ...optionWords(file, 'Image', IMAGE_OPTIONS), ...extraWords(file, 'Image')];
  words.push(lastValue(file.unit, 'Image', 'Image') ?? '');
  addEntry(service, 'Service', 'ExecStart', command(context, file, 'Image', words));
  oneShot(service);
  return service;
}

import { InvalidSpecError } from '../base/errors.ts';
import { NETWORK_KEYS, NETWORK_OPTIONS } from './quadlet-keys.ts';
import { networkName } from './quadlet-names.ts';
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
import { addEntry, booleanValue, type UnitFile, valuesOf } from './unit-file.ts';

export function networkService(file: QuadletFile, context: QuadletContext): UnitFile {
  checkKeys(file, 'Network', [...Object.keys(NETWORK_OPTIONS), ...NETWORK_KEYS]);
  const service = beginService(file, 'Network', context);
  const words = ['network', 'create', '--ignore', ...optionWords(file, 'Network', NETWORK_OPTIONS)];
  const subnets = valuesOf(file.unit, 'Network', 'Subnet');
  const gateways = valuesOf(file.unit, 'Network', 'Gateway');
  const ranges = valuesOf(file.unit, 'Network', 'IPRange');
  if (gateways.length > subnets.length || ranges.length > subnets.length)
    throw new InvalidSpecError(`${file.path}: Gateway= and IPRange= need a Subnet= each`);
  // What belongs together stands together.
  subnets.forEach((subnet, at) => {
    words.push(`--subnet=${subnet}`);
    if (gateways[at] !== undefined) words.push(`--gateway=${gateways[at]}`);
    if (ranges[at] !== undefined) words.push(`--ip-range=${ranges[at]}`);
  });
  words.push(...extraWords(file, 'Network'), networkName(file));
  addEntry(service, 'Service', 'ExecStart', command(context, file, 'Network', words));
  if (booleanValue(file.unit, 'Network', 'NetworkDeleteOnStop') === true)
    addEntry(
      service,
      'Service',
      'ExecStopPost',
      command(context, file, 'Network', ['network', 'rm', networkName(file)]),
    );
  oneShot(service);
  return service;
}

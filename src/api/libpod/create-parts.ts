import { UnsupportedError, UsageError } from '../../base/errors.ts';
import type { CreateOptions } from '../../specgen/create-options.ts';
import { flagIn, numberIn, objectIn, objectsIn, textIn, textMapIn, textsIn } from '../body.ts';
import type { JsonObject } from '../read-body.ts';

type Partly = { [Key in keyof CreateOptions]?: CreateOptions[Key] | undefined };

/** An OCI mount in the words of --mount; undefined for one that every container has. */
export function mountText(mount: JsonObject): string | undefined {
  const type = textIn(mount, 'type') ?? 'bind';
  const destination = textIn(mount, 'destination') ?? '';
  const options = textsIn(mount, 'options');
  if (type === 'tmpfs') return quoted([`type=tmpfs`, `destination=${destination}`, ...tmpfsWords(options)]);
  if (type !== 'bind') throw new UnsupportedError(`mounts of type ${JSON.stringify(type)} are not supported`);
  const words = options.map(bindWord).filter((word) => word !== '');
  return quoted([
    `type=bind`,
    `source=${textIn(mount, 'source') ?? ''}`,
    `destination=${destination}`,
    ...words,
  ]);
}

function bindWord(option: string): string {
  if (option === 'ro' || option === 'rw') return option;
  if (option === 'rbind') return '';
  if (option === 'bind') return 'bind-nonrecursive=true';
  if (option === 'rro') return 'bind-recursive=readonly';
  if (option === 'z') return 'relabel=shared';
  if (option === 'Z') return 'relabel=private';
  if (option === 'U') return 'U=true';
  if (/^r?(shared|slave|private|unbindable)$/.test(option)) return `bind-propagation=${option}`;
  return option;
}

function tmpfsWords(options: readonly string[]): string[] {
  return options
    .filter((option) => option !== 'rprivate')
    .map((option) => option.replace(/^(size|mode)=/, 'tmpfs-$1='));
}

/** A word with a comma in it is one word all the same. */
function quoted(words: readonly string[]): string {
  return words.map((word) => (/[",\n]/.test(word) ? `"${word.replaceAll('"', '""')}"` : word)).join(',');
}

/** Files and variables in the words of --secret. */
export function secretTexts(spec: JsonObject): string[] {
  const files = objectsIn(spec, 'secrets').map((secret) => [
    textIn(secret, 'Source') ?? '',
    ...(textIn(secret, 'Target') === undefined ? [] : [`target=${textIn(secret, 'Target')}`]),
    `uid=${numberIn(secret, 'UID') ?? 0}`,
    `gid=${numberIn(secret, 'GID') ?? 0}`,
    ...(numberIn(secret, 'Mode') === undefined ? [] : [`mode=${numberIn(secret, 'Mode')?.toString(8)}`]),
  ]);
  const variables = Object.entries(textMapIn(spec, 'secret_env')).map(([variable, name]) => [
    name,
    'type=env',
    `target=${variable}`,
  ]);
  return [...files, ...variables].map((words) => {
    for (const word of words)
      if (word.includes(',')) throw new UsageError(`invalid secret ${JSON.stringify(word)}: it has a comma`);
    return words.join(',');
  });
}

export function volumeText(volume: JsonObject): string {
  const [name, destination] = [textIn(volume, 'Name'), textIn(volume, 'Dest') ?? ''];
  const options = textsIn(volume, 'Options');
  if (textIn(volume, 'SubPath') !== undefined)
    throw new UnsupportedError('SubPath of a volume is not supported');
  if (name === undefined || flagIn(volume, 'IsAnonymous') === true) return destination;
  return [name, destination, ...(options.length === 0 ? [] : [options.join(',')])].join(':');
}

export function portText(port: JsonObject): string {
  const range = numberIn(port, 'range') || 1;
  const span = (first: number): string => (range > 1 ? `${first}-${first + range - 1}` : String(first));
  const address = textIn(port, 'host_ip') ?? '';
  const host = numberIn(port, 'host_port') ?? 0;
  const ip = address.includes(':') ? `[${address}]` : address;
  const inside = `${span(numberIn(port, 'container_port') ?? 0)}/${textIn(port, 'protocol') ?? 'tcp'}`;
  const outside = host === 0 ? '' : span(host);
  if (ip !== '') return `${ip}:${outside}:${inside}`;
  return outside === '' ? inside : `${outside}:${inside}`;
}

/** The mode and the networks in the words of --network. */
export function networkTexts(spec: JsonObject): string[] | undefined {
  const namespace = objectIn(spec, 'netns');
  const [mode, value] = [textIn(namespace, 'nsmode'), textIn(namespace, 'value')];
  const networks = Object.entries(objectIn(spec, 'Networks')).concat(
    Object.entries(objectIn(spec, 'networks')),
  );
  if (networks.length > 0)
    return networks.map(([name, options]) => attachmentText(name, (options ?? {}) as JsonObject));
  if (mode === undefined || mode === 'default') return undefined;
  if (mode === 'path') return [`ns:${value}`];
  return [value === undefined ? mode : `${mode}:${value}`];
}

function attachmentText(name: string, options: JsonObject): string {
  const mac = textIn(options, 'static_mac');
  const interfaceName = textIn(options, 'interface_name');
  const words = [
    ...textsIn(options, 'static_ips').map((ip) => `ip=${ip}`),
    ...textsIn(options, 'aliases').map((alias) => `alias=${alias}`),
    ...(mac === undefined ? [] : [`mac=${mac}`]),
    ...(interfaceName === undefined ? [] : [`interface_name=${interfaceName}`]),
  ];
  return words.length === 0 ? name : `${name}:${words.join(',')}`;
}

/** The OCI's resources, as far as create has options for them. */
export function resourceOptions(limits: JsonObject): Partly {
  const [memory, cpu] = [objectIn(limits, 'memory'), objectIn(limits, 'cpu')];
  const bytes = (name: string): string | undefined => {
    const value = numberIn(memory, name);
    return value ? (value < 0 ? '-1' : `${value}b`) : undefined;
  };
  const weight = numberIn(objectIn(limits, 'blockIO'), 'weight');
  return {
    memory: bytes('limit'),
    memorySwap: bytes('swap'),
    memoryReservation: bytes('reservation'),
    memorySwappiness: numberIn(memory, 'swappiness'),
    oomKillDisable: flagIn(memory, 'disableOOMKiller'),
    cpuShares: numberIn(cpu, 'shares') || undefined,
    cpuPeriod: numberIn(cpu, 'period') || undefined,
    cpuQuota: numberIn(cpu, 'quota') || undefined,
    cpusetCpus: textIn(cpu, 'cpus'),
    cpusetMems: textIn(cpu, 'mems'),
    pidsLimit: numberIn(objectIn(limits, 'pids'), 'limit') || undefined,
    blkioWeight: weight ? String(weight) : undefined,
  };
}

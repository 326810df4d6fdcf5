import { IntegrityError } from '../base/errors.ts';
import { NAME_PATTERN } from '../base/ids.ts';
import { objectIn } from '../libpod/checkpoint-files.ts';
import type { ContainerSpec } from '../specgen/container-spec.ts';
import type { CreateOptions } from '../specgen/create-options.ts';
import { type CreateHooks, specOfRequest } from './create-container.ts';
import type { Engine } from './engine.ts';

export interface CheckpointDocuments {
  /** `config.dump` */
  config: Record<string, unknown>;
  /** `spec.dump` */
  document: Record<string, unknown>;
}

/**
 * The container that a checkpoint is of: as tspod has written it into `config.dump`, or, in an archive of podman's, from what podman's
 * own description and the runtime's document say. IntegrityError when neither makes sense.
 */
export async function specOfCheckpoint(
  engine: Engine,
  documents: CheckpointDocuments,
  hooks: CreateHooks,
): Promise<ContainerSpec> {
  const own = objectIn(documents.config['tspod'])['spec'];
  const spec = own === undefined ? await specOfPodman(engine, documents, hooks) : checked(own);
  for (const mount of spec.mounts)
    if ((mount.type === 'volume' || mount.type === 'image-volume') && !NAME_PATTERN.test(mount.name))
      throw new IntegrityError(`the checkpoint names a volume ${JSON.stringify(mount.name)}`);
  return spec;
}

const LISTS = ['createCommand', 'mounts', 'devices', 'deviceCgroupRules', 'exposedPorts', 'dependencies'];
const OBJECTS = [
  ...['process', 'labels', 'annotations', 'namespaces', 'network', 'security', 'resources'],
  ...['sysctl', 'log', 'restart'],
];
const TEXTS = ['name', 'imageName', 'rawImageName'];

/** Of every part that it has to have; what is in those, the start finds out. */
function checked(own: unknown): ContainerSpec {
  const spec = objectIn(own);
  const wrong = [
    ...LISTS.filter((name) => !Array.isArray(spec[name])),
    ...OBJECTS.filter(
      (name) => typeof spec[name] !== 'object' || spec[name] === null || Array.isArray(spec[name]),
    ),
    ...TEXTS.filter((name) => typeof spec[name] !== 'string'),
  ];
  if (spec['version'] !== 1 || wrong.length > 0)
    throw new IntegrityError(
      `the checkpoint describes its container in a way that this tspod does not know${wrong.length === 0 ? '' : `: ${wrong.join(', ')}`}`,
    );
  return own as ContainerSpec;
}

async function specOfPodman(
  engine: Engine,
  { config, document }: CheckpointDocuments,
  hooks: CreateHooks,
): Promise<ContainerSpec> {
  const process = objectIn(document['process']);
  const image = textIn(config, 'rootfsImageName');
  if (image === '') throw new IntegrityError('the checkpoint does not say which image its container has');
  const user = objectIn(process['user']);
  const args = textsIn(process, 'args');
  const options: CreateOptions = {
    name: textIn(config, 'name'),
    env: textsIn(process, 'env'),
    workdir: textIn(process, 'cwd') || '/',
    user: `${Number(user['uid'] ?? 0)}:${Number(user['gid'] ?? 0)}`,
    hostname: textIn(document, 'hostname'),
    tty: process['terminal'] === true,
    interactive: config['stdin'] === true,
    label: Object.entries(objectIn(config['labels'])).map(([key, value]) => `${key}=${String(value)}`),
    volume: [...bindsIn(config, document), ...volumesIn(config)],
    network: networksIn(config),
    publish: portsIn(config),
    restart: textIn(config, 'restart_policy') || 'no',
    // The whole command is in `args`.
    entrypoint: '',
    imageVolume: 'ignore',
    pull: 'missing',
  };
  return await specOfRequest(engine, { options, image, command: args }, hooks);
}

function textIn(object: Record<string, unknown>, name: string): string {
  const value = object[name];
  return typeof value === 'string' ? value : '';
}

function textsIn(object: Record<string, unknown>, name: string): string[] {
  const value = object[name];
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}

function objectsIn(object: Record<string, unknown>, name: string): Record<string, unknown>[] {
  const value = object[name];
  return Array.isArray(value) ? value.map(objectIn) : [];
}

/** Directories of the host that the user has mounted; podman's own lie in its directories. */
function bindsIn(config: Record<string, unknown>, document: Record<string, unknown>): string[] {
  const chosen = textsIn(config, 'userVolumes');
  const named = new Set(objectsIn(config, 'namedVolumes').map((volume) => textIn(volume, 'dest')));
  return objectsIn(document, 'mounts').flatMap((mount) => {
    const destination = textIn(mount, 'destination');
    if (textIn(mount, 'type') !== 'bind' || !chosen.includes(destination) || named.has(destination))
      return [];
    const mode = textsIn(mount, 'options').includes('ro') ? 'ro' : 'rw';
    return [`${textIn(mount, 'source')}:${destination}:${mode}`];
  });
}

function volumesIn(config: Record<string, unknown>): string[] {
  return objectsIn(config, 'namedVolumes').map((volume) => {
    const options = textsIn(volume, 'options').filter((word) => word === 'ro' || word === 'rw');
    return [textIn(volume, 'volumeName'), textIn(volume, 'dest'), ...options.slice(0, 1)].join(':');
  });
}

function networksIn(config: Record<string, unknown>): string[] {
  const mode = textIn(config, 'networkMode');
  if (mode === 'none' || mode === 'host') return [mode];
  const names = Object.keys(objectIn(config['newNetworks'] ?? config['networks']));
  return names.length > 0 ? names : ['none'];
}

function portsIn(config: Record<string, unknown>): string[] {
  return objectsIn(config, 'newPortMappings').flatMap((port) => {
    const range = Number(port['range'] ?? 1);
    const host = Number(port['host_port']);
    const container = Number(port['container_port']);
    const ip = textIn(port, 'host_ip');
    return Array.from({ length: Math.min(range, 65_535) }, (_, index) =>
      [ip, `${host + index}`, `${container + index}/${textIn(port, 'protocol') || 'tcp'}`]
        .filter((part) => part !== '')
        .join(':'),
    );
  });
}

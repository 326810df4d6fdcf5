import { posix } from 'node:path';
import { InvalidSpecError, UnsupportedError } from '../base/errors.ts';
import type { Metadata } from './documents.ts';
import { ownField } from './environment.ts';
import { choiceOf, type Field, flagOf, itemsOf, membersOf, numberOf, requiredText, textOf } from './field.ts';
import { type FileText, HOST_PATH_KINDS, type SecretFile, type VolumePlan } from './plan.ts';
import { quantityOf } from './quantity.ts';
import { configMapFor, missingKey, type PlayContext, secretKeysFor } from './sources.ts';

/** A volume of a pod, and how containers mount it. */
export interface PodVolume {
  plan: VolumePlan;
  readOnly: boolean;
  /** How a volume is made that is not there. */
  options: Record<string, string>;
}

const MODE = 0o644;
const CLUSTER = 'it belongs to a cluster: use hostPath or persistentVolumeClaim';
const REFUSED = Object.fromEntries(
  'awsElasticBlockStore azureDisk azureFile cephfs cinder csi ephemeral fc flexVolume flocker gcePersistentDisk gitRepo glusterfs iscsi nfs photonPersistentDisk portworxVolume quobyte rbd scaleIO storageos vsphereVolume'
    .split(' ')
    .map((name) => [name, CLUSTER]),
);

const TYPES = [
  'hostPath',
  'emptyDir',
  'persistentVolumeClaim',
  'configMap',
  'secret',
  'image',
  'projected',
  'downwardAPI',
] as const;

/** By name. */
export function volumesOf(
  field: Field | undefined,
  pod: Metadata,
  context: PlayContext,
): Map<string, PodVolume> {
  const volumes = new Map<string, PodVolume>();
  for (const item of itemsOf(field)) {
    const members = membersOf(item, { takes: `name ${TYPES.join(' ')}`, refuses: REFUSED });
    const name = requiredText(members('name'), `${item.path}.name`);
    if (volumes.has(name)) throw new InvalidSpecError(`${item.path}.name: ${name} is there twice`);
    const given = TYPES.filter((type) => members(type) !== undefined);
    const [type] = given;
    if (given.length > 1)
      throw new InvalidSpecError(`${item.path}: ${given.join(' and ')} exclude each other`);
    const source = type === undefined ? undefined : members(type);
    if (source === undefined || type === undefined)
      throw new InvalidSpecError(`${item.path}: has no source, such as hostPath or emptyDir`);
    volumes.set(name, READERS[type](source, { pod, context }));
  }
  return volumes;
}

interface Place {
  pod: Metadata;
  context: PlayContext;
}

const READERS: Record<(typeof TYPES)[number], (field: Field, place: Place) => PodVolume> = {
  hostPath: (field) => {
    const members = membersOf(field, { takes: 'path type' });
    const path = requiredText(members('path'), `${field.path}.path`);
    const kind = choiceOf(members('type'), HOST_PATH_KINDS) ?? '';
    // podman takes a word without a slash as the name of a volume.
    if (!path.includes('/')) return plain({ type: 'claim', volume: checkVolumeName(path, field) });
    if (!path.startsWith('/')) throw new InvalidSpecError(`${field.path}.path: must be an absolute path`);
    return plain({ type: 'host', path: posix.normalize(path), kind, at: field.path });
  },
  emptyDir: (field, { context }) => {
    const members = membersOf(field, { takes: 'medium sizeLimit' });
    const medium = members('medium');
    const text = textOf(medium) ?? '';
    const size = members('sizeLimit');
    const volume = context.newId();
    if (text === '') {
      if (size !== undefined)
        throw new UnsupportedError(`${size.path} is not supported: only a volume in memory has a limit`, {
          hint: 'medium: Memory',
        });
      return plain({ type: 'empty', volume, isMemory: false });
    }
    if (text !== 'Memory')
      throw new UnsupportedError(`${medium?.path ?? ''}: ${text} is not supported: there are "" and Memory`);
    const limit = size === undefined ? [] : [`size=${Math.ceil(quantityOf(size))}`];
    return {
      plan: { type: 'empty', volume, isMemory: true },
      readOnly: false,
      options: { type: 'tmpfs', device: 'tmpfs', o: [...limit, 'mode=1777', 'nocopy'].join(',') },
    };
  },
  persistentVolumeClaim: (field) => {
    const members = membersOf(field, { takes: 'claimName readOnly' });
    const volume = checkVolumeName(requiredText(members('claimName'), `${field.path}.claimName`), field);
    return { ...plain({ type: 'claim', volume }), readOnly: flagOf(members('readOnly')) ?? false };
  },
  configMap: (field, place) => files(place, [textsFrom(field, place)]),
  secret: (field, place) => files(place, [secretsFrom(field, place)]),
  downwardAPI: (field, place) => files(place, [ownFrom(field, place)]),
  projected: (field, place) => {
    const members = membersOf(field, { takes: 'sources defaultMode' });
    const mode = modeOf(members('defaultMode')) ?? MODE;
    const parts = itemsOf(members('sources')).flatMap((item) => {
      const source = membersOf(item, {
        takes: 'configMap secret downwardAPI',
        refuses: { serviceAccountToken: CLUSTER, clusterTrustBundle: CLUSTER, podCertificate: CLUSTER },
      });
      const [map, secret, own] = [source('configMap'), source('secret'), source('downwardAPI')];
      return [
        ...(map === undefined ? [] : [textsFrom(map, place, mode)]),
        ...(secret === undefined ? [] : [secretsFrom(secret, place, mode)]),
        ...(own === undefined ? [] : [ownFrom(own, place, mode)]),
      ];
    });
    return files(place, parts);
  },
  image: (field) => {
    const members = membersOf(field, { takes: 'reference pullPolicy' });
    const image = requiredText(members('reference'), `${field.path}.reference`);
    const policy = choiceOf(members('pullPolicy'), ['Always', 'IfNotPresent', 'Never']);
    return plain({ type: 'image', image, pull: pullOf(policy) });
  },
};

/** As `--pull` says it. */
export function pullOf(policy: 'Always' | 'IfNotPresent' | 'Never' | undefined): string | undefined {
  return policy === undefined
    ? undefined
    : { Always: 'always', IfNotPresent: 'missing', Never: 'never' }[policy];
}

function plain(plan: VolumePlan): PodVolume {
  return { plan, readOnly: false, options: {} };
}

function checkVolumeName(name: string, field: Field): string {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) return name;
  throw new InvalidSpecError(`${field.path}: ${JSON.stringify(name)} cannot be the name of a volume`);
}

interface Content {
  files: FileText[];
  secrets: SecretFile[];
}

function files({ context }: Place, parts: readonly Content[]): PodVolume {
  const volume = context.newId();
  return {
    plan: {
      type: 'files',
      volume,
      files: parts.flatMap((part) => part.files),
      secrets: parts.flatMap((part) => part.secrets),
    },
    // Nobody changes what the documents say.
    readOnly: true,
    options: {},
  };
}

function textsFrom(field: Field, { context }: Place, mode = MODE): Content {
  const members = membersOf(field, { takes: 'name items defaultMode optional' });
  const name = requiredText(members('name'), `${field.path}.name`);
  const optional = flagOf(members('optional')) ?? false;
  const data = configMapFor(context, name, field, optional);
  const usual = modeOf(members('defaultMode')) ?? mode;
  const chosen = chosenKeys(members('items'), [...(data?.keys() ?? [])], usual);
  const found = chosen.flatMap(({ key, path, mode: own }) => {
    const text = data?.get(key);
    if (text === undefined && !optional) throw missingKey(key, `ConfigMap ${name}`, field);
    return text === undefined ? [] : [{ path, data: text, mode: own }];
  });
  return { files: found, secrets: [] };
}

function secretsFrom(field: Field, { context }: Place, mode = MODE): Content {
  const members = membersOf(field, { takes: 'secretName name items defaultMode optional' });
  const name = requiredText(members('secretName') ?? members('name'), `${field.path}.secretName`);
  const optional = flagOf(members('optional')) ?? false;
  const keys = secretKeysFor(context, name, field, optional) ?? [];
  const usual = modeOf(members('defaultMode')) ?? mode;
  const chosen = chosenKeys(members('items'), keys, usual);
  const missing = chosen.find(({ key }) => !keys.includes(key));
  if (missing !== undefined && !optional) throw missingKey(missing.key, `Secret ${name}`, field);
  return {
    files: [],
    secrets: chosen.filter(({ key }) => keys.includes(key)).map((item) => ({ name, ...item })),
  };
}

function ownFrom(field: Field, { pod }: Place, mode = MODE): Content {
  const members = membersOf(field, { takes: 'items defaultMode' });
  const usual = modeOf(members('defaultMode')) ?? mode;
  const found = itemsOf(members('items')).map((item) => {
    const parts = membersOf(item, {
      takes: 'path fieldRef mode',
      refuses: { resourceFieldRef: 'limits are told as variables only: env' },
    });
    const path = requiredText(parts('path'), `${item.path}.path`);
    const reference = parts('fieldRef');
    if (reference === undefined) throw new InvalidSpecError(`${item.path}.fieldRef: is missing`);
    const data = Buffer.from(ownField(reference, pod));
    return { path: belowVolume(path, item), data, mode: modeOf(parts('mode')) ?? usual };
  });
  return { files: found, secrets: [] };
}

function chosenKeys(field: Field | undefined, keys: readonly string[], usual: number) {
  if (field === undefined) return keys.map((key) => ({ key, path: key, mode: usual }));
  return itemsOf(field).map((item) => {
    const members = membersOf(item, { takes: 'key path mode' });
    const key = requiredText(members('key'), `${item.path}.key`);
    const path = requiredText(members('path'), `${item.path}.path`);
    return { key, path: belowVolume(path, item), mode: modeOf(members('mode')) ?? usual };
  });
}

/** A path inside a volume; no part of it climbs. */
export function belowVolume(path: string, { path: at }: Field): string {
  const parts = path.split('/');
  if (path.startsWith('/') || parts.includes('..') || path.includes('\0'))
    throw new InvalidSpecError(`${at}: ${JSON.stringify(path)} must be a path below the volume`);
  return posix.normalize(path);
}

function modeOf(field: Field | undefined): number | undefined {
  return numberOf(field, [0, 0o777]);
}

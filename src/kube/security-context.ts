import { posix } from 'node:path';
import { InvalidSpecError, UnsupportedError } from '../base/errors.ts';
import { parseCapability } from '../specgen/capabilities.ts';
import type { CreateOptions } from '../specgen/create-options.ts';
import {
  choiceOf,
  type Field,
  flagOf,
  itemsOf,
  type Members,
  membersOf,
  numberOf,
  requiredText,
  textOf,
  textsOf,
  withoutEffect,
} from './field.ts';
import type { PlayContext } from './sources.ts';

const LARGEST_ID = 0xffff_fffe;
/** Volumes are not given to fsGroup, which is one of the groups of all containers. */
const IDLE = 'fsGroupChangePolicy supplementalGroupsPolicy seLinuxChangePolicy';
const USUAL = { supplementalGroupsPolicy: 'Merge' };
const NOT_LINUX = { windowsOptions: 'containers are those of Linux' };

export interface PodSecurity {
  /** What containers have that say nothing themselves. */
  members: Members;
  groups: string[];
  sysctl: string[];
}

export function podSecurity(field: Field | undefined, context: Pick<PlayContext, 'leaveOut'>): PodSecurity {
  const members: Members =
    field === undefined
      ? () => undefined
      : membersOf(field, {
          takes: `runAsUser runAsGroup runAsNonRoot seLinuxOptions seccompProfile appArmorProfile supplementalGroups fsGroup sysctls ${IDLE}`,
          refuses: NOT_LINUX,
        });
  context.leaveOut(withoutEffect(members, IDLE, USUAL));
  const groups = [...itemsOf(members('supplementalGroups')), ...listOf(members('fsGroup'))].map((item) =>
    String(numberOf(item, [0, LARGEST_ID])),
  );
  const sysctl = itemsOf(members('sysctls')).map((item) => {
    const parts = membersOf(item, { takes: 'name value' });
    return `${requiredText(parts('name'), `${item.path}.name`)}=${textOf(parts('value')) ?? ''}`;
  });
  return { members, groups, sysctl };
}

export interface ContainerSecurity {
  options: CreateOptions;
  group: number | undefined;
  nonRoot: boolean;
}

/** What a container says wins over what its pod says. */
export function containerSecurity(
  field: Field | undefined,
  pod: PodSecurity,
  context: Pick<PlayContext, 'seccompRoot' | 'selinux' | 'leaveOut'>,
): ContainerSecurity {
  const own: Members =
    field === undefined
      ? () => undefined
      : membersOf(field, {
          takes:
            'runAsUser runAsGroup runAsNonRoot seLinuxOptions seccompProfile appArmorProfile capabilities privileged readOnlyRootFilesystem allowPrivilegeEscalation procMount',
          refuses: NOT_LINUX,
        });
  const either: Members = (name) => own(name) ?? pod.members(name);
  const user = numberOf(either('runAsUser'), [0, LARGEST_ID]);
  const group = numberOf(either('runAsGroup'), [0, LARGEST_ID]);
  const nonRoot = either('runAsNonRoot');
  if (flagOf(nonRoot) === true && user === 0)
    throw new InvalidSpecError(`${nonRoot?.path ?? ''}: contradicts runAsUser, which is root`);
  const options: CreateOptions = {};
  if (user !== undefined) options.user = group === undefined ? String(user) : `${user}:${group}`;
  if (pod.groups.length > 0) options.groupAdd = pod.groups;
  if (flagOf(own('privileged')) === true) options.privileged = true;
  if (flagOf(own('readOnlyRootFilesystem')) === true) {
    options.readOnly = true;
    // Kubernetes has no writable places of its own.
    options.readOnlyTmpfs = false;
  }
  addCapabilities(own('capabilities'), options);
  const security = [
    ...(flagOf(own('allowPrivilegeEscalation')) === false ? ['no-new-privileges'] : []),
    ...(choiceOf(own('procMount'), ['Default', 'Unmasked']) === 'Unmasked' ? ['unmask=ALL'] : []),
    ...seLinuxWords(either('seLinuxOptions'), context),
    ...seccompWords(either('seccompProfile'), context.seccompRoot),
    ...appArmorWords(either('appArmorProfile')),
  ];
  if (security.length > 0) options.securityOpt = security;
  return {
    options,
    group: user === undefined ? group : undefined,
    nonRoot: flagOf(nonRoot) === true && user === undefined,
  };
}

function listOf(field: Field | undefined): Field[] {
  return field === undefined ? [] : [field];
}

function addCapabilities(field: Field | undefined, options: CreateOptions): void {
  if (field === undefined) return;
  const members = membersOf(field, { takes: 'add drop' });
  const add = textsOf(members('add'))?.map(parseCapability) ?? [];
  const drop = textsOf(members('drop'))?.map(parseCapability) ?? [];
  if (add.length > 0) options.capAdd = add;
  if (drop.length > 0) options.capDrop = drop;
}

function seLinuxWords(
  field: Field | undefined,
  { selinux, leaveOut }: Pick<PlayContext, 'selinux' | 'leaveOut'>,
): string[] {
  if (field === undefined) return [];
  const members = membersOf(field, { takes: 'user role type level filetype' });
  if (!selinux) {
    leaveOut([field.path]);
    return [];
  }
  return ['user', 'role', 'type', 'level', 'filetype'].flatMap((name) => {
    const text = textOf(members(name));
    return text ? [`label=${name}:${text}`] : [];
  });
}

function seccompWords(field: Field | undefined, root: string): string[] {
  if (field === undefined) return [];
  const members = membersOf(field, { takes: 'type localhostProfile' });
  const type = choiceOf(members('type'), ['RuntimeDefault', 'Unconfined', 'Localhost']);
  if (type === undefined) throw new InvalidSpecError(`${field.path}.type: is missing`);
  if (type === 'RuntimeDefault') return ['seccomp=builtin'];
  if (type === 'Unconfined') return ['seccomp=unconfined'];
  const profile = members('localhostProfile');
  return [`seccomp=${belowRoot(requiredText(profile, `${field.path}.localhostProfile`), root, profile)}`];
}

/** The path of a profile below the directory of profiles. */
export function belowRoot(path: string, root: string, field: Field | undefined): string {
  if (path.startsWith('/') || path.split('/').includes('..'))
    throw new InvalidSpecError(`${field?.path ?? path}: must be a path below ${root}`);
  return posix.join(root, path);
}

function appArmorWords(field: Field | undefined): string[] {
  if (field === undefined) return [];
  const members = membersOf(field, { takes: 'type localhostProfile' });
  const type = choiceOf(members('type'), ['RuntimeDefault', 'Unconfined', 'Localhost']);
  if (type === 'RuntimeDefault') return [];
  if (type === 'Unconfined') return ['apparmor=unconfined'];
  if (type === undefined) throw new UnsupportedError(`${field.path}.type: is missing`);
  return [`apparmor=${requiredText(members('localhostProfile'), `${field.path}.localhostProfile`)}`];
}

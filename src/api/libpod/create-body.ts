import { UnsupportedError, UsageError } from '../../base/errors.ts';
import type { CreateOptions, CreateRequest } from '../../specgen/create-options.ts';
import { flagIn, numberIn, objectIn, objectsIn, textIn, textMapIn, textsIn, wordsIn } from '../body.ts';
import type { JsonObject } from '../read-body.ts';
import { ulimitsIn } from './ulimits.ts';
import {
  mountText,
  networkTexts,
  portText,
  resourceOptions,
  secretTexts,
  volumeText,
} from './create-parts.ts';

type Partly = { [Key in keyof CreateOptions]?: CreateOptions[Key] | undefined };

/**
 * podman's SpecGenerator as options of create. Members that nothing here reads are refused by name, unless they say what is so anyway.
 */
export function requestFromSpec(spec: JsonObject): { request: CreateRequest; createCommand: string[] } {
  const image = textIn(spec, 'image');
  if (image === undefined)
    throw new UsageError('no image is named: containers of a rootfs are not supported');
  for (const [name, value] of Object.entries(spec))
    if (!READ.has(name.toLowerCase()) && !saysNothing(name, value))
      throw new UnsupportedError(`${name} in the specification of a container is not supported`);
  const options: Partly = {
    ...processOptions(spec),
    ...placeOptions(spec),
    ...limitOptions(spec),
    ...resourceOptions(objectIn(spec, 'resource_limits')),
  };
  return {
    request: {
      options: Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)),
      image: textIn(spec, 'raw_image_name') ?? image,
      command: textsIn(spec, 'command'),
      ...(flagIn(spec, 'create_working_dir') === true ? { extras: { makeWorkdir: true } } : {}),
    },
    createCommand: textsIn(spec, 'containerCreateCommand').slice(1),
  };
}

function processOptions(spec: JsonObject): Partly {
  const entrypoint = wordsIn(spec, 'entrypoint');
  const health = objectIn(spec, 'healthconfig');
  const test = textsIn(health, 'Test');
  const time = (name: string): string | undefined => {
    const value = numberIn(health, name);
    return value === undefined || value === 0 ? undefined : `${value}ns`;
  };
  return {
    name: textIn(spec, 'name'),
    pod: textIn(spec, 'pod'),
    initCtr: textIn(spec, 'init_container_type'),
    requires: textsIn(spec, 'dependencyContainers'),
    entrypoint:
      entrypoint === undefined ? undefined : entrypoint.join('') === '' ? '' : JSON.stringify(entrypoint),
    env: Object.entries(textMapIn(spec, 'env')).map(([key, value]) => `${key}=${value}`),
    secret: secretTexts(spec),
    unsetenv: textsIn(spec, 'unsetenv'),
    unsetenvAll: flagIn(spec, 'unsetenvall'),
    httpProxy: flagIn(spec, 'httpproxy'),
    tty: flagIn(spec, 'terminal'),
    interactive: flagIn(spec, 'stdin'),
    label: pairs(spec, 'labels'),
    annotation: pairs(spec, 'annotations').filter((each) => !each.startsWith('io.kubernetes.cri-o.')),
    stopSignal:
      numberIn(spec, 'stop_signal') === undefined ? undefined : String(numberIn(spec, 'stop_signal')),
    stopTimeout: numberIn(spec, 'stop_timeout'),
    timeout: numberIn(spec, 'timeout'),
    user: textIn(spec, 'user'),
    groupAdd: textsIn(spec, 'groups'),
    workdir: textIn(spec, 'work_dir'),
    umask: textIn(spec, 'umask'),
    tz: textIn(spec, 'timezone'),
    rm: flagIn(spec, 'remove'),
    init: flagIn(spec, 'init'),
    initPath: textIn(spec, 'init_path'),
    restart: restart(spec),
    ...(test[0] === 'NONE'
      ? { noHealthcheck: true }
      : {
          healthCmd: test.length === 0 ? undefined : JSON.stringify(test),
          healthInterval: time('Interval'),
          healthTimeout: time('Timeout'),
          healthStartPeriod: time('StartPeriod'),
          healthRetries: numberIn(health, 'Retries') || undefined,
        }),
  };
}

function placeOptions(spec: JsonObject): Partly {
  const log = objectIn(spec, 'log_configuration');
  const network = networkTexts(spec);
  return {
    hostname: textIn(spec, 'hostname'),
    mount: objectsIn(spec, 'mounts').flatMap((mount) => mountText(mount) ?? []),
    volume: objectsIn(spec, 'volumes').map(volumeText),
    volumesFrom: textsIn(spec, 'volumes_from'),
    imageVolume: imageVolume(textIn(spec, 'image_volume_mode')),
    network,
    publish: objectsIn(spec, 'portmappings').map(portText),
    publishAll: flagIn(spec, 'publish_image_ports'),
    expose: Object.entries(objectIn(spec, 'expose')).map(
      ([port, protocol]) => `${port}/${String(protocol || 'tcp')}`,
    ),
    dns: textsIn(spec, 'dns_server'),
    dnsSearch: textsIn(spec, 'dns_search'),
    dnsOption: textsIn(spec, 'dns_option'),
    addHost: textsIn(spec, 'hostadd'),
    noHosts: flagIn(spec, 'use_image_hosts') === true ? true : undefined,
    pid: namespace(spec, 'pidns'),
    ipc: namespace(spec, 'ipcns'),
    uts: namespace(spec, 'utsns'),
    cgroupns: namespace(spec, 'cgroupns'),
    userns: namespace(spec, 'userns'),
    logDriver: textIn(log, 'driver'),
    logOpt: [
      ...pairs(log, 'options'),
      ...(textIn(log, 'path') === undefined ? [] : [`path=${textIn(log, 'path')}`]),
      ...(numberIn(log, 'size') ? [`max-size=${numberIn(log, 'size')}b`] : []),
    ],
  };
}

function limitOptions(spec: JsonObject): Partly {
  const apparmor = textIn(spec, 'apparmor_profile');
  const seccomp = textIn(spec, 'seccomp_profile_path');
  return {
    privileged: flagIn(spec, 'privileged'),
    capAdd: textsIn(spec, 'cap_add'),
    capDrop: textsIn(spec, 'cap_drop'),
    readOnly: flagIn(spec, 'read_only_filesystem'),
    readOnlyTmpfs: flagIn(spec, 'read_write_tmpfs'),
    securityOpt: [
      ...textsIn(spec, 'selinux_opts').map((option) => `label=${option}`),
      ...(apparmor === undefined ? [] : [`apparmor=${apparmor}`]),
      ...(seccomp === undefined ? [] : [`seccomp=${seccomp}`]),
      ...(flagIn(spec, 'no_new_privileges') === true ? ['no-new-privileges'] : []),
      ...textsIn(spec, 'mask').map((path) => `mask=${path}`),
      ...textsIn(spec, 'unmask').map((path) => `unmask=${path}`),
    ],
    storageOpt: pairs(spec, 'storage_opts'),
    sysctl: pairs(spec, 'sysctl'),
    shmSize: numberIn(spec, 'shm_size') ? `${numberIn(spec, 'shm_size')}b` : undefined,
    oomScoreAdj: numberIn(spec, 'oom_score_adj'),
    cgroupParent: textIn(spec, 'cgroup_parent'),
    cgroups: textIn(spec, 'cgroups_mode'),
    device: objectsIn(spec, 'devices').map((device) => textIn(device, 'path') ?? ''),
    ulimit: ulimitsIn(spec),
  };
}

function restart(spec: JsonObject): string | undefined {
  const policy = textIn(spec, 'restart_policy');
  const tries = numberIn(spec, 'restart_tries');
  return policy === undefined || !tries ? policy : `${policy}:${tries}`;
}

export function namespace(spec: JsonObject, name: string): string | undefined {
  const value = objectIn(spec, name);
  const [mode, argument] = [textIn(value, 'nsmode'), textIn(value, 'value')];
  if (mode === undefined || mode === 'default') return undefined;
  if (mode === 'path') return `ns:${argument}`;
  return argument === undefined ? mode : `${mode}:${argument}`;
}

function imageVolume(mode: string | undefined): string | undefined {
  return mode === 'anonymous' ? 'bind' : mode;
}

export function pairs(spec: JsonObject, name: string): string[] {
  return Object.entries(textMapIn(spec, name)).map(([key, value]) => `${key}=${value}`);
}

const READ = new Set([
  ...[
    'image',
    'raw_image_name',
    'command',
    'containercreatecommand',
    'name',
    'pod',
    'init_container_type',
    'dependencycontainers',
    'entrypoint',
    'env',
    'secrets',
    'secret_env',
    'unsetenv',
  ],
  ...[
    'unsetenvall',
    'httpproxy',
    'terminal',
    'stdin',
    'labels',
    'annotations',
    'stop_signal',
    'stop_timeout',
  ],
  ...[
    'timeout',
    'user',
    'groups',
    'work_dir',
    'create_working_dir',
    'umask',
    'timezone',
    'remove',
    'init',
    'init_path',
    'restart_policy',
  ],
  ...[
    'restart_tries',
    'healthconfig',
    'hostname',
    'mounts',
    'volumes',
    'volumes_from',
    'image_volume_mode',
    'netns',
  ],
  ...[
    'networks',
    'portmappings',
    'publish_image_ports',
    'expose',
    'dns_server',
    'dns_search',
    'dns_option',
    'hostadd',
  ],
  ...[
    'use_image_hosts',
    'pidns',
    'ipcns',
    'utsns',
    'cgroupns',
    'userns',
    'log_configuration',
    'privileged',
    'cap_add',
  ],
  ...['cap_drop', 'read_only_filesystem', 'read_write_tmpfs', 'selinux_opts', 'apparmor_profile'],
  ...['seccomp_profile_path', 'no_new_privileges', 'mask', 'unmask', 'sysctl', 'shm_size', 'oom_score_adj'],
  ...['storage_opts', 'cgroup_parent', 'cgroups_mode', 'devices', 'r_limits', 'resource_limits'],
]);

/** What podman's client sends for every container, though it means no more than the default. */
const USUAL: Readonly<Record<string, readonly unknown[]>> = {
  systemd: ['true', 'false'],
  sdnotifymode: ['container', 'ignore'],
  seccomp_policy: ['default'],
  manage_password: [true],
  volatile: [true, false],
  env_host: [false],
  image_os: ['linux'],
};

export function saysNothing(name: string, value: unknown): boolean {
  if (value === null || value === '' || value === false || value === 0) return true;
  if (name === 'idmappings' && typeof value === 'object') {
    const { HostUIDMapping, HostGIDMapping } = value as JsonObject;
    return HostUIDMapping === true && HostGIDMapping === true;
  }
  if (USUAL[name.toLowerCase()]?.includes(value) === true) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

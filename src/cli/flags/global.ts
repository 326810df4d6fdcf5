import type { FlagRecord } from '../flag.ts';

const logLevel = {
  long: 'log-level',
  type: 'string',
  placeholder: 'level',
  default: 'warn',
  help: 'Show messages at and above this level',
  complete: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'panic'],
} as const satisfies FlagRecord;

/** Options of the program itself; taken before the command and, by their long names, after it. */
export const globalFlags: Readonly<Record<string, FlagRecord>> = {
  root: {
    long: 'root',
    type: 'string',
    placeholder: 'path',
    help: 'Directory for images, containers and volumes',
    complete: 'directories',
  },
  runroot: {
    long: 'runroot',
    type: 'string',
    placeholder: 'path',
    help: 'Directory for state that ends with the boot',
    complete: 'directories',
  },
  tmpdir: {
    long: 'tmpdir',
    type: 'string',
    placeholder: 'path',
    help: 'Directory for temporary files of the engine',
    complete: 'directories',
  },
  runtime: {
    long: 'runtime',
    type: 'string',
    placeholder: 'runtime',
    help: 'OCI runtime to use: a name from containers.conf or a path',
    complete: ['crun', 'runc', 'runsc'],
  },
  runtimeFlag: {
    long: 'runtime-flag',
    type: 'stringArray',
    placeholder: 'flag',
    help: 'Global flag for the OCI runtime, without its leading dashes',
  },
  storageDriver: {
    long: 'storage-driver',
    type: 'string',
    placeholder: 'driver',
    help: 'How layers are kept and put together',
    complete: ['overlay', 'vfs'],
  },
  storageOpt: {
    long: 'storage-opt',
    type: 'stringArray',
    placeholder: 'option',
    help: 'Option for the storage driver',
  },
  cgroupManager: {
    long: 'cgroup-manager',
    type: 'string',
    placeholder: 'manager',
    help: 'Who creates the cgroups of containers',
    values: ['cgroupfs', 'systemd'],
    complete: ['cgroupfs', 'systemd'],
  },
  conmon: {
    long: 'conmon',
    type: 'string',
    placeholder: 'path',
    help: 'Monitor program to use',
    complete: 'files',
  },
  logLevel,
  eventsBackend: {
    long: 'events-backend',
    type: 'string',
    placeholder: 'type',
    help: 'Where events are kept: file, which is the state database',
    values: ['file'],
    complete: ['file'],
  },
  cdiSpecDir: {
    long: 'cdi-spec-dir',
    type: 'stringArray',
    placeholder: 'path',
    help: 'Directory with specifications of CDI devices',
    complete: 'directories',
  },
  module: {
    long: 'module',
    type: 'stringArray',
    placeholder: 'file',
    help: 'Further containers.conf: a path, or a name below containers.conf.modules',
    complete: 'modules',
  },
  networkConfigDir: {
    long: 'network-config-dir',
    type: 'string',
    placeholder: 'directory',
    help: 'Directory with the definitions of networks',
    complete: 'directories',
  },
  volumepath: {
    long: 'volumepath',
    type: 'string',
    placeholder: 'path',
    help: 'Directory for new volumes',
    complete: 'directories',
  },
  hooksDir: {
    long: 'hooks-dir',
    type: 'stringArray',
    placeholder: 'path',
    help: 'Directory with OCI hook definitions',
    complete: 'directories',
  },
};

/** Options that are understood only before the command: their names mean other things after it. */
export const rootFlags: Readonly<Record<string, FlagRecord>> = {
  version: { long: 'version', short: 'v', type: 'bool', help: 'Print the version and exit' },
  config: {
    long: 'config',
    type: 'string',
    placeholder: 'path',
    help: 'Directory with the config.json that holds registry credentials',
    complete: 'directories',
  },
  logLevel: { ...logLevel, short: 'l' },
  host: {
    long: 'host',
    short: 'H',
    type: 'stringArray',
    placeholder: 'address',
    help: "Address of a daemon: only that of tspod's own service is accepted",
  },
  url: {
    long: 'url',
    type: 'string',
    placeholder: 'address',
    help: "Address of a service: only that of tspod's own is accepted",
  },
  remote: {
    long: 'remote',
    short: 'r',
    type: 'bool',
    help: 'Work on what the service works on, which tspod does anyway',
  },
  connection: {
    long: 'connection',
    type: 'string',
    help: 'Not supported',
    hidden: true,
    refused: 'there are no connections to other machines: tspod works on the storage of this machine itself',
  },
  context: {
    long: 'context',
    short: 'c',
    type: 'string',
    placeholder: 'name',
    help: "docker's context: only one that leads to this machine is accepted",
  },
  ...Object.fromEntries(
    (['tls', 'tlscacert', 'tlscert', 'tlskey', 'tlsverify'] as const).map((long): [string, FlagRecord] => [
      long,
      {
        long,
        type: long === 'tls' || long === 'tlsverify' ? 'bool' : 'string',
        help: 'Not supported',
        hidden: true,
        refused: 'there is no daemon to connect to: tspod works on the storage of this machine itself',
      },
    ]),
  ),
  debug: { long: 'debug', short: 'D', type: 'bool', help: 'The same as --log-level=debug' },
};

export const helpFlag: FlagRecord = { long: 'help', short: 'h', type: 'bool', help: 'Print help and exit' };

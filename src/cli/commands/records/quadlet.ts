import type { CommandRecord } from '../../command.ts';

const MANY = Number.POSITIVE_INFINITY;

const reloadSystemd = {
  long: 'reload-systemd',
  type: 'bool',
  help: 'Have systemd read its units again afterwards (default true)',
} as const;

export const quadletRecords: readonly CommandRecord[] = [
  {
    paths: ['quadlet install'],
    summary: 'Install Quadlet files',
    description:
      'The first place is a Quadlet file, a directory of them, or a .quadlets file with several, divided by lines of --- and each with a line "# FileName=NAME"; the others are files that belong to it. Web addresses are fetched. All go to /etc/containers/systemd, or to ~/.config/containers/systemd for your own containers. What is installed together is removed together.',
    examples: [
      'quadlet install web.container',
      'quadlet install --replace web.container web.env',
      'quadlet install shop.quadlets',
      'quadlet install https://example.com/web.container',
    ],
    arguments: { usage: 'QUADLET-PATH-OR-URL [FILES-PATH-OR-URL...]', min: 1, max: MANY, complete: 'files' },
    flags: {
      reloadSystemd,
      replace: { long: 'replace', short: 'r', type: 'bool', help: 'Replace files that are there already' },
    },
    withoutEngine: true,
    load: () => import('../quadlet/install.ts'),
  },
  {
    paths: ['quadlet list', 'quadlet ls'],
    summary: 'List Quadlet files and the services they make',
    examples: ['quadlet list', 'quadlet list --filter name=^web --format "{{.Name}} {{.Status}}"'],
    arguments: { usage: '', min: 0, max: 0 },
    flags: {
      filter: {
        long: 'filter',
        short: 'f',
        type: 'stringArray',
        placeholder: 'name=pattern',
        help: 'Only those whose name matches this regular expression',
      },
      format: {
        long: 'format',
        type: 'string',
        placeholder: 'template',
        help: 'Go template for each line, or json',
      },
    },
    withoutEngine: true,
    load: () => import('../quadlet/list.ts'),
  },
  {
    paths: ['quadlet print', 'quadlet cat'],
    summary: 'Show a Quadlet file',
    examples: ['quadlet print web.container'],
    arguments: { usage: 'QUADLET', min: 1, max: 1 },
    flags: {},
    withoutEngine: true,
    load: () => import('../quadlet/print.ts'),
  },
  {
    paths: ['quadlet rm'],
    summary: 'Remove Quadlet files',
    description:
      'By name of the file, of its service, or of an application: what was installed together with it goes, too.',
    examples: ['quadlet rm web.container', 'quadlet rm --force --all'],
    arguments: { usage: 'QUADLET [QUADLET...]', min: 0, max: MANY },
    flags: {
      all: { long: 'all', short: 'a', type: 'bool', help: 'Remove all' },
      force: { long: 'force', short: 'f', type: 'bool', help: 'Stop the service first if it runs' },
      ignore: { long: 'ignore', short: 'i', type: 'bool', help: 'A file that is not there is no error' },
      reloadSystemd,
    },
    exits: { NotFoundError: 1 },
    withoutEngine: true,
    load: () => import('../quadlet/remove.ts'),
  },
  {
    paths: ['quadlet generate'],
    summary: 'Make the services of Quadlet files',
    description: "systemd's generator runs it; with --dryrun it shows what it would write.",
    examples: ['quadlet generate --dryrun', 'quadlet generate /run/systemd/generator'],
    arguments: { usage: '[DIRECTORY...]', min: 0, max: 3, complete: 'directories' },
    flags: {
      dryrun: { long: 'dryrun', type: 'bool', help: 'Print the services' },
      user: { long: 'user', type: 'bool', help: "For the user's service manager" },
      noKmsgLog: {
        long: 'no-kmsg-log',
        type: 'bool',
        help: 'Nothing is written to the log of the kernel',
        hidden: true,
        noop: true,
      },
      verbose: {
        long: 'verbose',
        short: 'v',
        type: 'bool',
        help: 'What is wrong is told anyway',
        hidden: true,
        noop: true,
      },
    },
    withoutEngine: true,
    load: () => import('../quadlet/generate.ts'),
  },
];

import type { CommandRecord } from './command.ts';
import type { FlagRecord } from './flag.ts';
import { globalFlags, helpFlag, rootFlags } from './flags/global.ts';
import { commandsBelow, meaningOf, spellingOf, usageOf, visibleFlags } from './help.ts';

export interface ManPage {
  /** `tspod-run.1` */
  file: string;
  text: string;
}

/** The program's page and one for each command, by all its names. */
export function manPages(commands: readonly CommandRecord[], version: string): ManPage[] {
  const visible = commands.filter((record) => record.hidden !== true);
  const pages = visible.flatMap((record) => [commandPage(record, version), ...otherNames(record)]);
  return [programPage(commands, version), ...pages];
}

/** `man tspod-container-ls` shows the page of ps. */
function otherNames({ paths: [path = '', ...others] }: CommandRecord): ManPage[] {
  return others.map((other) => ({ file: `${pageName(other)}.1`, text: `.so man1/${pageName(path)}.1\n` }));
}

function pageName(path: string): string {
  return `tspod-${path.replaceAll(' ', '-')}`;
}

/** What tspod reads of the environment and a person may want to set; docs/files.md has the same list. */
export const ENVIRONMENT: readonly (readonly [name: string, meaning: string])[] = [
  ['CONTAINERS_CONF', 'The only containers.conf that is read'],
  ['CONTAINERS_CONF_OVERRIDE', 'One that is read after all others'],
  ['CONTAINERS_STORAGE_CONF', 'storage.conf, in place of those in the usual places'],
  ['CONTAINERS_REGISTRIES_CONF', 'registries.conf, likewise'],
  ['STORAGE_DRIVER', 'As --storage-driver'],
  ['STORAGE_OPTS', 'As --storage-opt, with commas between several'],
  ['REGISTRY_AUTH_FILE', 'As --authfile'],
  ['DOCKER_CONFIG', "Directory of docker's config.json"],
  ['DOCKER_CONTEXT', 'As --context'],
  [
    'SSL_CERT_FILE',
    "File with the authorities that registries are trusted by, in place of the host's; SSL_CERT_DIR a directory of such",
  ],
  [
    'HTTPS_PROXY',
    'With HTTP_PROXY and NO_PROXY: the way to registries; handed on to containers and builds, unless --http-proxy=false',
  ],
  ['BUILDAH_FORMAT', 'As build --format'],
  ['PODMAN_USERNS', 'As --userns of run and create'],
  ['QUADLET_UNIT_DIRS', 'Directories of Quadlet files, with colons between several'],
  ['TSPOD_COMPOSE_PROVIDER', 'The program that compose runs'],
  ['TSPOD_NODE', 'The Node.js that tspod runs on, in place of its own and of the quick program'],
  ['TSPOD_UNPACK_LIMIT', 'The size that a layer or archive may unpack to (20g; 0: no limit)'],
  ['XDG_RUNTIME_DIR', "Where a user's run root is; without it /run/user/UID, else a directory in /tmp"],
];

function programPage(commands: readonly CommandRecord[], version: string): ManPage {
  const list = commandsBelow('', commands).map(({ left, right }) => `.TP\n.B ${roff(left)}\n${roff(right)}`);
  return {
    file: 'tspod.1',
    text: page('tspod', version, [
      ['NAME', 'tspod \\- run containers, pods and images without a daemon'],
      ['SYNOPSIS', '.B tspod\n[options] command [arguments]'],
      ['OPTIONS', flagList({ ...globalFlags, ...rootFlags, help: helpFlag })],
      ['COMMANDS', list.join('\n')],
      [
        'ENVIRONMENT',
        ENVIRONMENT.map(([name, meaning]) => `.TP\n.B ${roff(name)}\n${roff(meaning)}.`).join('\n'),
      ],
      [
        'SEE ALSO',
        'A page for each command, such as\n.BR tspod-run (1);\nguides in share/doc/tspod below the prefix of the installation.',
      ],
    ]),
  };
}

function commandPage(record: CommandRecord, version: string): ManPage {
  const [path = '', ...others] = record.paths;
  const name = pageName(path);
  return {
    file: `${name}.1`,
    text: page(name, version, [
      ['NAME', `${roff(name)} \\- ${roff(lowerFirst(record.summary))}`],
      [
        'SYNOPSIS',
        [path, ...others].map((each) => `.B tspod ${roff(usageOf(record, each))}`).join('\n.br\n'),
      ],
      ['DESCRIPTION', roff(record.description ?? `${record.summary}.`).replaceAll('\n\n', '\n.PP\n')],
      ['OPTIONS', flagList({ ...record.flags, ...(record.flags['help'] === undefined ? HELP : {}) })],
      ['EXAMPLES', record.examples.map((example) => `.EX\n$ tspod ${roff(example)}\n.EE`).join('\n')],
      ['SEE ALSO', '.BR tspod (1)'],
    ]),
  };
}

const HELP: Readonly<Record<string, FlagRecord>> = { help: { ...helpFlag, short: '' } };

function flagList(flags: Readonly<Record<string, FlagRecord>>): string {
  return visibleFlags(flags)
    .map((flag) => {
      const spelling = spellingOf(flag).trim().replace(/^-, /, '');
      const aliases = (flag.aliases ?? []).map((alias) => `, --${alias}`).join('');
      return `.TP\n.B ${roff(spelling + aliases)}\n${roff(meaningOf(flag))}.`;
    })
    .join('\n');
}

function page(name: string, version: string, sections: readonly (readonly [string, string])[]): string {
  const head = `.TH ${name.toUpperCase()} 1 "" "tspod ${version}" "tspod"`;
  const body = sections.filter(([, text]) => text !== '').map(([title, text]) => `.SH ${title}\n${text}`);
  return `${[head, ...body].join('\n')}\n`;
}

/** Keeps backslashes, dashes and leading dots from meaning something to roff. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1');
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

import { arch, release } from 'node:os';
import { nodeVersion, readBuildInfo } from '../../../base/build-info.ts';
import { MIN_MINOR, NEWEST_MINOR } from '../../../base/docker-api.ts';
import type { CommandHandler } from '../../command.ts';
import { formatObject } from '../../output/format-rows.ts';
import { printLine, print } from '../../output/print.ts';
import { type GoObject, goStruct, toJson } from '../../output/template/go-value.ts';

const API_VERSION = `1.${NEWEST_MINOR}`;
const MIN_API_VERSION = `1.${MIN_MINOR}`;

export const run: CommandHandler = async ({ flags, asDocker }) => {
  const report = versionReport();
  const format = flags['format'];
  if (format === undefined || format === '') {
    print(asDocker ? dockerText(report) : podmanText(report));
  } else if (format === 'json') {
    printLine(asDocker ? toJson(dockerDocument(report)) : toJson(report.document, '  '));
  } else {
    print(formatObject(report.document, String(format), 'version'));
  }
  return 0;
};

interface VersionReport {
  version: string;
  builtAt: string;
  commit: string;
  osArch: string;
  document: GoObject;
}

function versionReport(): VersionReport {
  const { version, commit, builtAt } = readBuildInfo();
  const osArch = `linux/${goArch()}`;
  const one = (kind: 'Client' | 'Server'): GoObject =>
    goStruct(
      'define.Version',
      {
        APIVersion: API_VERSION,
        Version: version,
        NodeVersion: nodeVersion(),
        GitCommit: commit,
        BuiltTime: new Date(builtAt).toUTCString(),
        Built: Math.trunc(Date.parse(builtAt) / 1000),
        BuildOrigin: '',
        OsArch: osArch,
        Os: 'linux',
        Arch: goArch(),
        ...(kind === 'Server' ? { MinAPIVersion: MIN_API_VERSION } : {}),
      },
      {
        aliases: {
          ApiVersion: 'APIVersion',
          DefaultAPIVersion: 'APIVersion',
          GoVersion: 'NodeVersion',
          BuildTime: 'BuiltTime',
          MinApiVersion: 'MinAPIVersion',
        },
      },
    );
  // There is no daemon: client and server are the same program, and scripts ask for either.
  const client = one('Client');
  const document = goStruct('types.SystemVersionReport', { Client: client, Server: one('Server') });
  // podman answers for a bare .Version too; it is no member of the JSON.
  Object.defineProperty(document, 'Version', { value: version });
  return { version, builtAt, commit, osArch, document };
}

/** docker's members and their names as JSON. */
function dockerDocument({ version, builtAt, commit }: VersionReport): object {
  const common = {
    Version: version,
    ApiVersion: API_VERSION,
    GitCommit: commit,
    // There is no Go in it; whoever reads it prints it as it is.
    GoVersion: `node ${nodeVersion()}`,
    Os: 'linux',
    Arch: goArch(),
    BuildTime: builtAt,
  };
  return {
    Client: { ...common, DefaultAPIVersion: API_VERSION, Context: 'default' },
    Server: {
      Platform: { Name: 'tspod' },
      ...common,
      MinAPIVersion: MIN_API_VERSION,
      KernelVersion: release(),
    },
  };
}

function podmanText({ version, builtAt, commit, osArch }: VersionReport): string {
  return twoColumns(14, '', [
    ['Client:', 'tspod'],
    ['Version:', version],
    ['API Version:', API_VERSION],
    ['Node Version:', nodeVersion()],
    ['Git Commit:', commit],
    ['Built:', new Date(builtAt).toUTCString()],
    ['OS/Arch:', osArch],
  ]);
}

function dockerText({ version, builtAt, commit, osArch }: VersionReport): string {
  const common = (apiVersion: string): [string, string][] => [
    ['Version:', version],
    ['API version:', apiVersion],
    ['Node version:', nodeVersion()],
    ['Git commit:', commit.slice(0, 7)],
    ['Built:', new Date(builtAt).toUTCString()],
    ['OS/Arch:', osArch],
  ];
  const client = twoColumns(18, ' ', [...common(API_VERSION), ['Context:', 'default']]);
  const server = twoColumns(17, '  ', [
    ...common(`${API_VERSION} (minimum version ${MIN_API_VERSION})`),
    ['Experimental:', 'true'],
  ]);
  return `Client: tspod\n${client}\nServer: tspod\n Engine:\n${server}`;
}

function twoColumns(width: number, indent: string, lines: readonly [string, string][]): string {
  return lines
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${indent}${name.padEnd(width)}${value}\n`)
    .join('');
}

function goArch(): string {
  const names: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };
  return names[arch()] ?? arch();
}

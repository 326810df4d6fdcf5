import { NEWEST_MINOR } from '../../../base/docker-api.ts';
import { arch } from 'node:os';
import { systemInfo } from '../../../engine/system-info.ts';
import { nodeVersion, readBuildInfo } from '../../../base/build-info.ts';
import type { CommandHandler } from '../../command.ts';
import { formatObject } from '../../output/format-rows.ts';
import { print, printLine } from '../../output/print.ts';
import { type GoObject, toJson } from '../../output/template/go-value.ts';
import { toYaml } from '../../output/yaml.ts';
import { dockerInfo, dockerInfoText } from './docker-info.ts';
import { infoTemplateData } from './info-template.ts';

const API_VERSION = `1.${NEWEST_MINOR}`;

export const run: CommandHandler = async ({ flags, asDocker }, openEngine) => {
  const info = await systemInfo(openEngine());
  const { version } = readBuildInfo();
  const document: GoObject = {
    host: info.host,
    store: info.store,
    registries: info.registries,
    plugins: info.plugins,
    version: versionInfo(),
  };
  const docker = dockerInfo(info, version);
  const format = flags['format'];
  if (format === undefined || format === '') {
    print(asDocker ? dockerInfoText(docker) : toYaml(document));
  } else if (format === 'json') {
    printLine(asDocker ? toJson(docker) : toJson(document, '  '));
  } else {
    print(formatObject(withBoth(document, docker, asDocker), String(format), 'info'));
  }
  return 0;
};

/** Templates get what either program has; the other one's members are not shown by `json`. */
function withBoth(document: GoObject, docker: GoObject, asDocker: boolean): GoObject {
  const data = infoTemplateData(document);
  for (const [name, value] of Object.entries(docker))
    if (name !== 'Plugins') Object.defineProperty(data, name, { value });
  if (asDocker) Object.defineProperty(data, 'toJSON', { value: () => docker });
  return data;
}

function versionInfo(): GoObject {
  const { version, commit, builtAt } = readBuildInfo();
  const built = new Date(builtAt);
  const names: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };
  const goArch = names[arch()] ?? arch();
  return {
    APIVersion: API_VERSION,
    Version: version,
    NodeVersion: nodeVersion(),
    GitCommit: commit,
    BuiltTime: built.toUTCString(),
    Built: Math.trunc(built.getTime() / 1000),
    BuildOrigin: '',
    OsArch: `linux/${goArch}`,
    Os: 'linux',
  };
}

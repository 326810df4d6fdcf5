import { readBuildInfo } from '../../base/build-info.ts';
import { ociArchitecture, systemInfo } from '../../engine/system-info.ts';
import type { Handler } from '../exchange.ts';
import { sendJson } from '../respond.ts';
import { LIBPOD_VERSION } from '../versions.ts';

export const info: Handler = async (exchange) => {
  const { version, commit, builtAt } = readBuildInfo();
  const { host, store, registries, plugins } = await systemInfo(exchange.engine);
  const built = Date.parse(builtAt);
  sendJson(exchange, 200, {
    host: { ...host, serviceIsRemote: true },
    store,
    registries,
    plugins,
    version: {
      APIVersion: LIBPOD_VERSION,
      Version: version,
      GoVersion: `node ${process.version}`,
      GitCommit: commit,
      BuiltTime: new Date(built).toUTCString(),
      Built: Math.trunc(built / 1000),
      OsArch: `linux/${ociArchitecture()}`,
      Os: 'linux',
    },
  });
};

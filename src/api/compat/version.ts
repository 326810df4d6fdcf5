import { release } from 'node:os';
import { readBuildInfo } from '../../base/build-info.ts';
import { programVersion } from '../../engine/program-version.ts';
import { ociArchitecture } from '../../engine/system-info.ts';
import type { Handler } from '../exchange.ts';
import { sendJson } from '../respond.ts';
import { LIBPOD_VERSION, MIN_MINOR, NEWEST_MINOR } from '../versions.ts';

export const version: Handler = async (exchange) => {
  const { version: ownVersion, commit, builtAt } = readBuildInfo();
  const facts = {
    ApiVersion: `1.${NEWEST_MINOR}`,
    MinAPIVersion: `1.${MIN_MINOR}`,
    GitCommit: commit,
    // There is no Go in it; clients print it as it is.
    GoVersion: `node ${process.version}`,
    Os: 'linux',
    Arch: ociArchitecture(),
    KernelVersion: release(),
    BuildTime: builtAt,
  };
  sendJson(exchange, 200, {
    Platform: { Name: 'tspod' },
    Components: [
      exchange.version.libpod
        ? { Name: 'Podman Engine', Version: ownVersion, Details: { ...facts, APIVersion: LIBPOD_VERSION } }
        : { Name: 'Engine', Version: ownVersion, Details: { ...facts, Experimental: 'true' } },
      await monitorComponent(exchange.engine.monitorProgram),
    ],
    Version: ownVersion,
    ...facts,
  });
};

async function monitorComponent(path: string): Promise<object> {
  const [first = ''] = (await programVersion(path)).split('\n');
  return { Name: 'monitor', Version: first, Details: {} };
}

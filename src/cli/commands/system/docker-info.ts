import { dockerInfo as documentOf } from '../../../engine/docker-info.ts';
import type { SystemInfo } from '../../../engine/system-info.ts';
import { humanBinarySize } from '../../output/human-size.ts';
import { type GoObject, goStruct } from '../../output/template/go-value.ts';

/** docker's members of `info`, with those that its client adds. */
export function dockerInfo(info: SystemInfo, version: string): GoObject {
  const { host } = info;
  return {
    ...documentOf(info, version),
    ClientInfo: goStruct('system.clientInfo', {
      Debug: false,
      Version: version,
      Context: 'default',
      Plugins: [],
      Warnings: null,
      Arch: host['arch'],
      Os: 'linux',
    }),
  };
}

/** What `docker info` prints. */
export function dockerInfoText(info: GoObject): string {
  const line = (name: string, value: unknown, depth = 1): string =>
    `${' '.repeat(depth)}${name}: ${String(value)}\n`;
  const client = info['ClientInfo'] as GoObject;
  const plugins = info['Plugins'] as Record<string, string[]>;
  return [
    'Client:\n',
    line('Version', client['Version']),
    line('Context', client['Context']),
    line('Debug Mode', client['Debug']),
    '\nServer:\n',
    line('Containers', info['Containers']),
    line('Running', info['ContainersRunning'], 2),
    line('Paused', info['ContainersPaused'], 2),
    line('Stopped', info['ContainersStopped'], 2),
    line('Images', info['Images']),
    line('Server Version', info['ServerVersion']),
    line('Storage Driver', info['Driver']),
    ...(info['DriverStatus'] as string[][]).map(([name = '', value]) => line(name, value, 2)),
    line('Logging Driver', info['LoggingDriver']),
    line('Cgroup Driver', info['CgroupDriver']),
    line('Cgroup Version', info['CgroupVersion']),
    ' Plugins:\n',
    line('Volume', plugins['Volume']?.join(' '), 2),
    line('Network', plugins['Network']?.join(' '), 2),
    line('Log', plugins['Log']?.join(' '), 2),
    line('Swarm', 'inactive'),
    line('Runtimes', info['DefaultRuntime']),
    line('Default Runtime', info['DefaultRuntime']),
    line('Kernel Version', info['KernelVersion']),
    line('Operating System', info['OperatingSystem']),
    line('OSType', info['OSType']),
    line('Architecture', info['Architecture']),
    line('CPUs', info['NCPU']),
    line('Total Memory', humanBinarySize(Number(info['MemTotal']))),
    line('Name', info['Name']),
    line('Docker Root Dir', info['DockerRootDir']),
    line('Debug Mode', info['Debug']),
    line('Experimental', info['ExperimentalBuild']),
    line('Live Restore Enabled', info['LiveRestoreEnabled']),
  ].join('');
}

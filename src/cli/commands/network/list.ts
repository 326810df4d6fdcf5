import { listDockerNetworks } from '../../../engine/docker-networks.ts';
import { listNetworks } from '../../../engine/networks.ts';
import type { CommandHandler } from '../../command.ts';
import { formatRows } from '../../output/format-rows.ts';
import { print } from '../../output/print.ts';
import { toJson } from '../../output/template/go-value.ts';
import { rowOfDocker, rowOfPodman } from './network-row.ts';

export const run: CommandHandler = async ({ flags, asDocker }, openEngine) => {
  const list = asDocker ? listDockerNetworks : listNetworks;
  const networks = list(openEngine(), (flags['filter'] as string[] | undefined) ?? []);
  const format = flags['format'] as string | undefined;
  const style = { noTrunc: flags['noTrunc'] === true };
  if (flags['quiet'] === true) {
    // podman's are names, docker's are ids.
    const shown = ({ id, name }: { id: string; name: string }) => (asDocker ? shortened(id, style) : name);
    print(networks.map((network) => `${shown(network)}\n`).join(''));
    return 0;
  }
  const row = asDocker ? rowOfDocker : rowOfPodman;
  const rows = networks.map((network) => row(network, shortened(network.id, style)));
  if (format === 'json' && !asDocker) print(`${toJson(rows, '  ')}\n`);
  else
    print(
      formatRows(rows, {
        command: 'ls',
        format,
        columns: asDocker ? '{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}' : '{{.ID}}\t{{.Name}}\t{{.Driver}}',
        headings: { ID: 'NETWORK ID' },
        noHeading: flags['noheading'] === true,
        asDocker,
      }),
    );
  return 0;
};

function shortened(id: string, { noTrunc }: { noTrunc: boolean }): string {
  return noTrunc ? id : id.slice(0, 12);
}

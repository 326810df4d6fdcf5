import { shortId } from '../../../base/ids.ts';
import type { DiskUsage } from '../../../engine/disk-usage.ts';
import { familiarName } from '../../../engine/images.ts';
import { formatRows } from '../../output/format-rows.ts';
import { humanDuration } from '../../../base/human-duration.ts';
import { humanSize } from '../../output/human-size.ts';
import type { GoObject } from '../../output/template/go-value.ts';

/** A table each for images, containers and volumes. */
export function verboseText({ images, containers, volumes }: DiskUsage, asDocker: boolean): string {
  const table = (rows: GoObject[], columns: readonly string[], headings: Record<string, string>): string =>
    formatRows(rows, {
      command: 'df',
      format: undefined,
      columns: columns.map((name) => `{{.${name}}}`).join('\t'),
      headings,
      asDocker,
    });
  const imageRows = images.flatMap(({ image, containers: users, size, sharedSize }) =>
    (image.names.length === 0 ? ['<none>:<none>'] : image.names).map((name) => ({
      Repository: (asDocker ? familiarName(name) : name).replace(/:[^:/]*$/, ''),
      Tag: name.slice(name.lastIndexOf(':') + 1),
      ImageID: shortId(image.id),
      Created: age(image.createdAt, asDocker),
      Size: humanSize(size),
      SharedSize: humanSize(sharedSize),
      UniqueSize: humanSize(size - sharedSize),
      Containers: users,
    })),
  );
  const containerRows = containers.map((each) => ({
    ContainerID: shortId(each.id),
    Image: shortId(each.imageId),
    Command: each.command.join(' '),
    LocalVolumes: each.volumes,
    RWSize: humanSize(each.size),
    Created: age(each.createdAt, asDocker),
    Status: each.state,
    Names: each.name,
  }));
  const volumeRows = volumes.map(({ name, links, size }) => ({
    VolumeName: name,
    Links: links,
    Size: humanSize(size),
  }));
  return [
    'Images space usage:\n\n',
    table(
      imageRows,
      ['Repository', 'Tag', 'ImageID', 'Created', 'Size', 'SharedSize', 'UniqueSize', 'Containers'],
      { ImageID: 'IMAGE ID', SharedSize: 'SHARED SIZE', UniqueSize: 'UNIQUE SIZE' },
    ),
    '\nContainers space usage:\n\n',
    table(
      containerRows,
      ['ContainerID', 'Image', 'Command', 'LocalVolumes', 'RWSize', 'Created', 'Status', 'Names'],
      { ContainerID: 'CONTAINER ID', LocalVolumes: 'LOCAL VOLUMES', RWSize: 'SIZE' },
    ),
    '\nLocal Volumes space usage:\n\n',
    table(volumeRows, ['VolumeName', 'Links', 'Size'], { VolumeName: 'VOLUME NAME' }),
  ].join('');
}

function age(time: string, asDocker: boolean): string {
  return `${humanDuration(Date.now() - Date.parse(time))}${asDocker ? ' ago' : ''}`;
}

import { type ListedVolume, volumeDocument } from '../../../engine/volumes.ts';
import { timeValue } from '../../output/inspected-data.ts';
import { type GoObject, goMap, goStruct, withEmbedded } from '../../output/template/go-value.ts';

/** podman's fields; what its JSON leaves out when it is empty is there for templates. */
export function rowOfPodman({ volume }: ListedVolume): GoObject {
  return withEmbedded(
    volumeTemplateData(volumeDocument(volume)),
    'VolumeConfigResponse',
    'InspectVolumeData',
  );
}

export function volumeTemplateData(document: GoObject): GoObject {
  return goStruct(
    'define.InspectVolumeData',
    {
      UID: 0,
      GID: 0,
      Anonymous: false,
      NeedsCopyUp: false,
      NeedsChown: false,
      Timeout: 0,
      StorageID: '',
      Status: null,
      ...document,
      CreatedAt: timeValue(String(document['CreatedAt'])),
      Labels: goMap(document['Labels'] as Record<string, string>),
      Options: goMap(document['Options'] as Record<string, string>),
    },
    { json: document },
  );
}

const NOT_KNOWN = 'N/A';

/** docker's fields, all of them strings. */
export function rowOfDocker({ volume, links }: ListedVolume): GoObject {
  const labels = Object.entries(volume.labels).map(([key, value]) => `${key}=${value}`);
  const json = {
    Availability: NOT_KNOWN,
    Driver: volume.driver,
    Group: NOT_KNOWN,
    Labels: labels.join(','),
    Links: NOT_KNOWN,
    Mountpoint: volume.mountpoint,
    Name: volume.name,
    Scope: 'local',
    Size: NOT_KNOWN,
    Status: NOT_KNOWN,
  };
  const label = (name: unknown): string => volume.labels[String(name)] ?? '';
  return goStruct(
    'formatter.volumeContext',
    { ...json, Label: label, UsedBy: links, CreatedAt: volume.createdAt, Options: goMap(volume.options) },
    { json },
  );
}

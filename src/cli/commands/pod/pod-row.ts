import { humanAge } from '../../../base/human-duration.ts';
import { shortId } from '../../../base/ids.ts';
import { displayState } from '../../../engine/list-containers.ts';
import { type ListedPod, podCgroupParent, podDocument } from '../../../engine/list-pods.ts';
import { asTemplateData } from '../../output/inspected-data.ts';
import { type GoObject, goMap, goStruct } from '../../output/template/go-value.ts';

/** Fields and JSON under podman's names. */
export function podRow(listed: ListedPod, noTrunc: boolean): GoObject {
  const { pod, status, containers, networks } = listed;
  const document = podDocument(listed);
  const id = (text: string): string => (noTrunc ? text : shortId(text));
  const list = (texts: readonly string[]): string => texts.join(',');
  return goStruct(
    'pods.ListPodReporter',
    {
      Id: id(pod.id),
      Name: pod.name,
      Status: status,
      Created: humanAge(pod.createdAt),
      InfraId: id(pod.infraId ?? ''),
      NumberOfContainers: containers.length,
      ContainerIds: list(containers.map((each) => id(each.id))),
      ContainerNames: list(containers.map(({ name }) => name)),
      ContainerStatuses: list(containers.map(({ state }) => displayState(state))),
      Containers: document['Containers'],
      Cgroup: podCgroupParent(pod),
      Namespace: '',
      Networks: list(networks),
      Labels: goMap(pod.spec.labels),
      Label: (name: unknown): string => pod.spec.labels[String(name)] ?? '',
      Restarts: String(containers.reduce((sum, { restartCount }) => sum + restartCount, 0)),
    },
    { aliases: { ID: 'Id', InfraID: 'InfraId' }, json: { ...document, Labels: goMap(pod.spec.labels) } },
  );
}

/** What the JSON leaves out is empty for a template. */
export function podTemplateData(document: GoObject): GoObject {
  return asTemplateData({
    Namespace: '',
    Labels: {},
    CgroupParent: '',
    CgroupPath: '',
    InfraContainerID: '',
    InfraConfig: null,
    SharedNamespaces: [],
    Containers: [],
    RestartPolicy: '',
    Mounts: [],
    Devices: [],
    SecurityOpts: [],
    VolumesFrom: [],
    ...document,
  });
}

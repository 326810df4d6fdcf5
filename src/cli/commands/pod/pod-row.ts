import { humanAge } from '../../../base/human-duration.ts';
import { shortId } from '../../../base/ids.ts';
import { displayState } from '../../../engine/list-containers.ts';
import { type ListedPod, podCgroupParent, podDocument } from '../../../engine/list-pods.ts';
import { asTemplateData } from '../../output/inspected-data.ts';
import { type GoObject, goMap, goStruct, withEmbedded } from '../../output/template/go-value.ts';

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
  const data = asTemplateData({
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
  for (const [name, [member, none]] of Object.entries(LIMITS))
    Object.defineProperty(data, name, { value: data[member] ?? none });
  return withEmbedded(data, 'InspectPodData');
}

/** podman's fields for limits: where they are in the JSON, and what they are without a limit. */
const LIMITS: Readonly<Record<string, readonly [string, unknown]>> = {
  BlkioDeviceReadBps: ['device_read_bps', []],
  BlkioDeviceWriteBps: ['device_write_bps', []],
  BlkioWeight: ['blkio_weight', 0],
  BlkioWeightDevice: ['blkio_weight_device', []],
  CPUPeriod: ['cpu_period', 0],
  CPUQuota: ['cpu_quota', 0],
  CPUShares: ['cpu_shares', 0],
  CPUSetCPUs: ['cpuset_cpus', ''],
  CPUSetMems: ['cpuset_mems', ''],
  MemoryLimit: ['memory_limit', 0],
  MemorySwap: ['memory_swap', 0],
};

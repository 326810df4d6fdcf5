import type { InspectDocument } from '../../../engine/inspect-container.ts';
import { asTemplateData } from '../../output/inspected-data.ts';
import { type GoObject, isObject } from '../../output/template/go-value.ts';

/**
 * The document as templates see it: what JSON leaves out when it is empty is there all the same, as Go's zero value, so that
 * `{{if .State.Health}}` works for a container without one. Names that only docker has are answered too.
 */
export function containerTemplateData(document: InspectDocument): GoObject {
  const data = asTemplateData(document);
  const { State: state, Config: config, HostConfig: host, NetworkSettings: network } = data;
  addHidden(data, { SizeRw: null, SizeRootFs: 0, OCIConfigPath: '', Platform: 'linux' });
  if (isObject(state)) {
    addHidden(state, {
      Health: null,
      ConmonPid: 0,
      CgroupPath: '',
      StoppedByUser: false,
      Checkpointed: false,
    });
    addHidden(state, { Restored: false, Healthcheck: state['Health'] });
  }
  if (isObject(config))
    addHidden(config, {
      Healthcheck: null,
      StartupHealthCheck: null,
      HealthcheckOnFailureAction: '',
      HealthLogDestination: '',
      HealthcheckMaxLogCount: 0,
      HealthcheckMaxLogSize: 0,
      CreateCommand: null,
      Timezone: '',
      ExposedPorts: null,
      Secrets: null,
      SystemdMode: false,
      StdinOnce: false,
      MacAddress: '',
      NetworkDisabled: false,
    });
  if (isObject(host)) {
    addHidden(host, { Init: false, IDMappings: null, Mounts: null, Sysctls: null });
    const log = host['LogConfig'];
    addHidden(data, { LogPath: isObject(log) ? log['Path'] : '' });
  }
  if (isObject(network)) {
    addHidden(network, { Networks: null, ...NO_SECONDARY });
    const networks = network['Networks'];
    if (isObject(networks))
      for (const each of Object.values(networks))
        if (isObject(each)) addHidden(each, { Aliases: null, DNSNames: null, ...NO_SECONDARY });
  }
  const mounts = data['Mounts'];
  if (Array.isArray(mounts))
    for (const mount of mounts) if (isObject(mount)) addHidden(mount, { Name: '', SubPath: '' });
  return data;
}

const NO_SECONDARY = {
  SecondaryIPAddresses: null,
  SecondaryIPv6Addresses: null,
  AdditionalMacAddresses: null,
};

/** Not enumerable: `{{json .}}` does not show them. */
function addHidden(object: GoObject, members: GoObject): void {
  for (const [name, value] of Object.entries(members))
    if (!Object.hasOwn(object, name)) Object.defineProperty(object, name, { value, configurable: true });
}

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { commands } from '../../../src/cli/commands/index.ts';
import {
  BUILD_KEYS,
  BUILD_OPTIONS,
  CONTAINER_KEYS,
  CONTAINER_OPTIONS,
  IMAGE_KEYS,
  IMAGE_OPTIONS,
  KUBE_KEYS,
  KUBE_OPTIONS,
  NETWORK_KEYS,
  NETWORK_OPTIONS,
  POD_KEYS,
  POD_OPTIONS,
  REFUSED_KEYS,
  VOLUME_KEYS,
} from '../../../src/systemd/quadlet-keys.ts';

describe('the keys of Quadlet files', () => {
  for (const [path, table] of [
    ['run', CONTAINER_OPTIONS],
    ['network create', NETWORK_OPTIONS],
    ['pull', IMAGE_OPTIONS],
    ['build', BUILD_OPTIONS],
    ['pod create', POD_OPTIONS],
    ['kube play', KUBE_OPTIONS],
  ] as const)
    it(`stand for options that ${path} has`, () => {
      const flags = Object.values(commands.find(({ paths }) => paths.includes(path))?.flags ?? {});
      for (const [key, { option }] of Object.entries(table)) {
        const flag = flags.find(({ long, aliases = [] }) => [long, ...aliases].includes(option.slice(2)));
        assert.ok(flag !== undefined && flag.refused === undefined, `${key}: ${option}`);
      }
    });

  it('are honoured or refused, never both', () => {
    const own = [
      CONTAINER_KEYS,
      VOLUME_KEYS,
      NETWORK_KEYS,
      IMAGE_KEYS,
      BUILD_KEYS,
      POD_KEYS,
      KUBE_KEYS,
    ].flat();
    const tables = [
      CONTAINER_OPTIONS,
      NETWORK_OPTIONS,
      IMAGE_OPTIONS,
      BUILD_OPTIONS,
      POD_OPTIONS,
      KUBE_OPTIONS,
    ].flatMap(Object.keys);
    for (const key of Object.keys(REFUSED_KEYS)) assert.ok(![...own, ...tables].includes(key), key);
  });

  /** podman-systemd.unit(5) of podman 5.8, but for those of every section. */
  const DOCUMENTED = {
    Container:
      'AddCapability AddDevice AddHost Annotation AppArmor AutoUpdate CgroupsMode ContainerName DNS DNSOption DNSSearch DropCapability Entrypoint Environment EnvironmentFile EnvironmentHost Exec ExposeHostPort GIDMap Group GroupAdd HealthCmd HealthInterval HealthLogDestination HealthMaxLogCount HealthMaxLogSize HealthOnFailure HealthRetries HealthStartPeriod HealthStartupCmd HealthStartupInterval HealthStartupRetries HealthStartupSuccess HealthStartupTimeout HealthTimeout HostName HttpProxy IP IP6 Image Label LogDriver LogOpt Mask Memory Mount Network NetworkAlias NoNewPrivileges Notify PidsLimit Pod PublishPort Pull ReadOnly ReadOnlyTmpfs ReloadCmd ReloadSignal RemapGid RemapUid RemapUidSize RemapUsers Retry RetryDelay Rootfs RunInit SeccompProfile Secret SecurityLabelDisable SecurityLabelFileType SecurityLabelLevel SecurityLabelNested SecurityLabelType ShmSize StartWithPod StopSignal StopTimeout SubGIDMap SubUIDMap Sysctl Timezone Tmpfs UIDMap Ulimit Unmask User UserNS VolatileTmp Volume WorkingDir',
    Pod: 'AddHost DNS DNSOption DNSSearch ExitPolicy GIDMap HostName IP IP6 Label Network NetworkAlias PodName PublishPort RemapGid RemapUid RemapUidSize RemapUsers ShmSize StopTimeout SubGIDMap SubUIDMap UIDMap UserNS Volume',
    Kube: 'AutoUpdate ConfigMap ExitCodePropagation KubeDownForce LogDriver LogOpt Network PublishPort RemapGid RemapUid RemapUidSize RemapUsers SetWorkingDirectory UserNS Yaml',
    Network:
      'DNS DisableDNS Driver Gateway IPAMDriver IPRange IPv6 InterfaceName Internal Label NetworkDeleteOnStop NetworkName Options Subnet',
    Volume: 'Copy Device Driver Group Image Label Options Type User VolumeName',
    Build:
      'Annotation Arch AuthFile BuildArg DNS DNSOption DNSSearch Environment File ForceRM GroupAdd IgnoreFile ImageTag Label Network Pull Retry RetryDelay Secret SetWorkingDirectory TLSVerify Target Variant Volume',
    Image:
      'AllTags Arch AuthFile CertDir Creds DecryptionKey Image ImageTag OS Policy Retry RetryDelay TLSVerify Variant',
  };
  const OURS: Record<keyof typeof DOCUMENTED, readonly string[]> = {
    Container: [...Object.keys(CONTAINER_OPTIONS), ...CONTAINER_KEYS],
    Pod: [...Object.keys(POD_OPTIONS), ...POD_KEYS],
    Kube: [...Object.keys(KUBE_OPTIONS), ...KUBE_KEYS],
    Network: [...Object.keys(NETWORK_OPTIONS), ...NETWORK_KEYS],
    Volume: VOLUME_KEYS,
    Build: [...Object.keys(BUILD_OPTIONS), ...BUILD_KEYS],
    Image: [...Object.keys(IMAGE_OPTIONS), ...IMAGE_KEYS],
  };
  for (const section of Object.keys(DOCUMENTED) as (keyof typeof DOCUMENTED)[])
    it(`of [${section}] are those that podman has, or refused by name`, () => {
      const known = DOCUMENTED[section].split(' ');
      assert.deepEqual(
        known.filter((key) => !OURS[section].includes(key) && REFUSED_KEYS[key] === undefined),
        [],
      );
      assert.deepEqual(
        [...OURS[section]].sort(),
        known.filter((key) => REFUSED_KEYS[key] === undefined).sort(),
      );
    });
});

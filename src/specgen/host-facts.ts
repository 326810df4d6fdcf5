/** Everything about this host and this run that config.json depends on; gathered by libpod, so that to-runtime-spec.ts stays pure. */
export interface HostFacts {
  rootless: boolean;
  /** v1 and hybrid count as 1. 0: no usable cgroups. */
  cgroupVersion: 0 | 1 | 2;
  cgroupManager: 'systemd' | 'cgroupfs';
  /** Controllers that this process may use. */
  cgroupControllers: string[];
  /** cgroup v1 only: systemd's own hierarchy is there. */
  systemdHierarchy?: boolean;
  /** Path (cgroupfs) or slice:prefix:name (systemd) for this container; undefined with cgroups disabled. */
  cgroupPath: string | undefined;
  /** This process's hard limits, type → value; what may not be raised is lowered to it. */
  hardLimits: Record<string, number>;
  mayRaiseLimits: boolean;
  /** This process's oom_score_adj: the lowest one may set without CAP_SYS_RESOURCE. */
  oomScoreAdj: number;
  /** Capabilities in the bounding set of this process, `CAP_…`. */
  capabilities: string[];
  apparmor: boolean;
  selinux: boolean;
  seccomp: boolean;
  /** Machine name as in OCI (`amd64`). */
  architecture: string;
  /** Default profile's path when the host has one; else the built-in one serves. */
  seccompProfilePath: string | undefined;
  /** Devices of the host, for --privileged: path, type, numbers, mode. */
  hostDevices: {
    path: string;
    type: string;
    major: number;
    minor: number;
    mode: number;
    uid: number;
    gid: number;
  }[];
  /** -v /dev/x style stat results of --device sources, keyed by path. */
  devices: Record<
    string,
    { type: string; major: number; minor: number; mode: number; uid: number; gid: number }
  >;
  /** Whether /sys may be mounted fresh (a netns of our own in this user namespace). */
  ownNetns: boolean;
  hostProcHasMounts: boolean;
  /** Whether the host has a /dev/mqueue that a rootless container may share. */
  hostMqueue?: boolean;
  /** Whether gid 5 (tty) exists in this user namespace; absent: yes. */
  ttyGroupMapped?: boolean;
}

/** Paths made ready for this one container before its start. */
export interface BundleFacts {
  rootfs: string;
  /** Resolved against the rootfs's passwd and group files. */
  user: { uid: number; gid: number; additionalGids: number[]; home: string };
  /** Files bind-mounted by the engine: resolv.conf, hosts, hostname, .containerenv, init. */
  managedFiles: { source: string; destination: string; options: string[] }[];
  /** Secrets that are passed as variables. */
  secretEnv?: string[];
  /** Host directory of each volume mount, by destination. */
  volumePaths: Record<string, string>;
  /** /dev/shm of its own or a joined container's; undefined: tmpfs by the runtime, or host. */
  shmPath: string | undefined;
  /** Network namespace to join; undefined: host. */
  netnsPath: string | undefined;
  /** Other namespaces to join, by type. */
  namespacePaths: Partial<Record<'pid' | 'ipc' | 'uts' | 'user' | 'cgroup', string>>;
  hostname: string;
  containerId: string;
  consoleSize: { height: number; width: number } | undefined;
}

/** podman's keys of containers.conf that have no effect here, and why. A file that sets one is told about once, when it has changed. */
const IGNORED_KEYS: Readonly<Record<string, string>> = {
  'containers.label_users': 'users of SELinux are not kept',
  'containers.prepare_volume_on_create': 'volumes are filled at the first start',
  'engine.active_service': 'there are no remote connections',
  'engine.add_compression': 'say it with manifest push --add-compression',
  'engine.chown_copied_files': 'say it with cp --archive=false',
  'engine.compat_api_enforce_docker_hub': 'the Docker API always completes short names with Docker Hub',
  'engine.compression_format': 'say it with push --compression-format',
  'engine.compression_level': 'say it with push --compression-level',
  'engine.conmon_path': 'the monitor is tspod’s own; --conmon names another one',
  'engine.database_backend': 'the state is always in SQLite',
  'engine.enable_port_reservation': 'published ports are always held',
  'engine.events_container_create_inspect_data': 'inspect shows it',
  'engine.events_logfile_max_size': 'events are in the state database',
  'engine.events_logfile_path': 'events are in the state database',
  'engine.events_logger': 'events are in the state database',
  'engine.healthcheck_events': 'only a change of the status is an event',
  'engine.image_copy_tmp_dir': 'images are unpacked where they stay',
  'engine.image_default_format': 'say it with --format',
  'engine.image_default_transport': 'names without a transport are of registries',
  'engine.image_parallel_copies': 'the number of downloads is chosen by tspod',
  'engine.lock_type': 'locks are the kernel’s',
  'engine.multi_image_archive': 'say it with save --multi-image-archive',
  'engine.namespace': 'there are no namespaces of engines',
  'engine.network_cmd_options': 'options of slirp4netns: say them with --network slirp4netns:…',
  'engine.network_cmd_path': 'programs are looked for in helper_binaries_dir',
  'engine.num_locks': 'there is no table of locks',
  'engine.exit_command_delay': 'sessions end with their programs',
  'engine.platform_to_oci_runtime': 'say it with --runtime',
  'engine.podmansh_timeout': 'there is no podmansh',
  'engine.remote': 'there are no remote connections',
  'engine.runtime_supports_json': 'what a runtime can do is asked of it',
  'engine.runtime_supports_kvm': 'what a runtime can do is asked of it',
  'engine.runtime_supports_nocgroups': 'what a runtime can do is asked of it',
  'engine.service_destinations': 'there are no remote connections',
  'engine.static_dir': 'everything is below --root',
  'engine.tmp_dir': 'everything is below --runroot',
  'engine.volume_path': 'volumes are below --root',
  'engine.volume_plugin_timeout': 'there are no volume plugins',
  'engine.volume_plugins': 'there are no volume plugins',
  'engine.ssh_config': 'there are no remote connections',
  'farms.default': 'there are no farms of builders',
  'farms.list': 'there are no farms of builders',
  ...Object.fromEntries(
    ['cpus', 'disk_size', 'image', 'memory', 'provider', 'rosetta', 'user', 'volumes'].map((key) => [
      `machine.${key}`,
      'there are no virtual machines',
    ]),
  ),
  'network.cni_plugin_dirs': 'networks are made with netavark',
  'network.default_rootless_network_cmd_options': 'say it in pasta_options',
  'podmansh.container': 'there is no podmansh',
  'podmansh.shell': 'there is no podmansh',
  'podmansh.timeout': 'there is no podmansh',
};

/** Values of keys that count otherwise. */
const IGNORED_VALUES: readonly [name: string, value: string, reason: string][] = [
  ['network.network_backend', 'cni', 'networks are made with netavark'],
];

/** Those that a file sets, and why they have no effect; distributions ship tables with nothing in them. */
export function ignoredIn(document: Readonly<Record<string, unknown>>): [name: string, reason: string][] {
  const valueFor = (name: string): unknown => {
    const [section = '', key = ''] = name.split('.');
    const table = document[section];
    if (typeof table !== 'object' || table === null) return undefined;
    return Object.entries(table).find(([each]) => each === key)?.[1] as unknown;
  };
  const isSet = (value: unknown): boolean =>
    typeof value === 'object' && value !== null
      ? Object.keys(value).length > 0
      : value !== undefined && value !== '';
  return [
    ...Object.entries(IGNORED_KEYS).filter(([name]) => isSet(valueFor(name))),
    ...IGNORED_VALUES.filter(([name, value]) => valueFor(name) === value).map(
      ([name, , reason]): [string, string] => [name, reason],
    ),
  ];
}

import { ipFamily, isIpv4 } from './ip-family.ts';

/** What a key's value may be beyond its type; of a list, each of its items. */
export interface ValueRule {
  /** Completes "must be". */
  wanted: string;
  allows(value: string | number): boolean;
}

const oneOf = (...words: string[]): ValueRule => ({
  wanted: words.length === 2 ? words.join(' or ') : `one of ${words.join(', ')}`,
  allows: (value) => words.includes(String(value)),
});

const matching = (wanted: string, pattern: RegExp): ValueRule => ({
  wanted,
  allows: (value) => pattern.test(String(value)),
});

const between = (least: number, most: number, note = ''): ValueRule => ({
  wanted: `${most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `from ${least} to ${most}`}${note}`,
  allows: (value) => typeof value === 'number' && value >= least && value <= most,
});

const atLeast = (least: number, note = ''): ValueRule => between(least, Number.MAX_SAFE_INTEGER, note);

/** Which namespace a container has: a word, or another's. */
const namespace = (...words: string[]): ValueRule => ({
  wanted: `${words.join(', ')}, ns:PATH or container:NAME`,
  allows: (value) => words.includes(String(value)) || /^(ns:\/|container:.)/.test(String(value)),
});

const SETTING = matching('NAME=VALUE', /^[^=\s]+=/);
const VARIABLE = matching('NAME=VALUE, NAME or PREFIX*', /^[^=\s]+(=|$)/);
const WORD = matching('one word', /^[^\s\p{Cc}#]+$/u);
const ADDRESS: ValueRule = { wanted: 'an IP address', allows: (value) => ipFamily(String(value)) !== 0 };
const DURATION = matching(
  'a duration such as 2s or 1m30s',
  /^(0|((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)$/,
);

/** PID_MAX_LIMIT of the kernel. */
const MOST_PIDS = 4_194_304;
const SECONDS_MOST = 0xffff_ffff;

/**
 * By `section.key`. Here is what can be told from the text alone; whether a file, a device or a network is there shows when a container
 * needs it. Where podman takes a value that has no meaning here, so do these: one file serves both.
 */
export const VALUE_RULES: Readonly<Record<string, ValueRule>> = {
  'containers.annotations': SETTING,
  'containers.base_hosts_file': matching(
    'none, image, or the absolute path of a file',
    /^(none|image|\/.*)$/,
  ),
  'containers.cgroup_conf': matching('FILE=VALUE such as memory.high=64M', /^[a-z_]+(\.[a-z0-9_.]+)+=/),
  'containers.cgroupns': namespace('private', 'host'),
  'containers.cgroups': oneOf('enabled', 'disabled', 'no-conmon', 'split'),
  'containers.default_sysctls': matching('NAME=VALUE', /^\s*[\w./*-]+\s*=/),
  'containers.default_ulimits': {
    wanted: 'NAME=SOFT[:HARD] such as nofile=1024:4096, or host',
    allows: (value) => isUlimit(String(value)),
  },
  'containers.dns_options': WORD,
  'containers.dns_searches': WORD,
  'containers.dns_servers': {
    wanted: 'an IP address, or none',
    allows: (value) => value === 'none' || ADDRESS.allows(value),
  },
  'containers.env': VARIABLE,
  'containers.host_containers_internal_ip': {
    wanted: 'an IP address, or none',
    allows: (value) => value === 'none' || ADDRESS.allows(value),
  },
  'containers.interface_name': oneOf('device'),
  'containers.ipcns': namespace('shareable', 'private', 'host', 'none'),
  'containers.log_driver': oneOf(
    ...['k8s-file', 'json-file', 'journald', 'none', 'passthrough', 'passthrough-tty'],
  ),
  'containers.log_path': matching('an absolute path', /^\//),
  'containers.log_size_max': atLeast(-1, ' (-1: no limit)'),
  'containers.oom_score_adj': between(-1000, 1000),
  'containers.pidns': namespace('private', 'host'),
  'containers.pids_limit': between(-1, MOST_PIDS, ' (-1 and 0: no limit)'),
  'containers.shm_size': matching('a size such as 64m', /^\d+(\.\d+)? ?(b|[kmgtpe](i?b)?)?$/i),
  'containers.umask': matching('an octal number of at most three digits such as 0022', /^0?[0-7]{1,3}$/),
  'containers.userns': matching(
    'host, keep-id, auto, nomap, ns:PATH or container:NAME',
    /^(host|nomap|private|(keep-id|auto)(:.+)?|ns:\/.*|container:.+)$/,
  ),
  'containers.utsns': namespace('private', 'host'),
  'engine.cgroup_manager': oneOf('systemd', 'cgroupfs'),
  'engine.conmon_env_vars': SETTING,
  'engine.detach_keys': matching(
    'keys separated by commas: a single character, or ctrl- and one of a-z @ ^ [ ] \\ _',
    /^\s*(ctrl-[a-z@^[\]\\_]|[!-~])\s*(,\s*(ctrl-[a-z@^[\]\\_]|[!-~])\s*)*$/i,
  ),
  'engine.env': VARIABLE,
  'engine.image_volume_mode': oneOf('anonymous', 'bind', 'tmpfs', 'ignore'),
  'engine.kube_generate_type': oneOf('pod', 'deployment', 'daemonset', 'job'),
  'engine.pod_exit_policy': oneOf('continue', 'stop'),
  'engine.pull_policy': {
    wanted: 'one of always, missing, never, newer',
    allows: (value) =>
      /^(always|missing|never|newer|true|false|ifnotpresent|ifmissing)$/i.test(String(value)),
  },
  'engine.retry': atLeast(0),
  'engine.retry_delay': DURATION,
  'engine.service_timeout': between(0, SECONDS_MOST),
  'engine.stop_timeout': between(0, SECONDS_MOST),
  'network.default_host_ips': ADDRESS,
  'network.default_network': matching('the name of a network', /^[a-zA-Z0-9][\w.-]*$/),
  'network.default_rootless_network_cmd': oneOf('pasta', 'slirp4netns'),
  'network.default_subnet': {
    wanted: 'an IPv4 subnet such as 10.88.0.0/16',
    allows: (value) => isIpv4Subnet(String(value)),
  },
  'network.dns_bind_port': between(0, 65_535),
  'network.firewall_driver': oneOf('iptables', 'nftables', 'firewalld', 'none'),
  'network.network_backend': oneOf('netavark', 'cni'),
  'network.network_config_dir': matching('an absolute path', /^\//),
  'secrets.driver': oneOf('file', 'pass', 'shell'),
};

/** Strings that say something when they are empty; of all others '' stands for the built-in value. */
export const EMPTY_MEANS_SOMETHING: ReadonlySet<string> = new Set(['containers.umask', 'engine.detach_keys']);

export function isIpv4Subnet(text: string): boolean {
  const [address = '', bits = '', ...more] = text.split('/');
  return more.length === 0 && isIpv4(address) && /^\d{1,2}$/.test(bits) && Number(bits) <= 32;
}

function isUlimit(text: string): boolean {
  if (text === 'host') return true;
  const match =
    /^(?:rlimit_)?(?:as|core|cpu|data|fsize|locks|memlock|msgqueue|nice|nofile|nproc|rss|rtprio|rttime|sigpending|stack)=(-1|unlimited|\d{1,15})(?::(-1|unlimited|\d{1,15}))?$/i.exec(
      text,
    );
  if (match === null) return false;
  const [soft, hard] = [match[1], match[2] ?? match[1]].map((part) =>
    part === '-1' || part === 'unlimited' ? Number.POSITIVE_INFINITY : Number(part),
  );
  return (soft ?? 0) <= (hard ?? 0);
}

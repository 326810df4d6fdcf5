import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { type RuntimeConfig, readRuntimeConfig } from '../../../src/base/containers-conf.ts';
import {
  CONTAINERS_KEYS,
  ENGINE_KEYS,
  NETWORK_KEYS,
  SECRETS_KEYS,
} from '../../../src/base/containers-conf-keys.ts';
import { VALUE_RULES } from '../../../src/base/containers-conf-values.ts';

const directory = mkdtempSync(join(tmpdir(), 'tspod-values-'));
after(() => rmSync(directory, { recursive: true }));
let serial = 0;

function read(...texts: string[]): RuntimeConfig {
  const [first = '', ...modules] = texts.map((text) => {
    const path = join(directory, `${serial++}.conf`);
    writeFileSync(path, text);
    return path;
  });
  return readRuntimeConfig({ runRoot: '/nonexistent' }, { CONTAINERS_CONF: first }, modules);
}

/** By key: values that are refused, as TOML, and part of what is said to be allowed. */
const WRONG: readonly [name: string, toml: string, allowed: string][] = [
  ['containers.annotations', '["novalue"]', 'NAME=VALUE'],
  ['containers.base_hosts_file', '"relative"', 'absolute path'],
  ['containers.cgroup_conf', '["high"]', 'FILE=VALUE'],
  ['containers.cgroupns', '"own"', 'private, host'],
  ['containers.cgroups', '"some"', 'enabled, disabled, no-conmon, split'],
  ['containers.default_sysctls', '["net.x"]', 'NAME=VALUE'],
  ['containers.default_ulimits', '["nofile=x"]', 'NAME=SOFT[:HARD]'],
  ['containers.default_ulimits', '["nofiles=1"]', 'NAME=SOFT[:HARD]'],
  ['containers.default_ulimits', '["nofile=9:8"]', 'NAME=SOFT[:HARD]'],
  ['containers.dns_options', '["two words"]', 'one word'],
  ['containers.dns_searches', '["two words"]', 'one word'],
  ['containers.dns_servers', '["1.1.1"]', 'an IP address'],
  ['containers.env', '["=1"]', 'NAME=VALUE'],
  ['containers.host_containers_internal_ip', '"here"', 'an IP address, or none'],
  ['containers.interface_name', '"eth7"', 'device'],
  ['containers.ipcns', '"x"', 'shareable, private, host, none'],
  ['containers.log_driver', '"nope"', 'k8s-file, json-file, journald, none'],
  ['containers.log_path', '"logs"', 'an absolute path'],
  ['containers.log_size_max', '-2', '-1'],
  ['containers.oom_score_adj', '1001', 'from -1000 to 1000'],
  ['containers.pidns', '"shareable"', 'private, host'],
  ['containers.pids_limit', '-7', 'from -1 to'],
  ['containers.shm_size', '"much"', 'a size such as 64m'],
  ['containers.umask', '"9"', 'octal'],
  ['containers.userns', '"mine"', 'host, keep-id, auto'],
  ['containers.utsns', '"none"', 'private, host'],
  ['engine.cgroup_manager', '"x"', 'systemd or cgroupfs'],
  ['engine.conmon_env_vars', '["A"]', 'NAME=VALUE'],
  ['engine.detach_keys', '"ctrl-1,x"', 'ctrl-'],
  ['engine.env', '["A B=1"]', 'NAME=VALUE'],
  ['engine.image_volume_mode', '"copy"', 'anonymous, bind, tmpfs, ignore'],
  ['engine.kube_generate_type', '"cronjob"', 'pod, deployment'],
  ['engine.pod_exit_policy', '"halt"', 'continue or stop'],
  ['engine.pull_policy', '"often"', 'always, missing, never, newer'],
  ['engine.retry', '-1', '0 or more'],
  ['engine.retry_delay', '"soon"', 'a duration'],
  ['engine.service_timeout', '-1', 'from 0'],
  ['engine.stop_timeout', '-1', 'from 0'],
  ['network.default_host_ips', '["host"]', 'an IP address'],
  ['network.default_network', '"a b"', 'the name of a network'],
  ['network.default_rootless_network_cmd', '"vpnkit"', 'pasta or slirp4netns'],
  ['network.default_subnet', '"300.0.0.0/8"', 'an IPv4 subnet'],
  ['network.default_subnet', '"10.0.0.0/33"', 'an IPv4 subnet'],
  ['network.default_subnet_pools', '[{"base" = "10.1.0.0", "size" = 24}]', 'subnets of IPv4'],
  ['network.default_subnet_pools', '[{"base" = "10.1.0.0/16", "size" = 8}]', 'from 16'],
  ['network.dns_bind_port', '65536', 'from 0 to 65535'],
  ['network.firewall_driver', '"pf"', 'iptables, nftables'],
  ['network.network_backend', '"x"', 'netavark or cni'],
  ['network.network_config_dir', '"networks"', 'an absolute path'],
  ['secrets.driver', '"vault"', 'file, pass, shell'],
];

function setting(name: string, toml: string): string {
  const [section = '', key = ''] = name.split('.');
  return `[${section}]\n${key} = ${toml}\n`;
}

describe('a value of the right type that is wrong', () => {
  for (const [name, toml, allowed] of WRONG)
    it(`is told with file, line, key and what is allowed: ${name} = ${toml}`, () => {
      assert.throws(
        () => read(setting(name, toml)),
        (error: Error) => {
          const start = new RegExp(
            `^${directory}/\\d+\\.conf, line 2: ${name.replace('.', '\\.')} must be .*, not `,
          );
          assert.match(error.message, start);
          assert.ok(error.message.includes(allowed), error.message);
          const item = toml
            .replaceAll(/^\[|\]$/g, '')
            .replaceAll(' = ', ':')
            .replaceAll(', ', ',');
          const quoted = item.startsWith('{') ? item : toml.replaceAll(/^\[|\]$/g, '');
          assert.ok(error.message.endsWith(`, not ${quoted}`), error.message);
          return true;
        },
      );
    });

  it('is known for every key that has a rule', () => {
    const tried = new Set(WRONG.map(([name]) => name));
    assert.deepEqual(
      Object.keys(VALUE_RULES).filter((name) => !tried.has(name)),
      [],
    );
  });

  it('is no error where a later file says it right, and one where it adds to a list', () => {
    const wrong = '[containers]\nlog_driver = "nope"\ndefault_ulimits = ["x"]\n';
    const right = '[containers]\nlog_driver = "none"\ndefault_ulimits = ["core=0"]\n';
    assert.equal(read(wrong, right).containers.logDriver, 'none');
    const added = '[containers]\nlog_driver = "none"\ndefault_ulimits = ["core=0", {append=true}]\n';
    assert.throws(() => read(wrong, added), /line 3: containers\.default_ulimits must be .*, not "x"/);
  });
});

describe('the built-in values', () => {
  it('are all allowed when a file says them', () => {
    for (const [section, keys] of [
      ['containers', CONTAINERS_KEYS],
      ['engine', ENGINE_KEYS],
      ['network', NETWORK_KEYS],
      ['secrets', SECRETS_KEYS],
    ] as const)
      for (const [key, type, value] of Object.values(keys) as [string, string, unknown][]) {
        if (value === undefined || type === 'pools' || type === 'table') continue;
        read(`[${section}]\n${key} = ${JSON.stringify(value)}\n`);
      }
  });

  it('are what empty strings stand for, but for keys that mean something by it', () => {
    const config = read(
      '[containers]\nlog_driver = "none"\nipcns = ""\numask = ""\ntz = "UTC"\n[engine]\ndetach_keys = ""\npull_policy = ""\n[network]\ndefault_subnet = ""\n',
      '[containers]\nlog_driver = ""\ntz = ""\n',
    );
    assert.equal(config.containers.logDriver, 'k8s-file');
    assert.equal(config.containers.ipcns, 'shareable');
    assert.equal(config.containers.tz, undefined);
    assert.equal(config.engine.pullPolicy, 'missing');
    assert.equal(config.network.defaultSubnet, '10.88.0.0/16');
    assert.deepEqual([config.containers.umask, config.engine.detachKeys], ['', '']);
    assert.deepEqual(Object.keys(config.origin), ['containers.umask', 'engine.detach_keys']);
  });
});

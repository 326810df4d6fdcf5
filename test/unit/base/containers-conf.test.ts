import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { readRuntimeConfig } from '../../../src/base/containers-conf.ts';

const directory = mkdtempSync(join(tmpdir(), 'tspod-conf-'));
after(() => rmSync(directory, { recursive: true }));
let serial = 0;

function conf(text: string): string {
  const path = join(directory, `${serial++}.conf`);
  writeFileSync(path, text);
  return path;
}

function runRoot(): string {
  const path = join(directory, `run-${serial++}`);
  mkdirSync(path);
  return path;
}

const read = (text: string, override = '') =>
  readRuntimeConfig(
    { runRoot: runRoot() },
    { CONTAINERS_CONF: conf(text), CONTAINERS_CONF_OVERRIDE: override === '' ? undefined : conf(override) },
  );

describe('containers.conf', () => {
  it('leaves the built-in values where no file says anything', () => {
    const config = readRuntimeConfig({ runRoot: '/nonexistent' }, { CONTAINERS_CONF: conf('') });
    assert.equal(config.containers.pidsLimit, 2048);
    assert.equal(config.engine.stopTimeout, 10);
    assert.equal(config.network.defaultNetwork, 'podman');
    assert.deepEqual([config.files.length, config.origin], [1, {}]);
  });

  it('lets a later file win by key and remembers who said what', () => {
    const config = read(
      '[containers]\npids_limit = 5\ntz = "UTC"\n[engine]\nruntime = "runc"\n[engine.runtimes]\nmine = ["/opt/mine"]\n',
      '[containers]\npids_limit = 6\n[network]\ndefault_subnet = "10.90.0.0/16"\ndefault_subnet_pools = [{"base" = "10.91.0.0/16", "size" = 26}]\n',
    );
    assert.deepEqual(config.network.defaultSubnetPools, [{ base: '10.91.0.0/16', size: 26 }]);
    assert.deepEqual([config.containers.pidsLimit, config.containers.tz], [6, 'UTC']);
    assert.equal(config.network.defaultSubnet, '10.90.0.0/16');
    assert.deepEqual(config.runtimes, { mine: ['/opt/mine'] });
    assert.equal(config.origin['containers.pids_limit'], config.files[1]);
    assert.equal(config.origin['engine.runtime'], config.files[0]);
  });

  it('replaces lists, or adds to them with append', () => {
    const config = read(
      '[containers]\nenv = ["A=1"]\ndns_servers = ["1.1.1.1"]\n',
      '[containers]\nenv = ["B=2", {append=true}]\ndns_servers = ["9.9.9.9"]\n',
    );
    assert.deepEqual(config.containers.env, ['A=1', 'B=2']);
    assert.deepEqual(config.containers.dnsServers, ['9.9.9.9']);
    const capabilities = read('[containers]\ndefault_capabilities = ["NET_RAW", {append=true}]\n').containers;
    assert.ok(
      capabilities.defaultCapabilities.includes('CHOWN') &&
        capabilities.defaultCapabilities.includes('NET_RAW'),
    );
  });

  it('goes on adding to a list in later files, until one of them says otherwise', () => {
    const texts = [
      'env=["1=a"]',
      'env=["2=b"]',
      'env=["3=c", {append=true}]\ndns_searches=["x"]',
      'env=["4=d"]\ndns_searches=["y"]',
      'env=["5=e", {append=false}]',
      'env=["6=f"]',
    ];
    const envAfter = (count: number) => {
      const modules = texts.slice(0, count).map((text) => conf(`[containers]\n${text}\n`));
      return readRuntimeConfig({ runRoot: runRoot() }, { CONTAINERS_CONF: conf('') }, modules).containers;
    };
    assert.deepEqual(envAfter(4).env, ['2=b', '3=c', '4=d']);
    assert.deepEqual(envAfter(4).dnsSearches, ['y']);
    assert.deepEqual(envAfter(5).env, ['5=e']);
    assert.deepEqual(envAfter(6).env, ['6=f']);
  });

  it('names the line of a value that is of the wrong kind, in its own table', () => {
    const text = '[engine]\nenv = []\n\n[ containers ]\n# env = 5\n  env = "A=1"\n';
    assert.throws(() => read(text), /\.conf, line 6: containers\.env must be a list of strings/);
    assert.throws(() => read('containers = {init = 1}\n'), /\.conf: containers\.init must be true or false/);
    assert.throws(
      () => read('[containers]\nenv = ["A=1", {append="yes"}]\n'),
      /line 2: .*with \{append=true\}/,
    );
  });

  it('ignores keys and tables that are not ours', () => {
    assert.equal(
      read('[machine]\ncpus = 1\n[engine]\nnum_locks = 5\nremote = true\n').engine.stopTimeout,
      10,
    );
  });

  it('names file and line of broken TOML', () => {
    assert.throws(() => read('[containers]\ninit = true\npids_limit = \n'), /\d+\.conf, line 3: /);
  });

  const wrong: [string, RegExp][] = [
    ['[containers]\npids_limit = "many"', /\.conf, line 2: containers\.pids_limit must be a whole number/],
    ['[containers]\ninit = 1', /containers\.init must be true or false/],
    ['[containers]\nenv = "A=1"', /containers\.env must be a list of strings/],
    ['[containers]\nenv = [1]', /containers\.env must be a list of strings/],
    ['[network]\ndefault_subnet_pools = ["10.1.0.0/16"]', /default_subnet_pools must be a list of \{"base"/],
    ['[engine]\nruntime = 5', /engine\.runtime must be a string/],
    ['engine = 5', /\[engine\] is not a table/],
    ['[engine.runtimes]\nx = "y"', /engine\.runtimes\.x must be a list of strings/],
  ];
  for (const [text, message] of wrong)
    it(`refuses ${JSON.stringify(text)}`, () => assert.throws(() => read(text), message));

  it('is read from the cache while its files stay the same, and again when one changes', () => {
    const root = runRoot();
    const file = conf('[containers]\npids_limit = 5\n');
    const load = () => readRuntimeConfig({ runRoot: root }, { CONTAINERS_CONF: file }).containers.pidsLimit;
    assert.equal(load(), 5);
    const cache = join(root, 'containers-conf.json');
    writeFileSync(
      cache,
      readFileSync(cache, 'utf8').replace('"containers.pids_limit":5', '"containers.pids_limit":7'),
    );
    assert.equal(load(), 7);
    utimesSync(file, 1, 1);
    assert.equal(load(), 5);
    writeFileSync(cache, 'garbage');
    assert.equal(load(), 5);
  });

  it('needs no run root', () => {
    const file = conf('[containers]\npids_limit = 5\n');
    const config = readRuntimeConfig({ runRoot: '/nonexistent/run' }, { CONTAINERS_CONF: file });
    assert.equal(config.containers.pidsLimit, 5);
  });
});

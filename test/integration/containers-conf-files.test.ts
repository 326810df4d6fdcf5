import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { freshName } from '../fixtures/containers.ts';
import {
  rootArguments,
  runProgram,
  testEnvironment,
  testRoot,
  TSPOD,
  tspod,
  tspodOk,
} from '../fixtures/harness.ts';
import { isRoot, requires } from '../fixtures/requires.ts';

interface Told {
  host: {
    configFiles: string[];
    configuration: Record<string, { value: unknown; file: string }>;
    ignoredConfiguration: Record<string, string>;
  };
}

const base = testRoot().base;

function write(path: string, text: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

async function told(env: Record<string, string | undefined>, ...flags: string[]): Promise<Told['host']> {
  return (JSON.parse(await tspodOk([...flags, 'info', '--format', 'json'], { env })) as Told).host;
}

const score = (value: number): string => `[containers]\noom_score_adj = ${value}\n`;

describe('info shows what containers.conf sets, and from which file', () => {
  it('by environment: one file alone, and one after all others', async () => {
    const only = write(join(base, 'only.conf'), `${score(1)}[engine]\nstop_timeout = 3\n`);
    const last = write(join(base, 'last.conf'), score(2));
    const { configFiles, configuration } = await told({
      CONTAINERS_CONF: only,
      CONTAINERS_CONF_OVERRIDE: last,
    });
    assert.deepEqual(configFiles, [only, last]);
    assert.deepEqual(configuration, {
      'containers.oom_score_adj': { value: 2, file: last },
      'engine.stop_timeout': { value: 3, file: only },
    });
  });

  it('by modules, in the order in which they are named', async () => {
    const modules = join(base, 'config/containers/containers.conf.modules');
    const first = write(
      join(modules, 'deep/first.conf'),
      `${score(1)}[engine]\nenv = ["A=1", {append=true}]\n`,
    );
    const second = write(join(base, 'second.conf'), `${score(2)}[engine]\nenv = ["B=2"]\n`);
    const both = await told({}, '--module', 'deep/first.conf', '--module', second);
    assert.deepEqual(both.configFiles.slice(-2), [first, second]);
    assert.deepEqual(both.configuration['containers.oom_score_adj'], { value: 2, file: second });
    assert.deepEqual(both.configuration['engine.env'], { value: ['A=1', 'B=2'], file: second });
    const turned = await told({}, '--module', second, '--module', 'deep/first.conf');
    assert.deepEqual(turned.configuration['containers.oom_score_adj'], { value: 1, file: first });
    assert.deepEqual(turned.configuration['engine.env'], { value: ['B=2', 'A=1'], file: first });
  });

  it('and what has no effect', async () => {
    const file = write(
      join(base, 'ignored.conf'),
      '[engine]\nlock_type = "shm"\n[network]\nnetwork_backend = "cni"\n',
    );
    const { ignoredConfiguration } = await told({ CONTAINERS_CONF_OVERRIDE: file });
    assert.deepEqual(ignoredConfiguration, { 'engine.lock_type': file, 'network.network_backend': file });
  });
});

describe('the places of containers.conf', { skip: requires('root') }, () => {
  /** `info` in a mount namespace where /etc/containers is a directory of the test's. */
  function toldWith(etc: string, env: Record<string, string> = {}): Told['host'] {
    const script = 'mount --bind "$0" /etc/containers && exec "$@"';
    const words = [
      '-m',
      'sh',
      '-c',
      script,
      etc,
      TSPOD,
      ...rootArguments(testRoot()),
      'info',
      '--format',
      'json',
    ];
    const { CONTAINERS_CONF: _, ...others } = testEnvironment();
    const { stdout, stderr, status } = spawnSync('unshare', words, {
      env: { ...others, ...env },
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
    return (JSON.parse(stdout) as Told).host;
  }

  it('are for root the host’s file, its drop-ins by name, and those for root; a user’s own are not read', () => {
    const etc = join(base, freshName('etc'));
    write(
      join(etc, 'containers.conf'),
      `${score(1)}[engine]\nretry = 1\nstop_timeout = 1\nservice_timeout = 1\n`,
    );
    write(join(etc, 'containers.conf.d/20-b.conf'), '[engine]\nretry = 3\nstop_timeout = 3\n');
    write(join(etc, 'containers.conf.d/10-a.conf'), '[engine]\nretry = 2\n');
    write(join(etc, 'containers.conf.d/30-c.txt'), '[engine]\nretry = 9\n');
    write(join(etc, 'containers.rootful.conf.d/a.conf'), '[engine]\nservice_timeout = 4\n');
    write(join(etc, 'containers.rootless.conf'), '[engine]\nservice_timeout = 9\n');
    const { configuration, configFiles } = toldWith(etc);
    const settings = Object.fromEntries(
      Object.entries(configuration)
        .filter(([, { file }]) => file.startsWith('/etc/'))
        .map(([name, { value, file }]) => [name, [value, file]]),
    );
    assert.deepEqual(settings, {
      'containers.oom_score_adj': [1, '/etc/containers/containers.conf'],
      'engine.retry': [3, '/etc/containers/containers.conf.d/20-b.conf'],
      'engine.service_timeout': [4, '/etc/containers/containers.rootful.conf.d/a.conf'],
      'engine.stop_timeout': [3, '/etc/containers/containers.conf.d/20-b.conf'],
    });
    assert.ok(!configFiles.some((file) => file.startsWith(base)), configFiles.join());
  });
});

describe('the user’s own containers.conf', { skip: isRoot() ? 'needs an unprivileged user' : false }, () => {
  it('wins over the host’s, and its drop-ins over it', async () => {
    const home = join(base, freshName('config'));
    const file = write(join(home, 'containers/containers.conf'), `${score(101)}[engine]\nretry = 1\n`);
    const dropIn = write(join(home, 'containers/containers.conf.d/a.conf'), '[engine]\nretry = 2\n');
    const { configuration, configFiles } = await told({ CONTAINERS_CONF: undefined, XDG_CONFIG_HOME: home });
    assert.deepEqual(configFiles.slice(-2), [file, dropIn]);
    assert.deepEqual(configuration['containers.oom_score_adj'], { value: 101, file });
    assert.deepEqual(configuration['engine.retry'], { value: 2, file: dropIn });
  });

  it('is an error when it may not be read', async () => {
    const home = join(base, freshName('config'));
    const file = join(home, 'containers/containers.conf');
    // A file of one's own is readable whatever its mode: tspod has all rights over it.
    mkdirSync(dirname(file), { recursive: true });
    symlinkSync('/etc/shadow', file);
    const { code, stderr } = await tspod(['info'], {
      env: { CONTAINERS_CONF: undefined, XDG_CONFIG_HOME: home },
    });
    assert.equal(code, 125);
    assert.match(stderr, new RegExp(`^Error: cannot read ${file}: open ${file}: permission denied`));
  });
});

describe('a containers.conf that is none', () => {
  const wrong: [what: string, make: (path: string) => void, message: RegExp][] = [
    ['is a directory', (path) => mkdirSync(path), /cannot read \S+: it is a directory, and has to be a file/],
    ['is not there', () => {}, /^Error: CONTAINERS_CONF_OVERRIDE names \S+: there is no such file/],
    [
      'is huge',
      (path) => writeFileSync(path, Buffer.alloc(8 << 20, '#')),
      /cannot read \S+: it has 8388608 bytes/,
    ],
    ['is not TOML', (path) => writeFileSync(path, '[engine]\nretry == 1\n'), /^Error: \S+, line 2: /],
    [
      'has bytes that are no text',
      (path) => writeFileSync(path, Buffer.from([0x5b, 0xff, 0, 0x5d])),
      /^Error: \S+\.conf/,
    ],
  ];
  for (const [what, make, message] of wrong)
    it(`is told when it ${what}`, async () => {
      const path = join(base, freshName('wrong.conf'));
      make(path);
      for (const whole of [undefined, '1']) {
        const env = { CONTAINERS_CONF_OVERRIDE: path, _TSPOD_WHOLE: whole };
        const { code, stderr } = await tspod(['info'], { env });
        assert.equal(code, 125, stderr);
        assert.match(stderr, message);
        assert.ok(stderr.includes(path), stderr);
      }
    });

  it('does not stop commands that need none', async () => {
    const env = { CONTAINERS_CONF_OVERRIDE: '/nonexistent' };
    assert.equal((await tspod(['--version'], { env })).code, 0);
  });
});

describe('completion of --module', () => {
  it('offers names of modules, and files for paths', async () => {
    const home = join(base, freshName('config'));
    const modules = join(home, 'containers/containers.conf.modules');
    for (const name of ['one.conf', 'deep/two.conf']) write(join(modules, name), '');
    const complete = async (...words: string[]): Promise<string[]> => {
      const env = testEnvironment({ env: { XDG_CONFIG_HOME: home } });
      const { stdout } = await runProgram(TSPOD, ['__complete', ...words], { env });
      return stdout.trimEnd().split('\n');
    };
    const offered = await complete('--module', '');
    for (const name of ['one.conf', 'deep/two.conf'])
      assert.ok(offered.includes(`${name}\t${modules}`), offered.join());
    assert.equal(offered.at(-1), ':none');
    assert.deepEqual(await complete('--module', '/'), [':files']);
    const [after = ''] = await complete('run', '--module=dee');
    assert.match(after, /^--module=deep\/two\.conf\t/);
  });
});

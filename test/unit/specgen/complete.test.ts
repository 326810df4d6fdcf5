import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CreateOptions } from '../../../src/specgen/create-options.ts';
import { contextFixture, imageFixture, specOf } from './fixture.ts';

const argsOf = (image: Record<string, unknown>, options: CreateOptions, command: string[] = []) =>
  specOf(options, contextFixture({ image: imageFixture(image) }), command).process.args;

describe('the command', () => {
  const image = { Entrypoint: ['/entry', '-e'], Cmd: ['serve'] };
  it("is the image's entry point with the image's arguments, or with the user's", () => {
    assert.deepEqual(argsOf(image, {}), ['/entry', '-e', 'serve']);
    assert.deepEqual(argsOf(image, {}, ['other', '-x']), ['/entry', '-e', 'other', '-x']);
  });

  it("leaves the image's arguments out when the entry point is another", () => {
    assert.deepEqual(argsOf(image, { entrypoint: '/bin/x y' }), ['/bin/x y']);
    assert.deepEqual(argsOf(image, { entrypoint: '["/bin/x", "y"]' }, ['z']), ['/bin/x', 'y', 'z']);
    assert.deepEqual(argsOf(image, { entrypoint: '' }, ['z']), ['z']);
  });

  it('must exist', () => {
    assert.throws(
      () => argsOf({ Cmd: null }, {}),
      /no command or entrypoint provided, and no CMD or ENTRYPOINT/,
    );
    assert.throws(() => argsOf(image, { entrypoint: '' }), /no command or entrypoint provided/);
  });
});

describe('defaults', () => {
  it('come from the image, and give way to flags', () => {
    const image = imageFixture({
      User: 'www:web',
      WorkingDir: '/srv',
      StopSignal: 'SIGQUIT',
      Healthcheck: { Test: ['CMD', 'ok'], Interval: 5e9 },
    });
    const spec = specOf({}, contextFixture({ image }));
    assert.deepEqual(
      [spec.process.user, spec.process.workdir, spec.stopSignal, spec.healthcheck?.test],
      ['www:web', '/srv', 3, ['CMD', 'ok']],
    );
    const flags = { user: 'me', workdir: '/', stopSignal: 'TERM', noHealthcheck: true };
    const changed = specOf(flags, contextFixture({ image }));
    assert.deepEqual(
      [changed.process.user, changed.process.workdir, changed.stopSignal, changed.healthcheck?.test],
      ['me', '/', 15, ['NONE']],
    );
  });

  it('come from the configuration where neither image nor flags say anything', () => {
    const context = contextFixture();
    Object.assign(context.config.containers, {
      init: true,
      initPath: process.execPath,
      pidsLimit: 5,
      umask: '0077',
      tz: 'local',
      ipcns: 'private',
      defaultUlimits: ['nofile=1:2'],
      annotations: ['a=b'],
      logDriver: 'none',
      volumes: ['/cfg:/cfg:ro'],
    });
    const spec = specOf({}, context);
    assert.ok(spec.init !== undefined);
    assert.deepEqual(
      [
        spec.resources.pidsLimit,
        spec.process.umask,
        spec.timezone,
        spec.namespaces.ipc.mode,
        spec.log.driver,
      ],
      [5, 0o077, 'local', 'private', 'none'],
    );
    assert.equal(spec.process.rlimits[0]?.hard, 2);
    assert.deepEqual(spec.annotations, { a: 'b' });
    assert.equal(spec.mounts[0]?.destination, '/cfg');
  });

  it('take several sysctls in one value, and values with commas', () => {
    const { sysctl } = specOf({ sysctl: ['net.a=1, net/b=2', 'net.c=8080,9000-9009'] });
    assert.deepEqual([sysctl['net.a'], sysctl['net.b'], sysctl['net.c']], ['1', '2', '8080,9000-9009']);
  });

  it('leave the sysctls of the configuration out where the namespace is shared', () => {
    assert.deepEqual(specOf({ network: ['none'] }).sysctl, { 'net.ipv4.ping_group_range': '0 0' });
    assert.deepEqual(specOf({ network: ['host'] }).sysctl, {});
  });
});

describe('--health-*', () => {
  it('override the image and read lists, shell lines and times', () => {
    assert.deepEqual(specOf({ healthCmd: 'curl x', healthInterval: '1m30s', healthRetries: 2 }).healthcheck, {
      test: ['CMD-SHELL', 'curl x'],
      interval: 90e9,
      timeout: 30e9,
      retries: 2,
    });
    assert.deepEqual(specOf({ healthCmd: '["a","b"]' }).healthcheck?.test, ['CMD', 'a', 'b']);
    assert.deepEqual(specOf({ healthCmd: 'none' }).healthcheck?.test, ['NONE']);
    assert.equal(specOf({ healthCmd: 'x', healthInterval: 'disable' }).healthcheck?.interval, 0);
    assert.equal(specOf({}).healthcheck, undefined);
  });

  const bad: [CreateOptions, RegExp][] = [
    [{ healthCmd: 'x', noHealthcheck: true }, /cannot specify both --no-healthcheck and --health-cmd/],
    [{ healthCmd: '' }, /must define a healthcheck command/],
    [{ healthCmd: 'x', healthTimeout: '10ms' }, /must be at least 1 second/],
    [{ healthCmd: 'x', healthInterval: 'soon' }, /invalid --health-interval "soon"/],
    [{ healthCmd: 'x', healthRetries: 0 }, /greater than 0/],
  ];
  for (const [options, message] of bad)
    it(`refuse ${JSON.stringify(options)}`, () => assert.throws(() => specOf(options), message));
});

describe('--group-add keep-groups', () => {
  it('is told to crun, and stands alone', () => {
    const spec = specOf({ groupAdd: ['keep-groups'] });
    assert.deepEqual(spec.process.groupAdd, []);
    assert.equal(spec.annotations['run.oci.keep_original_groups'], '1');
    assert.throws(() => specOf({ groupAdd: ['keep-groups', 'audio'] }), /not allowed with any other/);
  });
});

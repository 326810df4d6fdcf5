import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UnsupportedError } from '../../../src/base/errors.ts';
import type { CreateOptions } from '../../../src/specgen/create-options.ts';
import { contextFixture, specOf } from './fixture.ts';

describe('a request', () => {
  const bad: [CreateOptions, RegExp][] = [
    [{ name: 'a b' }, /names must match \[a-zA-Z0-9\]/],
    [{ rm: true, restart: 'always' }, /the --rm option conflicts with --restart/],
    [{ restart: 'bogus' }, /"bogus" is not a valid restart policy/],
    [{ restart: 'always:3' }, /retries can only be specified with on-failure/],
    [{ restart: 'on-failure:x' }, /must be a non-negative number/],
    [{ uts: 'host', hostname: 'x' }, /cannot set hostname when running in the host UTS namespace/],
    [{ hostname: 'a b' }, /invalid hostname "a b"/],
    [{ hostname: 'x'.repeat(65) }, /at most 64/],
    [{ initPath: process.execPath, pid: 'host' }, /cannot add init binary as PID 1/],
    [
      { network: ['host'], sysctl: ['net.core.somaxconn=5'] },
      /can't be set since Network Namespace set to host/,
    ],
    [{ ipc: 'host', sysctl: ['kernel.shmmax=5'] }, /can't be set since IPC Namespace set to host/],
    [{ initPath: '/' }, /cannot use \/ for --init: no such program/],
    [{ sysctl: ['vm.swappiness=5'] }, /is not allowed/],
    [{ sysctl: ['net/../vm/swappiness=5'] }, /is not allowed/],
    [{ sysctl: ['bogus'] }, /must be name=value/],
    [{ pid: 'bogus' }, /unrecognized namespace mode "bogus" for --pid/],
    [{ pid: 'pod' }, /--pid pod is for containers of a pod/],
    [{ pid: 'container:gone' }, /no such container: gone/],
    [{ ipc: 'ns:relative' }, /needs an absolute path/],
    [{ stopSignal: 'FOO' }, /invalid signal: FOO/],
    [{ stopTimeout: -1 }, /must not be negative/],
    [{ workdir: 'rel' }, /it needs to be an absolute path/],
    [{ umask: '99' }, /invalid umask 99/],
    [{ tz: 'No/Such' }, /unknown time zone No\/Such/],
    [{ tz: '../../../etc/passwd' }, /unknown time zone/],
    [{ attach: ['bogus'] }, /invalid stream "bogus" for --attach/],
    [{ capAdd: ['bogus'] }, /"CAP_BOGUS": unknown capability/],
    [{ securityOpt: ['bogus'] }, /invalid --security-opt: "bogus"/],
    [{ securityOpt: ['bogus=1'] }, /invalid --security-opt/],
    [{ securityOpt: ['mask=rel'] }, /not an absolute path/],
    [{ device: ['dev'] }, /invalid device specification/],
    [{ device: ['/dev/x:/y:rq'] }, /invalid device mode: rq/],
    [{ deviceCgroupRule: ['c 1 rwm'] }, /invalid device cgroup rule/],
    [{ logDriver: 'bogus' }, /invalid log driver "bogus"/],
    [{ logOpt: ['bogus=1'] }, /unknown log option "bogus"/],
    [{ logOpt: ['max-file=0'] }, /must be a number from 1/],
    [{ annotation: ['x'] }, /must be key=value/],
  ];
  for (const [options, message] of bad)
    it(`is refused with ${JSON.stringify(options).slice(0, 70)}`, () =>
      assert.throws(() => specOf(options), message));

  const unsupported: [CreateOptions, RegExp][] = [
    [{ securityOpt: ['apparmor=x'] }, /AppArmor is not available on this host/],
    [{ initPath: '/no/such/init' }, /cannot use \/no\/such\/init for --init/],
  ];
  for (const [options, message] of unsupported)
    it(`names what this host or version lacks for ${JSON.stringify(options)}`, () =>
      assert.throws(
        () => specOf(options),
        (error) => error instanceof UnsupportedError && message.test(error.message),
      ));

  it('may switch off what the host does not have anyway', () => {
    const spec = specOf({ securityOpt: ['apparmor=unconfined', 'label=disable', 'seccomp:unconfined'] });
    assert.equal(spec.security.seccomp, 'unconfined');
  });

  it('records whose namespaces it joins', () => {
    const lookupContainer = (name: string) => ({ id: `id-of-${name}`, name, spec: specOf({}) });
    const options = { pid: 'container:a', ipc: 'container:b', network: ['container:a'], hostname: '' };
    assert.deepEqual(specOf(options, contextFixture({ lookupContainer })).dependencies, [
      'id-of-a',
      'id-of-b',
    ]);
  });

  it('reads signals, restart policies and log options', () => {
    const spec = specOf({
      stopSignal: 'SIGRTMIN+3',
      restart: 'on-failure:3',
      logDriver: 'json-file',
      logOpt: ['max-size=10m', 'max-file=3', 'tag=x', 'compress=true'],
    });
    assert.equal(spec.stopSignal, 37);
    assert.deepEqual(spec.restart, { name: 'on-failure', maximumRetryCount: 3 });
    assert.deepEqual(spec.log, {
      driver: 'json-file',
      maxSize: 10485760,
      maxFiles: 3,
      tag: 'x',
      path: undefined,
    });
  });
});

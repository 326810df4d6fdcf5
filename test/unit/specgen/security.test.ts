import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { capabilitiesOfMask, mergeCapabilities } from '../../../src/specgen/capabilities.ts';
import type { CreateOptions } from '../../../src/specgen/create-options.ts';
import type { BundleFacts, HostFacts } from '../../../src/specgen/host-facts.ts';
import { toRuntimeSpec } from '../../../src/specgen/to-runtime-spec.ts';
import { bundleFixture, contextFixture, hostFixture, ROOT_CAPABILITIES, specOf } from './fixture.ts';

interface Seccomp {
  defaultAction: string;
  defaultErrnoRet?: number;
  architectures: string[];
  syscalls: { names: string[]; action: string; errnoRet?: number; args?: unknown[] }[];
}

const directory = mkdtempSync(join(tmpdir(), 'tspod-seccomp-'));
after(() => rmSync(directory, { recursive: true }));

function configOf(
  options: CreateOptions,
  host: Partial<HostFacts> = {},
  user: Partial<BundleFacts['user']> = {},
) {
  const bundle = bundleFixture({ user: { uid: 0, gid: 0, additionalGids: [], home: '/root', ...user } });
  return toRuntimeSpec(specOf(options), hostFixture(host), bundle, () => {});
}

const seccompOf = (options: CreateOptions, host: Partial<HostFacts> = {}) =>
  configOf(options, host).linux.seccomp as Seccomp | undefined;

/** What the profile does to a call with any arguments. */
function verdict(profile: Seccomp | undefined, call: string): string | undefined {
  const rule = profile?.syscalls.find(({ names, args }) => names.includes(call) && args === undefined);
  return rule?.errnoRet === undefined ? rule?.action : `${rule.action} ${rule.errnoRet}`;
}

describe('capabilities', () => {
  const merge = (add: string[], drop: string[]) =>
    mergeCapabilities({
      defaults: ['CHOWN', 'KILL', 'AUDIT_WRITE'],
      add,
      drop,
      available: ROOT_CAPABILITIES,
    });

  it('are the defaults that this process has itself, with additions and without what is dropped', () => {
    assert.deepEqual(merge([], []), ['CAP_CHOWN', 'CAP_KILL']);
    assert.deepEqual(merge(['CAP_NET_RAW'], ['CAP_KILL']), ['CAP_CHOWN', 'CAP_NET_RAW']);
  });

  it('let single names win over ALL on the other side', () => {
    assert.deepEqual(merge(['CAP_NET_RAW'], ['ALL']), ['CAP_NET_RAW']);
    assert.ok(!merge(['ALL'], ['CAP_KILL']).includes('CAP_KILL'));
    assert.equal(merge(['ALL'], []).length, ROOT_CAPABILITIES.length);
  });

  it('refuse contradictions and what this process does not have', () => {
    assert.throws(() => merge(['CAP_KILL'], ['CAP_KILL']), /"CAP_KILL" cannot be dropped and added/);
    assert.throws(() => merge(['ALL'], ['ALL']), /"ALL" cannot be dropped and added/);
    assert.throws(
      () => merge(['CAP_SYS_TIME'], []),
      /"CAP_SYS_TIME" cannot be added: this process does not have it/,
    );
  });

  it('are effective for root, and for another user only when they were added by name', () => {
    const root = configOf({}).process.capabilities;
    assert.deepEqual(root?.effective, root?.bounding);
    const user = configOf({ capAdd: ['net_raw'] }, {}, { uid: 5 }).process.capabilities;
    assert.ok(user?.bounding.includes('CAP_CHOWN'));
    assert.deepEqual([user?.effective, user?.ambient], [['CAP_NET_RAW'], ['CAP_NET_RAW']]);
    assert.deepEqual(configOf({ privileged: true }, {}, { uid: 5 }).process.capabilities?.effective, []);
  });

  it('are read from the mask in /proc', () => {
    assert.deepEqual(capabilitiesOfMask('0000000000000021'), ['CAP_CHOWN', 'CAP_KILL']);
    assert.equal(capabilitiesOfMask('000001ffffffffff').length, 41);
  });
});

describe('the seccomp profile', () => {
  it('refuses by default, with ENOSYS for what it does not know and EPERM for what it does', () => {
    const profile = seccompOf({});
    assert.equal(profile?.defaultAction, 'SCMP_ACT_ERRNO');
    assert.equal(profile?.defaultErrnoRet, 38);
    assert.equal(verdict(profile, 'read'), 'SCMP_ACT_ALLOW');
    assert.equal(verdict(profile, 'kexec_load'), 'SCMP_ACT_ERRNO 1');
    assert.equal(verdict(profile, 'no_such_call'), undefined);
  });

  it('follows the capabilities of the container', () => {
    assert.equal(verdict(seccompOf({}), 'bpf'), 'SCMP_ACT_ERRNO 1');
    assert.equal(verdict(seccompOf({ capAdd: ['sys_admin'] }), 'bpf'), 'SCMP_ACT_ALLOW');
    assert.equal(verdict(seccompOf({}), 'chroot'), 'SCMP_ACT_ALLOW');
    assert.equal(verdict(seccompOf({ capDrop: ['sys_chroot'] }), 'chroot'), 'SCMP_ACT_ERRNO 1');
  });

  it('follows the architecture', () => {
    const [x86, arm] = [seccompOf({}), seccompOf({}, { architecture: 'arm64' })];
    assert.deepEqual(x86?.architectures, ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32']);
    assert.deepEqual(arm?.architectures, ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM']);
    assert.equal(verdict(x86, 'arch_prctl'), 'SCMP_ACT_ALLOW');
    assert.equal(verdict(arm, 'arch_prctl'), undefined);
    assert.equal(verdict(arm, 'cacheflush'), 'SCMP_ACT_ALLOW');
  });

  it('never names a call in an allowing and a refusing rule without arguments', () => {
    for (const options of [{}, { capAdd: ['sys_admin', 'sys_ptrace'] }]) {
      const rules = (seccompOf(options)?.syscalls ?? []).filter(({ args }) => args === undefined);
      const allowed = new Set(
        rules.flatMap(({ action, names }) => (action === 'SCMP_ACT_ALLOW' ? names : [])),
      );
      const both = rules.filter(({ action }) => action !== 'SCMP_ACT_ALLOW').flatMap(({ names }) => names);
      // setns is free to all, as processes without CAP_SYS_ADMIN fail in the kernel anyway.
      assert.deepEqual(
        both.filter((name) => allowed.has(name)),
        'capAdd' in options ? [] : ['setns'],
      );
    }
  });

  it('is absent when unconfined, privileged, or unknown to the kernel', () => {
    assert.equal(seccompOf({ securityOpt: ['seccomp=unconfined'] }), undefined);
    assert.equal(seccompOf({ privileged: true }), undefined);
    assert.equal(seccompOf({}, { seccomp: false }), undefined);
  });

  it('is the file that was named, or the host brings, with the same conditions', () => {
    const path = join(directory, 'profile.json');
    const rules = [
      { name: 'read', action: 'SCMP_ACT_ALLOW' },
      { names: ['bpf'], action: 'SCMP_ACT_ALLOW', includes: { caps: ['CAP_SYS_ADMIN'] } },
    ];
    writeFileSync(path, JSON.stringify({ defaultAction: 'SCMP_ACT_KILL', syscalls: rules }));
    for (const profile of [
      seccompOf({ securityOpt: [`seccomp=${path}`] }),
      seccompOf(
        { securityOpt: [`seccomp=${path}`], privileged: true, capDrop: ['sys_admin'] },
        { capabilities: [] },
      ),
      seccompOf({}, { seccompProfilePath: path }),
    ]) {
      assert.equal(profile?.defaultAction, 'SCMP_ACT_KILL');
      assert.deepEqual(profile?.syscalls, [{ names: ['read'], action: 'SCMP_ACT_ALLOW' }]);
    }
  });

  it('names a file that is missing or no profile', () => {
    assert.throws(
      () => seccompOf({ securityOpt: ['seccomp=/gone'] }),
      /cannot load seccomp profile \/gone: open \/gone: no such file or directory/,
    );
    for (const text of ['{', '[]', '{"syscalls":[]}', '{"defaultAction":"x","syscalls":[1]}']) {
      const path = join(directory, 'bad.json');
      writeFileSync(path, text);
      assert.throws(
        () => seccompOf({ securityOpt: [`seccomp=${path}`] }),
        /cannot load seccomp profile .*bad\.json/,
      );
    }
  });
});

describe('system paths', () => {
  it('are masked unless privileged, unmasked by path, pattern or ALL, and masked on demand', () => {
    const masked = (...securityOpt: string[]) => configOf({ securityOpt }).linux;
    assert.ok(masked().maskedPaths?.includes('/proc/kcore'));
    assert.ok(!masked('unmask=/proc/kcore').maskedPaths?.includes('/proc/kcore'));
    assert.deepEqual(
      masked('unmask=/proc/*').maskedPaths?.filter((path) => path.startsWith('/proc')),
      [],
    );
    assert.deepEqual(masked('unmask=ALL', 'mask=/a:/b').maskedPaths, ['/a', '/b']);
    assert.equal(masked('systempaths=unconfined').readonlyPaths, undefined);
    assert.equal(configOf({ privileged: true }).linux.maskedPaths, undefined);
  });
});

describe('devices', () => {
  const facts = { type: 'c', major: 1, minor: 3, mode: 0o20666, uid: 0, gid: 0 };

  it('are made as nodes and allowed in the cgroup for root', () => {
    const { linux } = configOf(
      { device: ['/dev/null:/dev/x:r'], deviceCgroupRule: ['b 8:* rm'] },
      { devices: { '/dev/null': facts } },
    );
    assert.deepEqual(linux.devices, [
      { type: 'c', path: '/dev/x', major: 1, minor: 3, fileMode: 0o666, uid: 0, gid: 0 },
    ]);
    assert.deepEqual(linux.resources?.devices, [
      { allow: false, access: 'rwm' },
      { allow: true, type: 'c', major: 1, minor: 3, access: 'r' },
      { allow: true, type: 'b', major: 8, access: 'rm' },
    ]);
  });

  it('are bound from the host for a user', () => {
    const spec = specOf({ device: ['/dev/null:/dev/x'] }, contextFixture({ rootless: true }));
    const { linux, mounts } = toRuntimeSpec(spec, hostFixture({ rootless: true }), bundleFixture());
    assert.equal(linux.devices, undefined);
    assert.equal(linux.resources?.devices, undefined);
    assert.equal(mounts.find((mount) => mount.destination === '/dev/x')?.source, '/dev/null');
  });

  it('must be there', () => {
    assert.throws(() => configOf({ device: ['/dev/gone'] }), /cannot add device \/dev\/gone: no such file/);
  });

  it('are all there for --privileged, but for those that the runtime makes', () => {
    const hostDevices = [
      { path: '/dev/null', ...facts },
      { path: '/dev/fuse', ...facts },
    ];
    const { linux } = configOf({ privileged: true }, { hostDevices });
    assert.deepEqual(
      linux.devices?.map(({ path }) => path),
      ['/dev/fuse'],
    );
    assert.deepEqual(linux.resources?.devices, [{ allow: true, access: 'rwm' }]);
  });
});

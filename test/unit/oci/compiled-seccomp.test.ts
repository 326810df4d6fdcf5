import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { useCompiledSeccomp } from '../../../src/oci/compiled-seccomp.ts';
import type { RuntimeRef } from '../../../src/oci/runtime-client.ts';
import type { RuntimeSpec } from '../../../src/oci/runtime-spec.ts';

const ANNOTATION = 'run.oci.seccomp_bpf_data';
const FILTER = Buffer.from('a filter of some instructions');
const PROFILE = {
  defaultAction: 'SCMP_ACT_ERRNO',
  syscalls: [{ names: ['read'], action: 'SCMP_ACT_ALLOW' }],
};

describe('the compiled seccomp filter of an earlier container', () => {
  let runRoot: string;
  let runtime: RuntimeRef;
  beforeEach(() => {
    runRoot = mkdtempSync(join(tmpdir(), 'tspod-seccomp-'));
    const path = join(runRoot, 'crun');
    writeFileSync(path, 'a program');
    const stateRoot = join(runRoot, 'oci/crun');
    mkdirSync(join(stateRoot, 'c1'), { recursive: true });
    writeFileSync(join(stateRoot, 'c1/seccomp.bpf'), FILTER);
    runtime = { name: 'crun', path, args: [], stateRoot, systemdCgroup: false, sandboxed: false };
  });
  afterEach(() => rmSync(runRoot, { recursive: true }));

  function filterFor(
    changes: Partial<RuntimeSpec> = {},
    seccomp: Record<string, unknown> = PROFILE,
  ): unknown {
    const document = { annotations: {}, linux: { seccomp }, ...changes } as RuntimeSpec;
    useCompiledSeccomp(document, runtime, runRoot);
    return document.annotations?.[ANNOTATION];
  }

  function learn(seccomp: Record<string, unknown> = PROFILE): void {
    const document = { annotations: {}, linux: { seccomp } } as unknown as RuntimeSpec;
    useCompiledSeccomp(document, runtime, runRoot)?.('c1');
  }

  function cacheFile(): string {
    const [name = ''] = readdirSync(join(runRoot, 'seccomp'));
    return join(runRoot, 'seccomp', name);
  }

  it('is given to the next one with the same profile', () => {
    assert.equal(filterFor(), undefined);
    learn();
    assert.equal(filterFor(), FILTER.toString('base64'));
  });

  it('is not given to one with another profile, even where both have one name in the cache', () => {
    learn();
    const other = { ...PROFILE, syscalls: [{ names: ['open'], action: 'SCMP_ACT_ALLOW' }] };
    assert.equal(JSON.stringify(other).length, JSON.stringify(PROFILE).length);
    assert.equal(filterFor({}, other), undefined);
  });

  it('is compiled anew after the runtime was replaced', () => {
    learn();
    writeFileSync(runtime.path, 'another program');
    assert.equal(filterFor(), undefined);
  });

  it('is not used when a single byte of the file is wrong, wherever it is, or anything is missing', () => {
    learn();
    const whole = readFileSync(cacheFile());
    for (let at = 0; at < whole.length; at++) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      writeFileSync(cacheFile(), damaged);
      assert.equal(filterFor(), undefined, `byte ${at}`);
      writeFileSync(cacheFile(), whole.subarray(0, at));
      assert.equal(filterFor(), undefined, `cut at ${at}`);
    }
  });

  it('is left alone where the user, a program of the host or another runtime decides', () => {
    learn();
    const annotations = { 'run.oci.seccomp.receiver': '/run/socket' };
    assert.equal(filterFor({ annotations }), undefined);
    learn({ ...PROFILE, listenerPath: '/run/socket' });
    assert.equal(filterFor({}, { ...PROFILE, listenerPath: '/run/socket' }), undefined);
    runtime.name = 'runc';
    assert.equal(filterFor(), undefined);
  });

  it('is not kept for a runtime that keeps filters itself, nor when there is none', () => {
    mkdirSync(join(runtime.stateRoot, '.cache'));
    learn();
    rmSync(join(runtime.stateRoot, '.cache'), { recursive: true });
    writeFileSync(join(runtime.stateRoot, 'c1/seccomp.bpf'), '');
    learn();
    rmSync(join(runtime.stateRoot, 'c1'), { recursive: true });
    learn();
    assert.equal(existsSync(join(runRoot, 'seccomp')), false);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CommandNotFoundError, CommandNotInvokableError, RuntimeError } from '../../../src/base/errors.ts';
import { explainRuntimeError, saysNoSuchContainer } from '../../../src/oci/runtime-errors.ts';

const json = (msg: string) => `${JSON.stringify({ level: 'error', msg, time: '2026-01-02T03:04:05Z' })}\n`;

describe('what a runtime says about a failed start', () => {
  const cases: [string, typeof RuntimeError, string, string][] = [
    [
      'crun',
      CommandNotFoundError,
      'executable file `foo` not found in $PATH: No such file or directory\n',
      'crun: executable file `foo` not found in $PATH: No such file or directory: OCI runtime attempted to invoke a command that was not found',
    ],
    [
      'runc',
      RuntimeError,
      'runtime/cgo: pthread_create failed: Resource temporarily unavailable\nSIGABRT: abort\nPC=0x1 m=0\n\nrax    0x0\ngs     0x0\n',
      'runc: runtime/cgo: pthread_create failed: Resource temporarily unavailable: OCI runtime error',
    ],
    [
      'crun',
      CommandNotFoundError,
      'exec container process (missing dynamic library?) `/x`: No such file or directory',
      'crun: exec container process (missing dynamic library?) `/x`: No such file or directory: OCI runtime attempted to invoke a command that was not found',
    ],
    [
      'runc',
      CommandNotFoundError,
      json(
        'runc create failed: unable to start container process: exec: "foo": executable file not found in $PATH',
      ),
      'runc: runc create failed: unable to start container process: exec: "foo": executable file not found in $PATH: OCI runtime attempted to invoke a command that was not found',
    ],
    [
      'runc',
      CommandNotFoundError,
      json(
        'runc run failed: unable to start container process: exec: "/x": stat /x: no such file or directory',
      ),
      'runc: runc run failed: unable to start container process: exec: "/x": stat /x: no such file or directory: OCI runtime attempted to invoke a command that was not found',
    ],
    [
      'runc',
      CommandNotFoundError,
      'exec /badinterp: no such file or directory',
      'runc: exec /badinterp: no such file or directory: OCI runtime attempted to invoke a command that was not found',
    ],
    [
      'runc',
      CommandNotInvokableError,
      'time="2026-01-02T03:04:05Z" level=error msg="runc run failed: unable to start container process: exec: \\"/dir\\": permission denied"',
      'runc: runc run failed: unable to start container process: exec: "/dir": permission denied: OCI permission denied',
    ],
    [
      'runc',
      CommandNotInvokableError,
      json('exec: "/dir": is a directory'),
      'runc: exec: "/dir": is a directory: OCI permission denied',
    ],
    [
      'crun',
      CommandNotInvokableError,
      'open executable: Permission denied',
      'crun: open executable: Permission denied: OCI permission denied',
    ],
    [
      'crun',
      CommandNotInvokableError,
      'exec container process `/bad`: Exec format error',
      'crun: exec container process `/bad`: Exec format error: OCI runtime error',
    ],
    [
      'runc',
      CommandNotInvokableError,
      'exec /bad: exec format error',
      'runc: exec /bad: exec format error: OCI runtime error',
    ],
    [
      'runc',
      CommandNotFoundError,
      json('exec failed: chdir to cwd ("/gone") set in config.json failed: no such file or directory'),
      'runc: exec failed: chdir to cwd ("/gone") set in config.json failed: no such file or directory: OCI runtime attempted to invoke a command that was not found',
    ],
    [
      'runc',
      RuntimeError,
      json('error mounting "/gone" to rootfs at "/a": stat /gone: no such file or directory'),
      'runc: error mounting "/gone" to rootfs at "/a": stat /gone: no such file or directory: OCI runtime error',
    ],
    [
      'crun',
      RuntimeError,
      'cannot stat `/gone`: No such file or directory',
      'crun: cannot stat `/gone`: No such file or directory: OCI runtime error',
    ],
    ['crun', RuntimeError, '', 'crun: it gave no reason: OCI runtime error'],
  ];
  for (const [runtime, type, text, message] of cases)
    it(`${runtime}: ${text.slice(0, 90).trim() || 'nothing'}`, () => {
      const error = explainRuntimeError(text, runtime);
      assert.equal(error.constructor, type);
      assert.equal(error.message, message);
      assert.equal(error.detail, text);
    });

  it('takes the last error, not a warning that follows it', () => {
    const text =
      'time="x" level=error msg="the cause"\ntime="x" level=warning msg="cannot toggle freezer: cgroups not configured"';
    assert.match(explainRuntimeError(text, 'runc').message, /^runc: the cause:/);
  });

  it('hints at the platform when the kernel does not know the format', () => {
    assert.match(explainRuntimeError('exec /x: exec format error', 'runc').hint ?? '', /--platform/);
  });
});

describe('what a runtime says about a container it does not know', () => {
  for (const text of [
    'time="x" level=error msg="container does not exist"',
    'error opening file `/run/crun/x/status`: No such file or directory',
    'container "x" does not exist',
  ])
    it(text, () => assert.ok(saysNoSuchContainer(text)));
  it('is not taken from other failures', () => {
    assert.ok(!saysNoSuchContainer('cannot open /x: permission denied'));
    assert.ok(!saysNoSuchContainer('device or resource busy'));
  });
});

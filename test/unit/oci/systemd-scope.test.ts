import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { managerBus, moveToScope } from '../../../src/oci/systemd-scope.ts';
import { type FakeCall, leadingStrings, withBus } from '../../fixtures/fake-bus.ts';

const scope = { unit: 'libpod-conmon-1.scope', slice: 'machine.slice', description: 'monitor' };

const names = (calls: FakeCall[]): string[] => calls.map((call) => call.member);

test('a scope is made with the process in it, and is waited for', async () => {
  let finished = false;
  const calls = await withBus(
    (call, peer) => {
      peer.reply();
      if (call.member !== 'StartTransientUnit') return;
      peer.jobRemoved('another.scope', 'failed');
      assert.equal(finished, false);
      peer.jobRemoved(scope.unit, 'done');
    },
    async (path) => {
      await moveToScope(path, scope, 4711, false);
      finished = true;
    },
  );
  assert.deepEqual(names(calls), ['Hello', 'AddMatch', 'StartTransientUnit']);
  const body = calls[2]?.body ?? Buffer.alloc(0);
  assert.deepEqual(leadingStrings(body, 2), [scope.unit, 'fail']);
  // Of type "au": 4 bytes of elements, one pid.
  assert.match(body.toString('hex'), /02617500(00)*0400000067120000/);
});

test('a scope that is there already is joined', async () => {
  const calls = await withBus(
    (call, peer) => {
      if (call.member === 'StartTransientUnit') peer.refuse('org.freedesktop.systemd1.UnitExists', 'exists');
      else peer.reply();
    },
    (path) => moveToScope(path, scope, 4711, false),
  );
  assert.deepEqual(names(calls), ['Hello', 'AddMatch', 'StartTransientUnit', 'AttachProcessesToUnit']);
});

test('a scope to be joined that is not there is made', async () => {
  const calls = await withBus(
    (call, peer) => {
      if (call.member === 'AttachProcessesToUnit') peer.refuse('org.freedesktop.systemd1.NoSuchUnit', 'none');
      else peer.reply();
      if (call.member === 'StartTransientUnit') peer.jobRemoved(scope.unit, 'done');
    },
    (path) => moveToScope(path, scope, 4711, true),
  );
  assert.deepEqual(names(calls), ['Hello', 'AttachProcessesToUnit', 'AddMatch', 'StartTransientUnit']);
});

test('what the manager refuses otherwise is an error with its words', async () => {
  await withBus(
    (call, peer) => {
      if (call.member === 'StartTransientUnit')
        peer.refuse('org.freedesktop.DBus.Error.AccessDenied', 'not you');
      else peer.reply();
    },
    async (path) => assert.rejects(moveToScope(path, scope, 4711, false), /not you/),
  );
});

test('a job that fails is an error', async () => {
  await withBus(
    (call, peer) => {
      peer.reply();
      if (call.member === 'StartTransientUnit') peer.jobRemoved(scope.unit, 'failed');
    },
    async (path) => assert.rejects(moveToScope(path, scope, 4711, false), /ended with "failed"/),
  );
});

test('a bus that is not there, or hangs up, is an error and nothing to wait for', async () => {
  await assert.rejects(moveToScope('/nonexistent/bus', scope, 4711, false), /ENOENT/);
  await withBus(
    (call, peer) => {
      if (call.member === 'StartTransientUnit') peer.hangUp();
      else peer.reply();
    },
    async (path) => assert.rejects(moveToScope(path, scope, 4711, false), /closed the connection/),
  );
});

describe('the bus of the manager', () => {
  test('is the system bus for root', () => {
    assert.equal(managerBus(false, { XDG_RUNTIME_DIR: '/run/user/0' }), '/run/dbus/system_bus_socket');
    assert.equal(managerBus(false, { DBUS_SYSTEM_BUS_ADDRESS: 'unix:path=/other' }), '/other');
  });

  test("is the session's for a user", () => {
    const given = {
      DBUS_SESSION_BUS_ADDRESS: 'unix:guid=1,path=/run/a%20b;unix:path=/c',
      XDG_RUNTIME_DIR: '/x',
    };
    assert.equal(managerBus(true, given), '/run/a b');
    assert.equal(managerBus(true, { DBUS_SESSION_BUS_ADDRESS: 'unix:abstract=/tmp/x,guid=2' }), '\0/tmp/x');
    assert.equal(managerBus(true, { XDG_RUNTIME_DIR: '/run/user/1000' }), '/run/user/1000/bus');
    assert.equal(
      managerBus(true, { DBUS_SESSION_BUS_ADDRESS: 'tcp:host=x', XDG_RUNTIME_DIR: '/x' }),
      '/x/bus',
    );
    assert.equal(managerBus(true, {}), undefined);
  });
});

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually, guest, leavesNothing, must } from './guest.ts';

/** Draws a number that nobody but its own memory keeps, and writes it down whenever it is asked. */
const KEEPER =
  'token=$(cat /proc/sys/kernel/random/uuid); echo "$token"; while :; do if [ -e /ask ]; then rm /ask; echo "$token" >/answer; fi; sleep 0.1; done';
const RUNC = 'tspod --runtime runc';

describe('a checkpoint on cgroup v2 with systemd', () => {
  let token = '';
  before(async () => {
    must('root', `${RUNC} run -d --name keeper -p 8081:80 busybox sh -c '${KEEPER}' >/dev/null`);
    token = await eventually('root', `${RUNC} logs keeper | grep .`);
  });
  after(() => leavesNothing('root'));

  const ask = async (name: string): Promise<string> => {
    must('root', `${RUNC} exec ${name} sh -c 'rm -f /answer; touch /ask'`);
    return await eventually('root', `${RUNC} exec ${name} cat /answer | grep .`);
  };
  const stateOf = (name: string): string =>
    must('root', `tspod inspect -f '{{.State.Status}} {{.State.Checkpointed}} {{.State.Restored}}' ${name}`);

  test('ends a container, whose scope goes, and restore continues it in one of its own with the same address', async () => {
    const address = "tspod inspect -f '{{.NetworkSettings.IPAddress}}' keeper";
    const before = must('root', address);
    must('root', `${RUNC} container checkpoint keeper`);
    assert.equal(stateOf('keeper'), 'exited true false');
    await eventually('root', "! systemctl list-units --all --no-legend 'libpod-*' | grep .");
    must('root', `${RUNC} container restore keeper`);
    assert.equal(stateOf('keeper'), 'running false true');
    assert.equal(await ask('keeper'), token);
    assert.equal(must('root', address), before);
    const id = must('root', "tspod inspect -f '{{.Id}}' keeper");
    assert.match(must('root', "tspod inspect -f '{{.State.CgroupPath}}' keeper"), new RegExp(`libpod-${id}`));
  });

  test('of the memory alone comes first where the kernel tracks it, and makes the next one smaller', async () => {
    must('root', `${RUNC} container checkpoint --pre-checkpoint keeper`);
    assert.equal(await ask('keeper'), token);
    must('root', `${RUNC} container checkpoint --with-previous keeper`);
    must('root', `${RUNC} container restore keeper`);
    assert.equal(await ask('keeper'), token);
  });

  test('goes to a file and comes from it under another name', async () => {
    must('root', `${RUNC} exec keeper sh -c 'echo changed >/made; rm /etc/group'`);
    must('root', `${RUNC} container checkpoint --leave-running -e /root/keeper.tar.zst keeper`);
    assert.equal(await ask('keeper'), token);
    must('root', `${RUNC} container restore -i /root/keeper.tar.zst -n other -p 8082:80`);
    assert.equal(await ask('other'), token);
    assert.equal(
      must('root', `${RUNC} exec other sh -c 'cat /made; ls /etc/group 2>/dev/null || true'`),
      'changed',
    );
    must('root', `${RUNC} rm -f -t 0 other`);
  });

  test('goes on after the host has lost all that was running and mounted', async () => {
    must('root', `${RUNC} container checkpoint keeper`);
    // As a boot finds it.
    must('root', 'rm -rf /run/tspod');
    must('root', `${RUNC} container restore keeper`);
    assert.equal(await ask('keeper'), token);
  });

  test('is refused by crun without the library of CRIU, and without root', () => {
    must('root', 'tspod run -d --name plain busybox sleep 1000');
    const refused = guest('root', 'tspod container checkpoint plain');
    assert.equal(refused.code, 125);
    assert.match(refused.stderr, /libcriu.*\n.*libcriu2.*--runtime runc/);
    assert.equal(must('root', "tspod inspect -f '{{.State.Status}}' plain"), 'running');
    assert.match(guest('lingering', 'tspod container checkpoint any').stderr, /requires root/);
  });
});

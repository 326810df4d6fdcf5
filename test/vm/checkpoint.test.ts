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

  test('keeps a connection that both sides want kept', async () => {
    must('root', `${RUNC} run -d --name echo busybox nc -ll -p 9000 -e cat >/dev/null`);
    const address = must('root', "tspod inspect -f '{{.NetworkSettings.IPAddress}}' echo");
    // The client keeps its end open all the while, and says its second word when it is told to.
    const client = [
      'rm -f /root/go /root/heard',
      `for try in $(seq 50); do exec 3<>/dev/tcp/${address}/9000 && break; sleep 0.2; done`,
      'echo first >&3; head -n 1 <&3 >>/root/heard',
      'while [ ! -e /root/go ]; do sleep 0.2; done',
      'echo second >&3; head -n 1 <&3 >>/root/heard',
    ].join('\n');
    must(
      'root',
      `cat >/root/client <<'END'\n${client}\nEND\nsetsid bash /root/client </dev/null >/dev/null 2>&1 &`,
    );
    await eventually('root', 'grep first /root/heard');
    const refused = guest('root', `${RUNC} container checkpoint echo`);
    assert.equal(refused.code, 125);
    assert.match(refused.stderr, /--tcp-established/);
    must('root', `${RUNC} container checkpoint --tcp-established echo`);
    must('root', `${RUNC} container restore --tcp-established echo`);
    must('root', 'touch /root/go');
    assert.equal(
      await eventually('root', 'grep -c . /root/heard | grep 2 && cat /root/heard'),
      '2\nfirst\nsecond',
    );
    must('root', `${RUNC} rm -f -t 0 echo`);
  });

  test('keeps a lock on a file that both sides want kept', async () => {
    // busybox of this image has no flock: the machine's own.
    const system = '-v /usr:/usr:ro -v /usr/lib:/lib:ro -v /usr/lib64:/lib64:ro';
    must(
      'root',
      `${RUNC} run -d --name locked ${system} busybox /usr/bin/flock /lock sh -c 'touch /held; while :; do sleep 1; done' >/dev/null`,
    );
    await eventually('root', `${RUNC} exec locked test -e /held`);
    const refused = guest('root', `${RUNC} container checkpoint locked`);
    assert.equal(refused.code, 125);
    assert.match(refused.stderr, /--file-locks/);
    must('root', `${RUNC} container checkpoint --file-locks locked`);
    must('root', `${RUNC} container restore --file-locks locked`);
    assert.equal(guest('root', `${RUNC} exec locked /usr/bin/flock -n /lock true`).code, 1);
    must('root', `${RUNC} rm -f -t 0 locked`);
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

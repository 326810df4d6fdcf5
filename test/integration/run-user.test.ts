import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { inContainer, runScript, startSleeper } from '../fixtures/containers.ts';
import { testRoot, tspodOk } from '../fixtures/harness.ts';

describe('the user of a container', () => {
  it('is root, in the groups that the image gives root', async () => {
    assert.match(await inContainer([], 'id'), /^uid=0(\(root\))? gid=0/);
  });

  it('is given by name, by number, with and without a group', async () => {
    assert.equal(await inContainer(['-u', '1234'], 'id -u; id -g'), '1234\n0');
    assert.equal(await inContainer(['-u', '1234:5678'], 'id -u; id -g'), '1234\n5678');
    assert.equal(await inContainer(['-u', ':5678'], 'id -u; id -g'), '0\n5678');
    assert.equal(await inContainer(['-u', 'root'], 'id -u; id -g'), '0\n0');
  });

  it('has its entry in passwd, so that whoami works', async () => {
    assert.equal(await inContainer(['-u', 'root'], 'whoami'), 'root');
  });

  it('is refused by name when the image does not know it', async () => {
    const user = await runScript(['-u', 'nosuch'], 'id');
    assert.notEqual(user.code, 0);
    assert.match(user.stderr, /nosuch/);
    const group = await runScript(['-u', 'root:nosuchgroup'], 'id');
    assert.notEqual(group.code, 0);
    assert.match(group.stderr, /nosuchgroup/);
  });

  it('is looked up where the container sees it: in files mounted over the image’s own', async () => {
    const [passwd, group] = [join(testRoot().base, 'passwd'), join(testRoot().base, 'group')];
    writeFileSync(passwd, 'root:x:0:0::/:/bin/sh\nguest:x:77:78::/tmp:/bin/sh\n', { mode: 0o644 });
    writeFileSync(group, 'guests:x:78:\nfriends:x:79:guest\n', { mode: 0o644 });
    const mounts = ['-v', `${passwd}:/etc/passwd:ro`, '-v', `${group}:/etc/group:ro`];
    const script = 'id -un; id -G; echo $HOME';
    assert.equal(await inContainer([...mounts, '-u', 'guest'], script), 'guest\n78 79\n/tmp');
    assert.equal(await inContainer([...mounts, '-u', 'guest:friends'], 'id -G'), '79');
    const name = await startSleeper(mounts);
    assert.equal(await tspodOk(['exec', '-u', 'guest', name, 'id', '-un']), 'guest');
    await tspodOk(['rm', '-f', '-t', '0', name]);
  });

  it('is known to exec by the name that --passwd-entry gives', async () => {
    const name = await startSleeper(['-u', '1234', '--passwd-entry', 'me:*:$UID:$GID::/:/bin/sh']);
    assert.equal(await tspodOk(['exec', '-u', 'me', name, 'id', '-u']), '1234');
    await tspodOk(['rm', '-f', '-t', '0', name]);
  });

  it('is refused when its number is absurd', async () => {
    const result = await runScript(['-u', '99999999999'], 'id');
    assert.equal(result.code, 125);
    assert.match(result.stderr, /99999999999/);
  });

  it('is in the further groups asked for', async () => {
    assert.match(await inContainer(['-u', '1000:1000', '--group-add', '2000'], 'id -G'), /\b2000\b/);
    const bad = await runScript(['--group-add', 'nosuchgroup'], 'id');
    assert.notEqual(bad.code, 0);
    assert.match(bad.stderr, /nosuchgroup/);
  });

  it('has no capabilities when it is not root', async () => {
    assert.match(await inContainer(['-u', '1234'], 'grep CapEff /proc/self/status'), /CapEff:\s+0{16}/);
  });

  it('has / as its home when passwd knows none', async () => {
    assert.equal(await inContainer(['-u', '1234'], 'echo $HOME'), '/');
  });

  it('has a name inside even if the image does not know it, unless told otherwise', async () => {
    const script = 'whoami; tail -1 /etc/passwd; tail -1 /etc/group';
    assert.equal(
      await inContainer(['-u', '1234:2345', '-w', '/tmp'], script),
      '1234\n1234:*:1234:2345:container user:/tmp:/bin/sh\n2345:x:2345:1234',
    );
    assert.match(await inContainer(['-u', '1234', '--passwd=false'], 'whoami 2>&1 || true'), /unknown/);
  });
});

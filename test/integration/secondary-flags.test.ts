import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createScript, freshName } from '../fixtures/containers.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { createPod, removePod } from '../fixtures/pods.ts';

describe('secrets', () => {
  it('are kept where --driver-opts says, listed by --filter, and all removed at once', async () => {
    const directory = join(testRoot().base, 'kept');
    const kept = ['--driver', 'file', '--driver-opts', `path=${directory}`];
    await tspodOk(['secret', 'create', ...kept, 'far', '-'], { input: 'hidden' });
    await tspodOk(['secret', 'create', 'near', '-'], { input: 'x' });
    assert.ok(existsSync(directory) && readdirSync(directory).length > 0);
    const run = ['run', '--rm', '--network', 'none', '--secret', 'far', await busyboxImage()];
    assert.equal(await tspodOk([...run, 'cat', '/run/secrets/far']), 'hidden');
    const list = ['secret', 'ls', '--noheading', '--filter', 'name=near'];
    assert.match(await tspodOk(list), /^[0-9a-f]{25} +near +file [^\n]*$/);
    await tspodOk(['secret', 'rm', '--all']);
    assert.equal(await tspodOk(['secret', 'ls', '-q']), '');
  });
});

describe('the log of a pod', () => {
  it('is cut by --tail, --since and --until, and coloured', async () => {
    const pod = await createPod();
    const name = freshName('talker');
    const run = ['run', '--pod', pod, '--name', name, await busyboxImage(), 'printf', '%s\\n', 'one', 'two'];
    await tspodOk(run);
    assert.equal(await tspodOk(['pod', 'logs', '--latest', '--tail', '1']), 'two');
    assert.equal(await tspodOk(['pod', 'logs', '--since', '1h', pod]), 'one\ntwo');
    assert.equal(await tspodOk(['pod', 'logs', '--since', '2100-01-01T00:00:00Z', pod]), '');
    assert.equal(await tspodOk(['pod', 'logs', '--until', '2000-01-01T00:00:00Z', pod]), '');
    assert.match(await tspodOk(['pod', 'logs', '--color', pod]), /^\u001b\[37mone\u001b\[0m$/m);
    await removePod(pod);
  });
});

describe('small flags of commands for containers', () => {
  it('write the id of a committed image, and look for containers of others too', async () => {
    const name = await createScript([], 'true');
    const file = join(testRoot().base, 'image-id');
    const id = await tspodOk(['commit', '-q', '--iidfile', file, name, 'localhost/committed']);
    assert.equal(readFileSync(file, 'utf8').replace('sha256:', ''), id);
    assert.equal((await tspod(['container', 'exists', '--external', name])).code, 0);
    assert.equal((await tspod(['container', 'exists', '--external', 'nobody'])).code, 1);
    await tspodOk(['volume', 'create', 'listed']);
    assert.match(await tspodOk(['volume', 'ls', '--noheading']), /^local +listed$/);
    await tspodOk(['rm', name]);
  });
});

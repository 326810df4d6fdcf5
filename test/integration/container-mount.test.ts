import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { freshName, startSleeper } from '../fixtures/containers.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { rootArguments, TSPOD, testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { isRoot, requires } from '../fixtures/requires.ts';

describe('mount', { skip: requires('root') }, () => {
  it('shows the files of a container, running or not, until unmount', async () => {
    const name = await startSleeper();
    await tspodOk(['exec', name, 'sh', '-c', 'echo inside > /made']);
    const path = await tspodOk(['mount', name]);
    assert.equal(readFileSync(join(path, 'made'), 'utf8'), 'inside\n');
    writeFileSync(join(path, 'from-outside'), 'x');
    assert.equal(await tspodOk(['exec', name, 'cat', '/from-outside']), 'x');
    await tspodOk(['stop', '-t', '0', name]);
    assert.equal(readFileSync(join(path, 'made'), 'utf8'), 'inside\n');
    assert.match(await tspodOk(['mount']), new RegExp(`^[0-9a-f]{12} +${path}$`, 'm'));
    const [listed] = JSON.parse(await tspodOk(['mount', '--format', 'json'])) as { Names: string[] }[];
    assert.deepEqual(listed?.Names, [name]);
    assert.equal((await tspod(['system', 'check'])).code, 0);
    await tspodOk(['unmount', name]);
    assert.equal(existsSync(join(path, 'made')), false);
    assert.equal(await tspodOk(['mount']), '');
    await tspodOk(['rm', name]);
  });

  it('is not undone under a running container, but with its end', async () => {
    const name = await startSleeper();
    const path = await tspodOk(['mount', name]);
    assert.equal(await tspodOk(['mount', '--all']), path);
    await tspodOk(['umount', name]);
    assert.equal(existsSync(join(path, 'bin')), true);
    await tspodOk(['stop', '-t', '0', name]);
    assert.equal(existsSync(join(path, 'bin')), false);
    await tspodOk(['rm', name]);
  });

  it('goes with a container that is removed', async () => {
    const name = freshName();
    await tspodOk(['create', '--name', name, '--network', 'none', await busyboxImage(), 'true']);
    const path = await tspodOk(['mount', name]);
    await tspodOk(['rm', name]);
    assert.equal(existsSync(path), false);
    assert.equal(await tspodOk(['mount']), '');
  });
});

describe('mount of a user', { skip: isRoot() ? 'for an ordinary user' : false }, () => {
  it('is refused where its path would show nothing, and works inside of unshare', async () => {
    const name = freshName();
    await tspodOk(['create', '--name', name, '--network', 'none', await busyboxImage(), 'true']);
    const refused = await tspod(['mount', name]);
    assert.equal(refused.code, 125);
    assert.match(refused.stderr, /unshare/);
    const inside = [TSPOD, ...rootArguments(testRoot())].join(' ');
    const script = `ls "$(${inside} mount ${name})" && ${inside} umount ${name}`;
    assert.match(await tspodOk(['unshare', 'sh', '-c', script]), /^bin$/m);
    await tspodOk(['rm', name]);
  });
});

import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { makeTestRoot, rootArguments, TSPOD, testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { isRoot, requires } from '../fixtures/requires.ts';

describe('image mount', { skip: requires('root') }, () => {
  it('shows the files read-only until it was unmounted as often as mounted', async () => {
    const image = await busyboxImage();
    const path = await tspodOk(['image', 'mount', image]);
    assert.ok(readdirSync(path).includes('bin'));
    assert.throws(() => writeFileSync(join(path, 'new'), 'x'), /EROFS/);
    assert.equal(await tspodOk(['image', 'mount', image]), path);
    assert.match(await tspodOk(['image', 'mount']), new RegExp(`busybox\\S*  ${path}$`));
    const [listed] = JSON.parse(await tspodOk(['image', 'mount', '--format', 'json'])) as {
      id: string;
      mountpoint: string;
      Repositories: string[];
    }[];
    assert.equal(listed?.mountpoint, path);
    assert.equal((await tspod(['system', 'check'])).code, 0);
    assert.equal(await tspodOk(['image', 'unmount', image]), listed.id);
    assert.ok(readdirSync(path).includes('bin'));
    assert.equal(await tspodOk(['image', 'umount', image]), listed.id);
    assert.equal(existsSync(path), false);
    assert.equal(await tspodOk(['image', 'unmount', image]), '');
    assert.equal(await tspodOk(['image', 'mount']), '');
  });

  it('takes all of them, unmounts by force at once, and refuses what is not there', async () => {
    await busyboxImage();
    const [path = ''] = (await tspodOk(['image', 'mount', '--all'])).split('\n');
    await tspodOk(['image', 'mount', '--all']);
    assert.equal(existsSync(join(path, 'bin')), true);
    await tspodOk(['image', 'unmount', '--all', '--force']);
    assert.equal(existsSync(path), false);
    assert.match((await tspod(['image', 'mount', 'nowhere/none'])).stderr, /image not known/);
    assert.match((await tspod(['image', 'unmount'])).stderr, /must be specified/);
    assert.equal((await tspod(['image', 'mount', '--all', 'x'])).code, 125);
  });

  it('goes with an image that is removed, with driver vfs too', async () => {
    const root = makeTestRoot();
    const vfs = (...args: string[]) => tspodOk(['--storage-driver', 'vfs', ...args], { root });
    const archive = join(root.base, 'image.tar');
    await tspodOk(['save', '-q', '-o', archive, await busyboxImage()]);
    await vfs('load', '-q', '-i', archive);
    const path = await vfs('image', 'mount', await busyboxImage());
    assert.throws(() => writeFileSync(join(path, 'new'), 'x'), /EROFS/);
    await vfs('rmi', await busyboxImage());
    assert.equal(existsSync(path), false);
    assert.equal(await vfs('image', 'mount'), '');
  });
});

describe('image mount of a user', { skip: isRoot() ? 'for an ordinary user' : false }, () => {
  it('is refused where its path would show nothing, and works inside of unshare', async () => {
    const image = await busyboxImage();
    const refused = await tspod(['image', 'mount', image]);
    assert.equal(refused.code, 125);
    assert.match(refused.stderr, /unshare/);
    const inside = [TSPOD, ...rootArguments(testRoot())].join(' ');
    const script = `ls "$(${inside} image mount ${image})" && ${inside} image umount ${image}`;
    assert.match(await tspodOk(['unshare', 'sh', '-c', script]), /^bin$/m);
    const itself = ['unshare', TSPOD, ...rootArguments(testRoot())];
    const path = await tspodOk([...itself, 'image', 'mount', image]);
    assert.match(await tspodOk(['unshare', 'ls', path]), /^bin$/m);
    await tspodOk([...itself, 'image', 'umount', image]);
    assert.equal((await tspod(['unshare', 'ls', path])).stdout, '');
  });
});

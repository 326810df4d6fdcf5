import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { freshName } from '../fixtures/containers.ts';
import { busyboxArchive, busyboxImage } from '../fixtures/harness-busybox.ts';
import { makeTestRoot, type TestRoot, tspod, tspodOk } from '../fixtures/harness.ts';

const ARCHITECTURE = process.arch === 'x64' ? 'amd64' : process.arch;

describe('image tree', () => {
  it('draws the layers of an image, and those that others put on top of it', async () => {
    const base = await busyboxImage();
    const name = freshName();
    await tspodOk(['run', '--name', name, '--network', 'none', base, 'sh', '-c', 'echo x > /added']);
    await tspodOk(['commit', name, 'localhost/grown:1']);
    await tspodOk(['rm', name]);
    const own = await tspodOk(['image', 'tree', 'localhost/grown:1']);
    assert.match(
      own,
      /^Image ID: [0-9a-f]{12}\nTags: {5}\[localhost\/grown:1\]\nSize: {5}\S+\nImage Layers\n/,
    );
    assert.match(
      own,
      /\n├── ID: [0-9a-f]{12} Size: \S+\n└── ID: [0-9a-f]{12} Size: \S+ Top Layer of: \[localhost\/grown:1\]$/,
    );
    const above = await tspodOk(['image', 'tree', '--whatrequires', base]);
    assert.match(
      above,
      /\n└── ID: .* Top Layer of: \[localhost\/busybox:latest\]\n {4}└── ID: .* Top Layer of: \[localhost\/grown:1\]$/,
    );
    await tspodOk(['rmi', 'localhost/grown:1']);
  });

  it('names an image that is not there', async () => {
    const { code, stderr } = await tspod(['image', 'tree', 'localhost/none:1']);
    assert.equal(code, 125);
    assert.match(stderr, /localhost\/none:1/);
  });
});

describe('images --tree', () => {
  const tree = async (root: TestRoot, ...args: string[]) =>
    (await tspodOk(['images', '--tree', ...args], { root })).split('\n').map((line) => line.split(/ {2,}/));

  it('draws each image once, with all its names and its platform, and what is in use', async () => {
    const root = makeTestRoot();
    const image = await busyboxImage(root);
    await tspodOk(['tag', image, 'localhost/other:2'], { root });
    const [, gap, heading, first, second, platform, end] = await tree(root);
    assert.deepEqual(gap, ['']);
    assert.deepEqual(heading, ['IMAGE', 'ID', 'DISK USAGE', 'CONTENT SIZE', 'EXTRA']);
    const digest = await tspodOk(['image', 'inspect', '-f', '{{.Digest}}', image], { root });
    assert.deepEqual([first?.[0], second?.[0]], [image, 'localhost/other:2']);
    assert.equal(second?.length, 4);
    assert.deepEqual(platform?.slice(0, 2), [`└─ linux/${ARCHITECTURE}`, digest.slice(7, 19)]);
    assert.deepEqual(platform?.slice(2), second?.slice(2));
    assert.equal(end, undefined);
    await tspodOk(['create', '--name', 'user', image], { root });
    assert.equal((await tree(root, image))[3]?.[4], 'U');
    await tspodOk(['rm', 'user'], { root });
  });

  it('shows which images of a manifest list are here', async () => {
    const root = makeTestRoot();
    const image = await busyboxImage(root);
    await tspodOk(['manifest', 'create', 'both:1'], { root });
    for (const platform of ['linux/arm64/v8', `linux/${ARCHITECTURE}`]) {
      const [, arch = '', variant] = platform.split('/');
      const made = ['-q', '--platform', platform, busyboxArchive(), `localhost/${arch}:1`];
      await tspodOk(['import', ...made], { root });
      const variants = variant === undefined ? [] : ['--variant', variant];
      await tspodOk(['manifest', 'add', '--arch', arch, ...variants, 'both:1', `localhost/${arch}:1`], {
        root,
      });
    }
    await tspodOk(['rmi', 'localhost/arm64:1'], { root });
    const lines = await tree(root, 'both');
    assert.deepEqual(
      lines.slice(3).map(([name]) => name),
      ['localhost/both:1', '├─ linux/arm64/v8', `└─ linux/${ARCHITECTURE}`],
    );
    assert.deepEqual(lines[4]?.slice(2), ['-', '-']);
    assert.deepEqual(lines[5]?.slice(2), lines[3]?.slice(2));
    assert.notEqual(lines[5]?.[2], '-');
    assert.equal((await tree(root, image)).length, 5);
  });

  it('takes filters, and no other form', async () => {
    const root = makeTestRoot();
    await busyboxImage(root);
    assert.equal((await tree(root, '--filter', 'dangling=true')).length, 3);
    for (const flag of ['--quiet', '--digests', '--no-trunc', '--format=json', '--history']) {
      const { code, stderr } = await tspod(['images', '--tree', flag], { root });
      assert.equal(code, 125);
      assert.match(stderr, new RegExp(`${flag.split('=')[0]} and --tree cannot be used together`));
    }
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { freshName } from '../fixtures/containers.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { tspod, tspodOk } from '../fixtures/harness.ts';

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

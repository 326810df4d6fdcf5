import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { sha256Of } from '../../../src/base/ids.ts';
import { imageHistory } from '../../../src/image/history.ts';
import { inspectImage } from '../../../src/image/image-inspect.ts';
import { buildTar } from '../../fixtures/images.ts';
import { memoryStore } from '../../fixtures/memory-store.ts';

const base = buildTar([{ name: 'base' }]);
const top = buildTar([{ name: 'top', content: 'x'.repeat(1000) }]);
const day = (n: number) => `2024-01-0${n}T00:00:00Z`;

/** A base image, and one built on it with a layer and a step that changes the configuration only. */
async function family() {
  const store = memoryStore();
  const apply = (tar: Buffer, parent: Awaited<ReturnType<typeof store.layers.apply>> | undefined) =>
    store.layers.apply({ parent, diffId: sha256Of(tar), source: Readable.from([tar]), compression: 'none' });
  const first = await apply(base, undefined);
  const second = await apply(top, first);
  const history = [
    { created: day(1), created_by: 'ADD base', comment: 'first' },
    { created: day(2), created_by: 'ENV A=b', empty_layer: true },
    { created: day(3), created_by: 'COPY top', comment: 'last' },
  ];
  const add = (steps: number, diffs: Buffer[], layer: string, name: string) =>
    store.images.add({
      manifest: '{"schemaVersion":2,"annotations":{"k":"v"}}',
      manifestType: 'application/vnd.oci.image.manifest.v1+json',
      rawConfig: JSON.stringify({
        created: day(steps),
        architecture: 'amd64',
        os: 'linux',
        author: 'ann',
        config: {
          Env: ['A=b'],
          Cmd: ['sh'],
          Labels: { a: 'b' },
          ExposedPorts: { '80/tcp': {}, '443/tcp': {} },
          User: 'nobody',
          Healthcheck: { Test: ['CMD', 'true'], Interval: 1e9 },
        },
        rootfs: { type: 'layers', diff_ids: diffs.map((tar) => sha256Of(tar)) },
        history: history.slice(0, steps),
      }),
      topLayerId: layer,
      names: [name],
      digests: [['localhost/x', sha256Of(name)]],
    });
  const parent = add(1, [base], first.id, 'localhost/base:1');
  const child = add(3, [base, top], second.id, 'localhost/child:1');
  return { store, parent, child };
}

describe('image inspect and history', () => {
  it("has podman's members in podman's order", async () => {
    const { store, child } = await family();
    const document = inspectImage(store, child);
    assert.deepEqual(Object.keys(document), [
      ...['Id', 'Digest', 'RepoTags', 'RepoDigests', 'Parent', 'Comment', 'Created', 'Config', 'Version'],
      ...[
        'Author',
        'Architecture',
        'Os',
        'Size',
        'VirtualSize',
        'GraphDriver',
        'RootFS',
        'Labels',
        'Annotations',
      ],
      ...['ManifestType', 'User', 'History', 'NamesHistory', 'Healthcheck'],
    ]);
    assert.deepEqual(Object.keys(document['Config'] as object), [
      'User',
      'ExposedPorts',
      'Env',
      'Cmd',
      'Labels',
    ]);
    assert.deepEqual(document['Healthcheck'], { Test: ['CMD', 'true'], Interval: 1e9 });
    assert.deepEqual(document['Annotations'], { k: 'v' });
    assert.equal(document['Comment'], 'last');
  });

  it('finds the image that another was built on', async () => {
    const { store, parent, child } = await family();
    assert.equal(inspectImage(store, child)['Parent'], parent.id);
    assert.equal(inspectImage(store, parent)['Parent'], '');
  });

  it('lists steps newest first, with sizes of layers and images that end at a step', async () => {
    const { store, parent, child } = await family();
    assert.deepEqual(
      imageHistory(store, child).map((step) => [step.id, step.createdBy, step.size, step.tags]),
      [
        [child.id, 'COPY top', top.length, ['localhost/child:1']],
        ['<missing>', 'ENV A=b', 0, []],
        [parent.id, 'ADD base', base.length, ['localhost/base:1']],
      ],
    );
  });
});

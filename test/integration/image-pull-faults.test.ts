import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { IntegrityError, NotFoundError, RegistryAuthError, RegistryError } from '../../src/base/errors.ts';
import { pullImage } from '../../src/image/pull.ts';
import type { PullContext, PullEvent, PullOptions } from '../../src/image/pull-options.ts';
import { type BadRegistry, type Faults, startBadRegistry } from '../fixtures/bad-registry.ts';
import { buildImage, jsonBlob } from '../fixtures/images.ts';
import { type MemoryStore, memoryStore } from '../fixtures/memory-store.ts';

const image = buildImage({
  layers: [
    [{ name: 'etc/' }, { name: 'etc/one', content: 'a'.repeat(200_000) }],
    [{ name: 'etc/two', content: 'second' }],
  ],
  compression: 'none',
});
const RETRY = { attempts: 3, delayMs: 1 };

describe('pulling from a faulty registry', () => {
  let directory: string;
  let env: NodeJS.ProcessEnv;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'tspod-pull-'));
    env = { HOME: directory, CONTAINERS_REGISTRIES_CONF: join(directory, 'registries.conf') };
    writeFileSync(join(directory, 'registries.conf'), '');
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  async function pulling(
    faults: Faults,
    check: (pull: {
      store: MemoryStore;
      registry: BadRegistry;
      events: PullEvent[];
      run: (options?: PullOptions, signal?: AbortSignal) => ReturnType<typeof pullImage>;
    }) => Promise<void>,
    token?: { user: string; password: string },
    served = image,
  ): Promise<void> {
    const registry = await startBadRegistry(served, faults, token);
    const store = memoryStore();
    const events: PullEvent[] = [];
    const context: PullContext = {
      store,
      leaseDirectory: join(directory, 'locks'),
      temporary: join(directory, 'tmp'),
      env,
      progress: (event) => events.push(event),
    };
    const run = (options: PullOptions = {}, signal?: AbortSignal) =>
      pullImage({ ...context, signal }, `${registry.host}/fixture:1`, {
        tlsVerify: false,
        retry: RETRY,
        timeouts: { headersMs: 300, idleMs: 300 },
        arch: 'amd64',
        ...options,
      });
    try {
      await check({ store, registry, events, run });
    } finally {
      await registry.stop();
    }
  }

  it('takes a blob up where the connection broke', () =>
    pulling({ cutBlobs: 2 }, async ({ store, run, registry }) => {
      const { image: stored } = await run();
      const layers = store.layers.chain(stored.topLayerId ?? '').reverse();
      assert.deepEqual(
        layers.map((one) => store.tarOf(one.id)),
        image.tars,
      );
      assert.equal(registry.requests.filter((one) => one.includes('/blobs/')).length, 1 + 2 + 2);
    }));

  it('skips what it has when the registry ignores ranges', () =>
    pulling({ cutBlobs: 1, ignoreRange: true }, async ({ store, run }) => {
      const { image: stored } = await run();
      const [, base] = store.layers.chain(stored.topLayerId ?? '');
      assert.deepEqual(store.tarOf(base?.id ?? ''), image.tars[0]);
    }));

  it('gives up after as many cuts as there are attempts without progress', () =>
    pulling({ cutBlobs: 1000 }, async ({ run, store }) => {
      await assert.rejects(run(), (error: Error) => {
        assert.ok(error instanceof RegistryError, String(error));
        assert.match(error.message, /127\.0\.0\.1:\d+/);
        return true;
      });
      assert.deepEqual(store.images.list(), []);
    }));

  it('refuses wrong bytes and stores no image', () =>
    pulling({ wrongBytes: true }, async ({ run, store }) => {
      await assert.rejects(run(), IntegrityError);
      assert.deepEqual(store.images.list(), []);
    }));

  it('refuses more bytes than the descriptor declares', () =>
    pulling({ extraBytes: 1 }, async ({ run }) => {
      await assert.rejects(run(), { name: 'IntegrityError', message: /more bytes came than the \d+/ });
    }));

  it('tries again after 500 and 429 answers', () =>
    pulling({ manifestStatuses: [500, 429], retryAfter: '0' }, async ({ run, registry }) => {
      assert.equal((await run()).pulled, true);
      assert.equal(registry.requests.filter((one) => one.includes('/manifests/')).length, 3);
    }));

  it('passes the words of a rate limit on', () => {
    const errorBody =
      '{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit"}]}';
    return pulling({ manifestStatuses: [429, 429, 429], retryAfter: '0', errorBody }, async ({ run }) => {
      await assert.rejects(run(), {
        status: 429,
        message: /toomanyrequests: You have reached your pull rate limit/,
      });
    });
  });

  it('says that an image does not exist, naming it', () => {
    const errorBody = '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}';
    return pulling({ manifestStatuses: [404], errorBody }, async ({ run }) => {
      await assert.rejects(run(), (error: Error) => {
        assert.ok(error instanceof NotFoundError);
        assert.match(error.message, /^reading manifest 1 in 127\.0\.0\.1:\d+\/fixture: manifest unknown$/);
        return true;
      });
    });
  });

  it('names the registry that does not answer', () =>
    pulling({ hang: 'manifest' }, async ({ run }) => {
      await assert.rejects(run(), { message: /^registry 127\.0\.0\.1:\d+ did not answer within 0\.3 s$/ });
    }));

  it('names the registry that stops in the middle of a blob', () =>
    pulling({ hang: 'blob' }, async ({ run }) => {
      await assert.rejects(run({ retry: { attempts: 1, delayMs: 1 } }), {
        message: /^registry 127\.0\.0\.1:\d+ stopped sending for 0\.3 s$/,
      });
    }));

  it('stops at once when it is aborted', () =>
    pulling({ hang: 'blob' }, async ({ run, events }) => {
      const controller = new AbortController();
      const running = run({ timeouts: { idleMs: 60_000 } }, controller.signal);
      const poll = setInterval(() => {
        if (events.some((one) => one.kind === 'layer' && one.current > 0))
          controller.abort(new Error('stop'));
      }, 5);
      await assert.rejects(running);
      clearInterval(poll);
      assert.equal(controller.signal.aborted, true);
    }));

  for (const [what, body] of [
    ['empty', ''],
    ['a web page', '<html>'],
    ['too large', `{"x":"${'y'.repeat(5 * 1024 * 1024)}"}`],
  ] as const) {
    it(`refuses a manifest that is ${what}`, () =>
      pulling({ manifestBody: Buffer.from(body) }, async ({ run }) => {
        await assert.rejects(run(), IntegrityError);
      }));
  }

  it('says that a web server is not a registry', () =>
    pulling(
      { manifestBody: Buffer.from('<html>'), manifestType: 'text/html; charset=utf-8' },
      async ({ run }) => {
        await assert.rejects(run(), { message: /is not a container registry/ });
      },
    ));

  it('says that a registry is not there', async () => {
    const registry = await startBadRegistry(image);
    await registry.stop();
    const context = {
      store: memoryStore(),
      leaseDirectory: join(directory, 'locks'),
      temporary: join(directory, 'tmp'),
      env,
    };
    await assert.rejects(pullImage(context, `${registry.host}/x`, { retry: RETRY, tlsVerify: false }), {
      name: 'RegistryError',
      message: `registry ${registry.host}: connection refused`,
    });
  });

  it('does not fall back to plain http unless told', () =>
    pulling({}, async ({ run, registry }) => {
      await assert.rejects(run({ tlsVerify: true }), {
        message: /server gave HTTP response to HTTPS client/,
      });
      assert.deepEqual(registry.requests, []);
    }));

  it('gets a token with the credentials and keeps them out of errors', () =>
    pulling(
      {},
      async ({ run, registry }) => {
        assert.equal((await run({ creds: 'ann:s3cret-word' })).pulled, true);
        const asked = registry.requests.find((one) => one.includes('/token')) ?? '';
        assert.match(asked, /scope=repository%3Afixture%3Apull/);
        await assert.rejects(run({ creds: 'ann:wrong-word' }), (error: Error) => {
          assert.ok(error instanceof RegistryAuthError, String(error));
          assert.match(error.message, /invalid username\/password/);
          assert.doesNotMatch(`${error.message} ${error.hint}`, /wrong-word/);
          return true;
        });
      },
      { user: 'ann', password: 's3cret-word' },
    ));

  it('does not send the token where a blob is redirected to', async () => {
    const other = await startBadRegistry(image);
    try {
      await pulling(
        { redirectBlobsTo: other.url },
        async ({ run }) => {
          assert.equal((await run({ creds: 'ann:pw-pw-pw' })).pulled, true);
          assert.equal(other.requests.length, image.layers.length);
          assert.deepEqual(
            other.authorizations,
            image.layers.map(() => undefined),
          );
        },
        { user: 'ann', password: 'pw-pw-pw' },
      );
    } finally {
      await other.stop();
    }
  });

  it('fetches foreign layers from where they say, without the token', async () => {
    const other = await startBadRegistry(image);
    const manifest = JSON.parse(image.manifest.bytes.toString());
    for (const layer of manifest.layers)
      Object.assign(layer, {
        mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar',
        urls: ['ftp://nowhere/x', `${other.url}/v2/elsewhere/blobs/${layer.digest}`],
      });
    // The registry itself has the configuration alone.
    const foreign = { ...image, layers: [], manifest: jsonBlob(image.manifest.mediaType, manifest) };
    try {
      await pulling(
        {},
        async ({ run }) => {
          assert.equal((await run({ creds: 'ann:pw-pw-pw' })).pulled, true);
          assert.deepEqual(
            other.requests.sort(),
            image.layers.map(({ digest }) => `GET /v2/elsewhere/blobs/${digest}`).sort(),
          );
          assert.deepEqual(new Set(other.authorizations), new Set([undefined]));
        },
        { user: 'ann', password: 'pw-pw-pw' },
        foreign,
      );
    } finally {
      await other.stop();
    }
  });

  it('fetches nothing but the manifest when "newer" finds the same image', () =>
    pulling({}, async ({ run, registry }) => {
      await run();
      registry.requests.length = 0;
      assert.equal((await run({ policy: 'newer' })).pulled, false);
      assert.deepEqual(registry.requests, ['GET /v2/', 'GET /v2/fixture/manifests/1']);
    }));

  it('asks no registry for "missing" when the image is there, nor ever for "never"', () =>
    pulling({}, async ({ run, registry }) => {
      await assert.rejects(run({ policy: 'never' }), NotFoundError);
      assert.deepEqual(registry.requests, []);
      await run({ policy: 'missing' });
      registry.requests.length = 0;
      assert.equal((await run({ policy: 'missing' })).pulled, false);
      assert.deepEqual(registry.requests, []);
    }));
});

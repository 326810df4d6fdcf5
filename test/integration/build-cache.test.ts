import assert from 'node:assert/strict';
import { readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { build, buildOk, inImage, makeContext } from '../fixtures/build.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { makeTestRoot, testRoot, tspod, tspodOk } from '../fixtures/harness.ts';

const FROM = 'FROM localhost/busybox:latest\n';

async function idOf(image: string): Promise<string> {
  return await tspodOk(['image', 'inspect', '--format', '{{.Id}}', image]);
}

describe('the build cache', () => {
  test('gives the same image for the same build, in whatever context and whenever its files were written', async () => {
    const files = {
      Containerfile: `${FROM}ARG A=1\nRUN head -c 8 /dev/urandom | od -An -tx1 > /when\nCOPY file /file\nWORKDIR /dir\nLABEL a=b\nCMD ["sh"]\n`,
      file: 'content',
    };
    const first = await buildOk(makeContext(files));
    const other = makeContext(files);
    utimesSync(join(other, 'file'), 1000, 1000);
    const second = await buildOk(other);
    assert.equal(await idOf(second.image), await idOf(first.image));
    assert.match(second.stdout, /Using cache|CACHED/i);
  });

  test('notices contents, modes, args and the commands before', async () => {
    const stamp = (image: string): Promise<string> => inImage(image, 'cat /when');
    const file = (arg: string): string =>
      `${FROM}ARG A\nCOPY f /f\nRUN echo ${arg}; head -c 8 /dev/urandom | od -An -tx1 > /when\n`;
    const context = makeContext({ Containerfile: file('x'), f: 'one' });
    const stamps: string[] = [];
    const rebuild = async (...flags: string[]): Promise<void> => {
      stamps.push(await stamp((await buildOk(context, flags)).image));
    };
    await rebuild();
    await rebuild();
    assert.equal(stamps[1], stamps[0]);
    writeFileSync(join(context, 'f'), 'two');
    await rebuild();
    await rebuild('--build-arg', 'A=2');
    writeFileSync(join(context, 'Containerfile'), file('y'));
    await rebuild();
    await rebuild('--no-cache');
    assert.equal(new Set(stamps).size, 5, stamps.join(' '));
  });

  test('is not asked for what an instruction does not see', async () => {
    const context = makeContext({
      Containerfile: `${FROM}LABEL v=1\nRUN head -c 8 /dev/urandom | od -An -tx1 > /when\n`,
    });
    const first = await inImage((await buildOk(context)).image, 'cat /when');
    writeFileSync(
      join(context, 'Containerfile'),
      `${FROM}LABEL v=2\nEXPOSE 80\nRUN head -c 8 /dev/urandom | od -An -tx1 > /when\n`,
    );
    assert.equal(await inImage((await buildOk(context)).image, 'cat /when'), first);
  });

  test('serves builds that run at the same time: a step is done once', async () => {
    const context = makeContext({
      Containerfile: `${FROM}RUN sleep 0.3; head -c 8 /dev/urandom | od -An -tx1 > /when\n`,
    });
    const built = await Promise.all([1, 2, 3].map(() => buildOk(context)));
    const ids = await Promise.all(built.map(({ image }) => idOf(image)));
    assert.equal(new Set(await Promise.all(built.map(({ image }) => inImage(image, 'cat /when')))).size, 1);
    assert.ok(ids.length === 3);
  });

  test('is let go by builder prune, which spares what images have', async () => {
    const root = makeTestRoot();
    const context = makeContext({ Containerfile: `${FROM}RUN echo 1 > /one\n` });
    const { image } = await buildOk(context, [], { root });
    await tspodOk(['builder', 'prune', '--force'], { root });
    assert.equal(await tspodOk(['run', '--rm', '--network', 'none', image, 'cat', '/one'], { root }), '1');
    const layers = (): number => readdirSync(join(root.graphRoot, 'layers')).length;
    const before = layers();
    await tspodOk(['rmi', image], { root });
    assert.equal(layers(), before, 'the cache keeps the layer');
    assert.match(await tspodOk(['builder', 'prune', '--force'], { root }), /Total reclaimed space: [1-9]/);
    assert.equal(layers(), before - 1);
  });

  test('keeps by builder prune what its bounds allow, what was used last longest', async () => {
    const root = makeTestRoot();
    const steps = [1, 2, 3, 4].map((step) => `RUN head -c 1m /dev/urandom >/${step}\n`);
    const { image } = await buildOk(makeContext({ Containerfile: FROM + steps.join('') }), [], { root });
    await tspodOk(['rmi', image], { root });
    const left = async (...flags: string[]) => {
      await tspodOk(['builder', 'prune', '--all', '--force', ...flags], { root });
      return Number(
        await tspodOk(['system', 'df', '--format', '{{if eq .Type "Build Cache"}}{{.Total}}{{end}}'], {
          root,
        }),
      );
    };
    // Enough of the disk is free, or the cache is smaller: nothing to do.
    assert.equal(await left('--min-free-space', '1b'), 4);
    assert.equal(await left('--max-used-space', '1g'), 4);
    // However little is free, what is reserved stays.
    assert.equal(await left('--min-free-space', '7p', '--reserved-space', '1g'), 4);
    const some = await left('--max-used-space', '2500k');
    assert.ok(some > 0 && some < 4, String(some));
    assert.equal(await left('--min-free-space', '7p'), 0);
  });
});

describe('what is built', () => {
  test('only the stages that the target needs are', async () => {
    const context = makeContext({
      Containerfile: `${FROM}RUN true
FROM localhost/busybox:latest AS broken
RUN false
FROM localhost/busybox:latest AS wanted
COPY --from=0 /bin/busybox /copied
FROM broken
`,
    });
    const { image } = await buildOk(context, ['--target', 'wanted']);
    await inImage(image, 'test -x /copied');
    assert.equal((await build(context)).code, 1);
  });

  test('has the configuration, history and labels of its instructions', async () => {
    const context = makeContext({
      Containerfile: `${FROM}ENV A=b C="d e"
EXPOSE 80 53/udp
VOLUME /data
USER 5
STOPSIGNAL SIGINT
ENTRYPOINT ["echo"]
CMD ["word"]
HEALTHCHECK --interval=5s CMD true
ONBUILD ENV TRIGGERED=yes
RUN true
`,
    });
    const { image } = await buildOk(context, ['--label', 'by=option']);
    const inspected = JSON.parse(await tspodOk(['image', 'inspect', image])) as [
      { Config: Record<string, unknown>; History: { created_by: string; empty_layer?: boolean }[] },
    ];
    const { Config, History } = inspected[0];
    assert.deepEqual(
      (Config['Env'] as string[]).filter((entry) => /^[AC]=/.test(entry)),
      ['A=b', 'C=d e'],
    );
    assert.deepEqual(Object.keys(Config['ExposedPorts'] as object).sort(), ['53/udp', '80/tcp']);
    assert.deepEqual(
      [Config['User'], Config['StopSignal'], Config['Entrypoint'], Config['Cmd']],
      ['5', 'SIGINT', ['echo'], ['word']],
    );
    assert.deepEqual(Config['Labels'], { by: 'option' });
    assert.ok(
      History.some(
        ({ created_by, empty_layer }) => created_by === '/bin/sh -c #(nop) USER 5' && empty_layer === true,
      ),
    );
    assert.ok(
      History.some(({ created_by, empty_layer }) => created_by === '/bin/sh -c true' && empty_layer !== true),
    );
    const child = await buildOk(makeContext({ Containerfile: `FROM ${image}\nRUN test $TRIGGERED = yes\n` }));
    assert.equal(await inImage(child.image, 'echo $TRIGGERED'), 'yes');
    assert.deepEqual(
      [...child.stdout.matchAll(/^STEP (.*?):/gm)].map(([, number]) => number),
      ['1/2', '2/3', '3/3'],
    );
  });

  test('--squash and --layers=false make one layer, in which nothing is that was deleted', async () => {
    const context = makeContext({
      Containerfile: `${FROM}RUN echo 1 > /one && echo x > /gone && mkdir /d && echo y > /d/f && rm /etc/group\nRUN rm /gone && rm -r /d && mkdir /d && echo 2 > /two\n`,
    });
    const layersOf = async (image: string): Promise<number> =>
      (
        JSON.parse(
          await tspodOk(['image', 'inspect', '--format', '{{json .RootFS.Layers}}', image]),
        ) as string[]
      ).length;
    const base = await layersOf(await busyboxImage());
    for (const flag of ['--squash', '--layers=false']) {
      const { image } = await buildOk(context, [flag]);
      assert.equal(await layersOf(image), base + 1, flag);
      assert.equal(
        await inImage(image, 'cat /one /two; ls /d; test ! -e /gone -a ! -e /etc/group && echo clean'),
        '1\n2\nclean',
      );
    }
    const { image } = await buildOk(context, ['--squash-all']);
    assert.equal(await layersOf(image), 1);
    assert.equal(await inImage(image, 'cat /one /two'), '1\n2');
  });

  test('--timestamp makes equal builds of different stores equal', async () => {
    const context = makeContext({
      Containerfile: `${FROM}COPY f /f\nRUN echo 1 > /one\nLABEL a=b\n`,
      f: 'x',
    });
    const archive = join(testRoot().base, 'base.tar');
    await busyboxImage();
    await tspodOk(['save', '--output', archive, 'localhost/busybox:latest']);
    const ids: string[] = [];
    for (let i = 0; i < 2; i++) {
      const root = makeTestRoot();
      await tspodOk(['load', '--input', archive], { root });
      const { image } = await buildOk(context, ['--timestamp', '1000'], { root });
      ids.push(await tspodOk(['image', 'inspect', '--format', '{{.Id}} {{.Created}}', image], { root }));
    }
    assert.equal(ids[1], ids[0]);
    assert.match(ids[0] ?? '', /1970-01-01/);
  });

  test('a build that fails names file and line, and leaves no container', async () => {
    const { code, stderr } = await build(makeContext({ Containerfile: `${FROM}ENV A=b\nRUN exit 3\n` }));
    assert.equal(code, 3);
    assert.match(stderr, /Containerfile:3: the command ended with status 3\n3 \| RUN exit 3/);
    assert.equal((await tspod(['ps', '--all', '--quiet'])).stdout, '');
    assert.deepEqual(readdirSync(join(testRoot().graphRoot, 'containers')), []);
  });
});

test('several platforms become entries of a manifest list', async () => {
  const context = makeContext({
    Containerfile: 'FROM scratch\nARG TARGETARCH\nCOPY f /f\nENV ARCH=$TARGETARCH\n',
    f: 'x',
  });
  const flags = ['--platform', 'linux/amd64,linux/arm64', '--manifest', 'localhost/several'];
  await tspodOk(['build', ...flags, context]);
  const list = JSON.parse(await tspodOk(['manifest', 'inspect', 'localhost/several'])) as {
    manifests: { platform: { architecture: string } }[];
  };
  assert.deepEqual(list.manifests.map(({ platform }) => platform.architecture).sort(), ['amd64', 'arm64']);
});

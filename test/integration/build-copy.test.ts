import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { build, buildOk, inImage, makeContext } from '../fixtures/build.ts';
import { testRoot, tspodOk } from '../fixtures/harness.ts';

const FROM = 'FROM localhost/busybox:latest\n';

describe('COPY', () => {
  test('puts files and the contents of directories where docker puts them', async () => {
    const context = makeContext({
      Containerfile: `${FROM}WORKDIR /w
COPY one.txt renamed
COPY one.txt into/
COPY one.txt two.txt several/
COPY dir plain
COPY dir/ slash/
COPY *.txt wild/
COPY dir/su? wild2/
`,
      'one.txt': '1',
      'two.txt': '2',
      'dir/a': 'a',
      'dir/sub/b': 'b',
    });
    const { image } = await buildOk(context);
    assert.equal(
      await inImage(image, 'cd /w && find . -type f | sort'),
      [
        ...['./into/one.txt', './plain/a', './plain/sub/b', './renamed', './several/one.txt'],
        ...[
          './several/two.txt',
          './slash/a',
          './slash/sub/b',
          './wild/one.txt',
          './wild/two.txt',
          './wild2/b',
        ],
      ].join('\n'),
    );
  });

  test('writes nothing outside of the image, whatever a here-document is called', async () => {
    const outside = join(testRoot().base, 'outside');
    const name = `${'../'.repeat(30)}${outside.slice(1)}`;
    const context = makeContext({ Containerfile: `${FROM}COPY <<${name} /x\nhello\n${name}\n` });
    const { code, stderr } = await build(context);
    assert.notEqual(code, 0);
    assert.match(stderr, /is not the name of a file/);
    assert.ok(!existsSync(outside));
  });

  test('gives files of the context to root or whom --chown names, with the modes of --chmod', async () => {
    const context = makeContext({
      Containerfile: `${FROM}RUN echo 'me:x:1234:2345::/:/bin/sh' >> /etc/passwd; echo 'us:x:77:' >> /etc/group
COPY file /plain
COPY --chown=me file /named
COPY --chown=me:us file /grouped
COPY --chown=5:6 --chmod=4711 file /numbers
COPY --chmod=u=rwX,go=rX dir /symbolic
`,
      file: 'x',
      'dir/inside': 'y',
    });
    chmodSync(join(context, 'file'), 0o640);
    chmodSync(join(context, 'dir'), 0o700);
    chmodSync(join(context, 'dir/inside'), 0o600);
    const { image } = await buildOk(context);
    assert.equal(
      await inImage(
        image,
        'stat -c "%n %u:%g %a" /plain /named /grouped /numbers /symbolic /symbolic/inside',
      ),
      `/plain 0:0 640
/named 1234:2345 640
/grouped 1234:77 640
/numbers 5:6 4711
/symbolic 0:0 755
/symbolic/inside 0:0 644`,
    );
  });

  test('takes files of other stages and images with their owners', async () => {
    const context = makeContext({
      Containerfile: `${FROM}RUN mkdir -m 750 /data && echo content > /data/file && chown -R 12:34 /data
${FROM}COPY --from=0 /data /copy
COPY --from=localhost/busybox:latest /bin/busybox /from-image
`,
    });
    const { image } = await buildOk(context);
    assert.equal(
      await inImage(
        image,
        'stat -c "%n %u:%g %a" /copy /copy/file; cat /copy/file; test -x /from-image && echo executable',
      ),
      '/copy 12:34 750\n/copy/file 12:34 644\ncontent\nexecutable',
    );
  });

  test('keeps hard links, symbolic links and holes', async () => {
    const context = makeContext({ Containerfile: `${FROM}COPY tree /tree\n` });
    mkdirSync(join(context, 'tree'));
    writeFileSync(join(context, 'tree/a'), 'shared');
    linkSync(join(context, 'tree/a'), join(context, 'tree/b'));
    symlinkSync('a', join(context, 'tree/link'));
    spawnSync('truncate', ['-s', '50M', join(context, 'tree/sparse')]);
    const { image } = await buildOk(context);
    const script =
      'cd /tree; stat -c %h a; readlink link; stat -c %s sparse; test $(du -k sparse | cut -f1) -lt 1000 && echo sparse';
    assert.equal(await inImage(image, script), '2\na\n52428800\nsparse');
  });

  test('leaves out what the ignore file and --exclude name', async () => {
    const context = makeContext({
      Containerfile: `${FROM}COPY . /all\nCOPY --exclude=*.md src /some\n`,
      '.containerignore': 'secret*\nsrc/deep\n!src/deep/keep\n',
      'secret.key': 'x',
      'src/code': 'c',
      'src/notes.md': 'n',
      'src/deep/gone': 'g',
      'src/deep/keep': 'k',
    });
    const { image } = await buildOk(context);
    assert.equal(
      await inImage(image, 'ls /all; ls /all/src/deep; ls /some'),
      'Containerfile\nsrc\nkeep\ncode\ndeep',
    );
  });

  test('with --parents keeps the directories of the sources', async () => {
    const context = makeContext({
      Containerfile: `${FROM}COPY --parents x/a/1 x/b/2 /p/\nCOPY --parents ./x/./a/1 /q/\n`,
      'x/a/1': '',
      'x/b/2': '',
    });
    const { image } = await buildOk(context);
    assert.equal(await inImage(image, 'find /p /q -type f | sort'), '/p/x/a/1\n/p/x/b/2\n/q/a/1');
  });

  test('writes files that stand in the Containerfile', async () => {
    const context = makeContext({
      Containerfile: `${FROM}ARG who=you\nCOPY <<one <<'two' /etc/\nhello $who\none\nhello $who\ntwo\n`,
    });
    const { image } = await buildOk(context);
    assert.equal(await inImage(image, 'cat /etc/one /etc/two'), 'hello you\nhello $who');
  });

  test('never leaves the context: links and dots end at its top', async () => {
    const outside = join(testRoot().base, 'outside');
    writeFileSync(outside, 'not yours');
    const context = makeContext({
      Containerfile: `${FROM}COPY link /a\n`,
      'dots/Containerfile': `${FROM}COPY ../../outside /a\n`,
    });
    symlinkSync(outside, join(context, 'link'));
    for (const [directory, name] of [
      [context, 'link'],
      [join(context, 'dots'), '../../outside'],
    ] as const) {
      const { code, stderr } = await build(directory);
      assert.notEqual(code, 0);
      assert.match(stderr, new RegExp(`Containerfile:2: .*${name.replaceAll('.', '\\.')}.*no such file`));
    }
  });

  test('follows links of the destination inside the image only', async () => {
    const context = makeContext({
      Containerfile: `${FROM}RUN mkdir /real && ln -s /real /abs && ln -s ../../../../../../../real /up && ln -s /nowhere/yet /dangling
COPY f /abs/one
COPY f /up/two
COPY f /dangling/three
COPY f /abs/../real/four
`,
      f: 'x',
    });
    const { image } = await buildOk(context);
    assert.equal(
      await inImage(image, 'ls /real /nowhere/yet'),
      '/nowhere/yet:\nthree\n\n/real:\nfour\none\ntwo',
    );
  });
});

describe('ADD', () => {
  test('unpacks local archives, however they are compressed, and copies everything else', async () => {
    const context = makeContext({ 'in/file': 'packed', 'plain.gz': 'no archive' });
    const pack = (name: string, ...flags: string[]): void => {
      const made = spawnSync('tar', [
        ...flags,
        '--owner=7',
        '--group=8',
        '-cf',
        join(context, name),
        '-C',
        join(context, 'in'),
        'file',
      ]);
      assert.equal(made.status, 0, String(made.stderr));
    };
    pack('a.tar');
    pack('b.tgz', '-z');
    pack('c.txz', '-J');
    writeFileSync(
      join(context, 'Containerfile'),
      `${FROM}ADD a.tar /a\nADD b.tgz /b/\nADD c.txz /c\nADD plain.gz /plain\nADD in /in\n`,
    );
    const { image } = await buildOk(context);
    assert.equal(
      await inImage(image, 'stat -c "%n %u:%g" /a/file /b/file /c/file /in/file; cat /plain'),
      '/a/file 7:8\n/b/file 7:8\n/c/file 7:8\n/in/file 0:0\nno archive',
    );
  });

  test('fetches addresses, and refuses content with another checksum', async () => {
    const date = 'Wed, 02 Jan 2019 03:04:05 GMT';
    const server = createServer((_, response) =>
      response.setHeader('last-modified', date).end('from the web'),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const address = `http://127.0.0.1:${port}/path/page.html`;
      const context = makeContext({
        Containerfile: `${FROM}ADD ${address} /web/\nADD ${address} /web/other\n`,
      });
      const { image } = await buildOk(context);
      assert.equal(
        await inImage(image, 'cd /web; cat page.html; echo; stat -c "%n %a %Y" page.html other'),
        `from the web\npage.html 600 ${Date.parse(date) / 1000}\nother 600 ${Date.parse(date) / 1000}`,
      );
      const wrong = makeContext({
        Containerfile: `${FROM}ARG LOGIN\nADD --checksum=sha256:${'0'.repeat(64)} ${address.replace('//', '//$LOGIN@')} /f\n`,
      });
      const { code, stderr, stdout } = await build(wrong, ['--build-arg', 'LOGIN=me:hidden']);
      assert.notEqual(code, 0);
      assert.doesNotMatch(stderr + stdout, /hidden/);
      assert.match(stderr, /has the digest sha256:[0-9a-f]{64} instead of sha256:0000/);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});

test('--output writes the files of the target to a directory or a tar, and makes no image', async () => {
  const context = makeContext({ Containerfile: 'FROM scratch\nCOPY f /dir/f\n', f: 'out' });
  const dest = join(testRoot().base, 'exported');
  const { image } = await buildOk(context, ['--output', `type=local,dest=${dest}`]);
  assert.equal(spawnSync('cat', [join(dest, 'dir/f')], { encoding: 'utf8' }).stdout, 'out');
  assert.equal(await tspodOk(['images', '-q', image]), '');
  await buildOk(context, ['--output', `type=tar,dest=${dest}.tar`]);
  assert.match(spawnSync('tar', ['-tf', `${dest}.tar`], { encoding: 'utf8' }).stdout, /dir\/f\n/);
});

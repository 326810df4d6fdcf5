import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { build, buildOk, inImage, makeContext } from '../fixtures/build.ts';
import { processesOf } from '../fixtures/harness-leaks.ts';
import { spawnTspod } from '../fixtures/harness-spawn.ts';
import { testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { waitFor } from '../fixtures/wait-for.ts';

const FROM = 'FROM localhost/busybox:latest\n';

describe('RUN', () => {
  test('has the environment, user, directory and shell of the instructions before it', async () => {
    const context = makeContext({
      Containerfile: `${FROM}RUN echo 'me:x:1234:2345::/home/me:/bin/sh' >> /etc/passwd && mkdir -m 777 /out
ARG given
ARG defaulted=d
ENV KEPT=k
WORKDIR /made/by/workdir
USER me
RUN echo "$given $defaulted $KEPT $(pwd) $(id -u):$(id -g) $HOME" > /out/shell
RUN ["sh", "-c", "echo $0 \\"$@\\" > /out/exec", "a b", "c"]
SHELL ["/bin/sh", "-e", "-c"]
RUN false; echo not reached > /out/never || true
`,
    });
    const { code, stderr } = await build(context, ['--build-arg', 'given=g']);
    assert.equal(code, 1);
    assert.match(stderr, /Containerfile:11: the command ended with status 1/);
    const failing = readFileSync(join(context, 'Containerfile'), 'utf8');
    const working = makeContext({ Containerfile: failing.replace(/RUN false.*\n/, 'RUN true\n') });
    const { image } = await buildOk(working, ['--build-arg', 'given=g']);
    assert.equal(
      await inImage(image, 'cat /out/shell /out/exec; env | grep -c given=; pwd'),
      'g d k /made/by/workdir 1234:2345 /home/me\na b c\n0\n/made/by/workdir',
    );
  });

  test('leaves nothing of what was mounted for it in the layer', async () => {
    const context = makeContext({
      Containerfile: `FROM localhost/busybox:latest AS base
FROM scratch
COPY --from=base /bin /bin
RUN --mount=type=bind,target=/mnt/deep/ctx --mount=type=tmpfs,target=/tmpfs true
`,
    });
    const { image } = await buildOk(context);
    const archive = join(testRoot().base, 'plain.tar');
    await tspodOk(['build', '--network', 'none', '--output', `type=tar,dest=${archive}`, context]);
    const files = await tspodOk([
      'run',
      '--rm',
      '--network',
      'none',
      image,
      '/bin/busybox',
      'sh',
      '-c',
      'ls /mnt /tmpfs 2>&1; true',
    ]);
    assert.match(files, /mnt: No such file.*tmpfs: No such file/s);
    const listed = spawnSync('tar', ['-tf', archive], { encoding: 'utf8' }).stdout;
    assert.match(listed, /bin\/busybox/);
    assert.doesNotMatch(listed, /resolv\.conf|containerenv|etc\/hosts/);
  });

  test('ends with the status of its command, and with what it printed', async () => {
    const { code, stdout, stderr } = await build(
      makeContext({ Containerfile: `${FROM}RUN echo words; exit 42\n` }),
    );
    assert.equal(code, 42);
    assert.match(stdout + stderr, /words/);
  });

  test('runs scripts of several lines', async () => {
    const context = makeContext({
      Containerfile: `${FROM}RUN <<EOF\necho one > /lines\necho two >> /lines\nEOF\nRUN <<EOF\n#!/bin/sh -e\necho $0 > /script\nEOF\n`,
    });
    const { image } = await buildOk(context);
    assert.equal(await inImage(image, 'cat /lines /script'), 'one\ntwo\n/dev/pipes/EOF');
  });

  test('sees hosts that are added', async () => {
    const context = makeContext({ Containerfile: `${FROM}RUN grep -q '10.1.2.3.*extra' /etc/hosts\n` });
    await buildOk(context, ['--add-host', 'extra:10.1.2.3']);
  });
});

describe('RUN --mount', () => {
  test('cache directories outlive builds, and are no part of the image', async () => {
    const file = (text: string): string =>
      `${FROM}RUN --mount=type=cache,target=/cache,id=numbers echo ${text} >> /cache/list; cat /cache/list > /seen\n`;
    await buildOk(makeContext({ Containerfile: file('one') }));
    const { image } = await buildOk(makeContext({ Containerfile: file('two') }));
    assert.equal(
      await inImage(image, 'cat /seen; ls /cache 2>&1; true'),
      'one\ntwo\nls: /cache: No such file or directory',
    );
    assert.match(await tspodOk(['system', 'df']), /Build Cache/);
    await tspodOk(['builder', 'prune', '--all', '--force']);
    assert.deepEqual(readdirSync(join(testRoot().graphRoot, 'build-mounts')), []);
  });

  test('locked caches are used by one command at a time', async () => {
    const file = (name: string): string =>
      `${FROM}RUN --mount=type=cache,target=/c,id=one,sharing=locked mkdir /c/busy && sleep 0.3 && rmdir /c/busy && echo ${name}\n`;
    await Promise.all(['a', 'b'].map((name) => buildOk(makeContext({ Containerfile: file(name) }))));
  });

  test('secrets are there for one command and nowhere else', async () => {
    const secret = `hidden${Date.now()}words`;
    const context = makeContext({
      Containerfile: `${FROM}RUN --mount=type=secret,id=token,target=/run/token,mode=0440,uid=5,gid=6 stat -c '%a %u:%g' /run/token > /stat && wc -c < /run/token >> /stat
RUN --mount=type=secret,id=token,env=TOKEN test -n "$TOKEN" && echo \${#TOKEN} >> /stat
RUN --mount=type=secret,id=absent test ! -e /run/secrets/absent
`,
    });
    const { image, stdout, stderr } = await buildOk(context, ['--secret', 'id=token,env=THE_SECRET'], {
      env: { THE_SECRET: secret },
    });
    assert.equal(await inImage(image, 'cat /stat; ls /run'), `440 5:6\n${secret.length}\n${secret.length}`);
    assert.ok(!(stdout + stderr).includes(secret));
    const { graphRoot, runRoot } = testRoot();
    assert.deepEqual([...filesWith(graphRoot, secret), ...filesWith(runRoot, secret)], []);
    const missing = makeContext({
      Containerfile: `${FROM}RUN --mount=type=secret,id=needed,required true\n`,
    });
    const { code, stderr: reason } = await build(missing);
    assert.notEqual(code, 0);
    assert.match(reason, /no secret "needed" was given/);
  });

  test('bind mounts show the context or a stage; what is written is thrown away', async () => {
    const context = makeContext({
      Containerfile: `FROM localhost/busybox:latest AS tools
RUN echo tool > /tool
${FROM}RUN --mount=type=bind,target=/ctx cp /ctx/file /copied; ! touch /ctx/new 2>/dev/null
RUN --mount=type=bind,target=/ctx,rw echo changed > /ctx/file; cat /ctx/file > /written
RUN --mount=type=bind,from=tools,source=/tool,target=/t cat /t > /from-stage
`,
      file: 'original',
    });
    const { image } = await buildOk(context);
    assert.equal(
      await inImage(image, 'cat /copied; echo; cat /written /from-stage'),
      'original\nchanged\ntool',
    );
    assert.equal(readFileSync(join(context, 'file'), 'utf8'), 'original');
    assert.ok(!existsSync(join(context, 'new')));
  });

  test('bind mounts of the context do not show what the ignore file names', async () => {
    const context = makeContext({
      Containerfile: `${FROM}RUN --mount=type=bind,target=/ctx ls -A /ctx > /seen\n`,
      '.dockerignore': 'hidden\n',
      hidden: 'x',
      shown: 'y',
    });
    const { image } = await buildOk(context);
    assert.equal(await inImage(image, 'cat /seen'), '.dockerignore\nContainerfile\nshown');
  });

  test('the socket of an agent is passed on', async () => {
    const path = join(testRoot().base, 'agent');
    const server = createServer((client) => client.end('from the agent'));
    await new Promise<void>((resolve) => server.listen(path, resolve));
    try {
      const context = makeContext({
        Containerfile: `${FROM}RUN --mount=type=ssh,uid=7,mode=0600 test -S $SSH_AUTH_SOCK && stat -c '%u %a' $SSH_AUTH_SOCK > /seen\n`,
      });
      const { image } = await buildOk(context, ['--ssh', `default=${path}`]);
      assert.equal(await inImage(image, 'cat /seen'), '7 600');
    } finally {
      server.close();
    }
  });
});

test('an interrupt ends the command that runs, and nothing is left', async () => {
  await busyboxImage();
  const context = makeContext({ Containerfile: `${FROM}RUN echo started; sleep 1000\n` });
  const running = spawnTspod(['build', '--network', 'none', context]);
  await waitFor('the command to begin', () => /^started/m.test(running.stdout() + running.stderr()));
  running.kill('SIGINT');
  const { code } = await running.exit;
  assert.notEqual(code, 0);
  assert.equal((await tspod(['ps', '--all', '--quiet'])).stdout, '');
  assert.deepEqual(processesOf(testRoot()), []);
  assert.deepEqual(readdirSync(join(testRoot().graphRoot, 'containers')), []);
});

function filesWith(directory: string, text: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => readFileSync(path).includes(text));
}

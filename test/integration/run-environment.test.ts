import assert from 'node:assert/strict';
import { appendFileSync, copyFileSync, existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { createScript, freshName, inContainer, runScript } from '../fixtures/containers.ts';
import { busyboxArchive, busyboxImage } from '../fixtures/harness-busybox.ts';
import { testRoot, tspod, tspodOk } from '../fixtures/harness.ts';

const IMAGE = 'localhost/with-env:latest';

describe('the environment of a container', () => {
  before(async () => {
    await busyboxImage();
    await tspodOk([
      'import',
      '--change',
      'ENV FROM_IMAGE=image',
      '--change',
      'ENV OTHER=other',
      '--change',
      'CMD ["env"]',
      busyboxArchive(),
      IMAGE,
    ]);
  });

  it('has a value, an empty value, one of the caller, and all of the caller with a prefix', async () => {
    const printed = await inContainer(
      ['-e', 'A=1 2', '-e', 'EMPTY=', '-e', 'MINE', '-e', 'PRE*', '-e', 'NOT_SET_ANYWHERE'],
      'env',
      { env: { MINE: 'my own', PRE_ONE: '1', PRE_TWO: '2', POST: '3', NOT_SET_ANYWHERE: undefined } },
    );
    const lines = printed.split('\n');
    for (const line of ['A=1 2', 'EMPTY=', 'MINE=my own', 'PRE_ONE=1', 'PRE_TWO=2']) {
      assert.ok(lines.includes(line), `${line} in:\n${printed}`);
    }
    assert.doesNotMatch(printed, /POST|NOT_SET_ANYWHERE/);
  });

  it('tells that it is a container, and has HOME, HOSTNAME and PATH', async () => {
    const printed = await inContainer(['-h', 'box'], 'env');
    assert.match(printed, /^container=podman$/m);
    assert.match(printed, /^HOME=\/root$/m);
    assert.match(printed, /^HOSTNAME=box$/m);
    assert.match(printed, /^PATH=\/usr\/local\/sbin:/m);
    assert.doesNotMatch(printed, /^TERM=/m);
  });

  it('is read from files, whose comments and empty lines do not count, and --env wins', async () => {
    const file = join(testRoot().base, 'vars');
    writeFileSync(file, '# comment\n\nFILE=from file # not a comment\nBOTH=file\nINHERITED\nQUOTED="q"\n');
    const printed = await inContainer(['--env-file', file, '-e', 'BOTH=flag'], 'env', {
      env: { INHERITED: 'yes' },
    });
    assert.match(printed, /^FILE=from file # not a comment$/m);
    assert.match(printed, /^BOTH=flag$/m);
    assert.match(printed, /^INHERITED=yes$/m);
    assert.match(printed, /^QUOTED="q"$/m);
  });

  it('names an environment file that is not there', async () => {
    const result = await runScript(['--env-file', '/not/there'], 'true');
    assert.equal(result.code, 125);
    assert.match(result.stderr, /\/not\/there/);
  });

  it('begins with what the image sets, less what is unset', async () => {
    const run = (...flags: string[]) =>
      tspodOk(['run', '--rm', '--network', 'none', ...flags, IMAGE, '/bin/env']);
    assert.match(await run(), /^FROM_IMAGE=image\n(.*\n)*OTHER=other$/m);
    const less = await run('--unsetenv', 'FROM_IMAGE');
    assert.doesNotMatch(less, /FROM_IMAGE/);
    assert.match(less, /^OTHER=other$/m);
    const none = await run('--unsetenv-all', '-e', 'KEPT=1');
    assert.doesNotMatch(none, /FROM_IMAGE|OTHER/);
    assert.match(none, /^KEPT=1$/m);
  });

  it('has the caller’s whole environment with --env-host', async () => {
    const printed = await inContainer(['--env-host'], 'env', { env: { SOMETHING_OF_MINE: 'x' } });
    assert.match(printed, /^SOMETHING_OF_MINE=x$/m);
    assert.doesNotMatch(printed, /TSPOD_(ARGV0|SAVED)/);
  });

  it('has the proxies of the caller, unless told not to', async () => {
    const env = { HTTP_PROXY: 'http://proxy.example:3128', no_proxy: 'localhost' };
    const printed = await inContainer([], 'env', { env });
    assert.match(printed, /^HTTP_PROXY=http:\/\/proxy\.example:3128$/m);
    assert.match(printed, /^no_proxy=localhost$/m);
    assert.doesNotMatch(await inContainer(['--http-proxy=false'], 'env', { env }), /proxy/i);
  });
});

describe('the process of a container', () => {
  it('runs in the directory asked for, which has to be there, on a mount or by a link', async () => {
    assert.equal(await inContainer(['-w', '/etc'], 'pwd'), '/etc');
    const missing = await runScript(['-w', '/not/there'], 'pwd');
    assert.equal(missing.code, 126);
    assert.match(missing.stderr, /workdir "\/not\/there" does not exist on container [0-9a-f]{64}\n/);
    const below = ['--tmpfs', '/made', '-w', '/made/for/this'];
    assert.equal(await inContainer(below, 'pwd; stat -c %u:%g .'), '/made/for/this\n0:0');
    assert.equal(await inContainer(['-w', '/dev/shm'], 'pwd'), '/dev/shm');
    // Created, it stays so; the start says it.
    const created = await createScript(['-w', '/not/there'], 'pwd');
    assert.equal((await tspod(['start', created])).code, 125);
    await tspodOk(['rm', created]);
  });

  it('runs in the directory of its image, which is made when it is not there', async () => {
    const image = `localhost/${freshName('homeless')}`;
    const id = await tspodOk(['create', '--network', 'none', await busyboxImage(), 'pwd']);
    const words = ['--change', 'WORKDIR /made/for/this', '--change', 'CMD ["pwd"]'];
    await tspodOk(['commit', '-q', ...words, id, image]);
    await tspodOk(['rm', id]);
    assert.equal(await tspodOk(['run', '--rm', '--network', 'none', image]), '/made/for/this');
    const same = await tspod(['run', '--rm', '--network', 'none', '-w', '/made/for/this', image]);
    assert.equal(same.code, 126);
    await tspodOk(['rmi', image]);
  });

  it('cannot be at a relative path', async () => {
    const relative = await runScript(['-w', 'etc'], 'pwd');
    assert.equal(relative.code, 125);
    assert.match(relative.stderr, /etc/);
  });

  it('is the entry point with the command as arguments', async () => {
    const image = await busyboxImage();
    const run = (...args: string[]) => tspodOk(['run', '--rm', '--network', 'none', ...args]);
    assert.equal(await run('--entrypoint', 'echo', image, 'a', 'b  c'), 'a b  c');
    assert.equal(await run('--entrypoint', '["echo","x y"]', image, 'z'), 'x y z');
    assert.equal(await run('--entrypoint', '', image, 'echo', 'plain'), 'plain');
  });

  it('does without the image’s command when the entry point is given', async () => {
    const result = await tspod([
      'run',
      '--rm',
      '--network',
      'none',
      '--entrypoint',
      '["echo","only"]',
      await busyboxImage(),
    ]);
    assert.equal(result.stdout, 'only\n');
  });

  it('has the umask, the time zone and the limits asked for', async () => {
    assert.equal(await inContainer(['--umask', '0077'], 'umask'), '0077');
    assert.equal(await inContainer([], 'umask'), '0022');
    assert.equal(await inContainer(['--ulimit', 'nofile=100:200'], 'ulimit -n; ulimit -Hn'), '100\n200');
    assert.equal(await inContainer(['--ulimit', 'core=0'], 'ulimit -c'), '0');
    const bad = await runScript(['--ulimit', 'bogus=1'], 'true');
    assert.equal(bad.code, 125);
    assert.match(bad.stderr, /bogus/);
  });

  it('sees the local time of --tz', async () => {
    const printed = await inContainer(
      ['--tz', 'Asia/Tokyo'],
      'TZ=/etc/localtime date +%z; wc -c < /etc/localtime',
    );
    assert.match(printed, /^\+0900/);
    const bad = await runScript(['--tz', 'Nowhere/Land'], 'true');
    assert.equal(bad.code, 125);
    assert.match(bad.stderr, /Nowhere\/Land/);
  });

  it('has the host name and the files for names', async () => {
    const printed = await inContainer(
      ['-h', 'named', '--add-host', 'db:10.1.2.3'],
      'hostname; cat /etc/hostname; cat /etc/hosts',
    );
    assert.match(printed, /^named\nnamed\n/);
    assert.match(printed, /^10\.1\.2\.3\s+db$/m);
    assert.match(printed, /^127\.0\.0\.1\s+.*localhost/m);
  });

  it('has the hosts file and host name of the image when told so', async () => {
    const printed = await inContainer(['--no-hosts'], 'cat /proc/mounts');
    assert.doesNotMatch(printed, / \/etc\/hosts /);
    assert.doesNotMatch(await inContainer(['--no-hostname'], 'cat /proc/mounts'), / \/etc\/hostname /);
    const both = await runScript(['--no-hosts', '--add-host', 'a:1.2.3.4'], 'true');
    assert.equal(both.code, 125);
    assert.match(both.stderr, /no-hosts/);
  });

  it('is asked by --dns for names', async () => {
    const flags = [
      '--network',
      'none',
      '--dns',
      '192.0.2.53',
      '--dns-search',
      'example.test',
      '--dns-option',
      'ndots:3',
    ];
    const bridged = flags.with(1, 'host');
    const printed = await inContainer(bridged, 'cat /etc/resolv.conf');
    assert.match(printed, /^nameserver 192\.0\.2\.53$/m);
    assert.match(printed, /^search example\.test$/m);
    assert.match(printed, /^options ndots:3$/m);
    const bad = await runScript(['--network', 'host', '--dns', 'nonsense'], 'true');
    assert.equal(bad.code, 125);
    assert.match(bad.stderr, /nonsense/);
    const image = ['run', '--rm', '--dns', 'none', await busyboxImage(), 'cat', '/etc/resolv.conf'];
    assert.match((await tspod(image)).stderr, /cat: can't open '\/etc\/resolv.conf'/);
    const both = await runScript(['--dns', 'none', '--dns', '192.0.2.53'], 'true');
    assert.match(both.stderr, /none is not allowed .* with other DNS/);
  });

  it('runs under an init that reaps and forwards signals', async () => {
    const printed = await inContainer(['--init'], 'cat /proc/1/cmdline | tr "\\0" " "; echo; echo $$');
    assert.match(printed, /^\/run\/podman-init -- sh -c .*\n[2-9]/s);
    assert.equal((await runScript(['--init'], 'exit 42')).code, 42);
    const program = join(testRoot().base, 'init');
    const found = ['/usr/libexec/catatonit/catatonit', '/usr/bin/catatonit', '/usr/bin/tini-static'].find(
      existsSync,
    );
    if (found !== undefined) {
      copyFileSync(found, program);
      appendFileSync(program, 'longer');
      const size = await inContainer(['--init-path', program], 'stat -c %s /run/podman-init');
      assert.equal(Number(size), statSync(found).size + 'longer'.length);
    }
    const own = await runScript(['--init-path', testRoot().base], 'true');
    assert.match(own.stderr, /cannot use .* for --init: no such program/);
  });
});

describe('labels and annotations', () => {
  it('come from flags and files, and filters find them', async () => {
    const file = join(testRoot().base, 'labels');
    writeFileSync(file, '# comment\nfrom.file=1\nboth=file\n');
    const image = await busyboxImage();
    const id = await tspodOk([
      'create',
      '--network',
      'none',
      '-l',
      'one=1',
      '--label',
      'both=flag',
      '-l',
      'bare',
      '--label-file',
      file,
      image,
      'true',
    ]);
    for (const filter of ['label=one=1', 'label=both=flag', 'label=bare', 'label=from.file=1']) {
      assert.equal(await tspodOk(['ps', '-aq', '--no-trunc', '--filter', filter]), id, filter);
    }
    assert.equal(await tspodOk(['ps', '-aq', '--filter', 'label=both=file']), '');
  });
});

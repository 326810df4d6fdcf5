import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { openDatabase } from '../../src/state/db.ts';
import { makeTestRoot, runProgram, testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';
import { isRoot, requires } from '../fixtures/requires.ts';

before(() => busyboxImage());

const RUN = ['run', '--rm', '--network', 'none'];

describe('secret', () => {
  test('create, ls, inspect, exists and rm', async () => {
    const id = await tspodOk(['secret', 'create', '-l', 'a=b', 'first', '-'], { input: 'hidden text' });
    assert.match(id, /^[0-9a-f]{25}$/);
    assert.equal(
      await tspodOk(['secret', 'ls', '--format', '{{.ID}} {{.Name}} {{.Driver}}']),
      `${id} first file`,
    );
    const inspected = await tspodOk(['secret', 'inspect', 'first']);
    assert.doesNotMatch(inspected, /hidden text/);
    assert.equal(await tspodOk(['secret', 'inspect', '-f', '{{.Spec.Labels.a}}', id.slice(0, 8)]), 'b');
    assert.match(await tspodOk(['secret', 'inspect', '--showsecret', 'first']), /hidden text/);
    const pretty = await tspodOk(['secret', 'inspect', '--pretty', 'first']);
    assert.match(pretty, /^ID: +[0-9a-f]{25}\nName: +first\nLabels:\n - a=b\nDriver: +file\n/);
    assert.doesNotMatch(pretty, /hidden text/);
    assert.match(
      (await tspod(['secret', 'create', 'first', '-'], { input: 'x' })).stderr,
      /secret name in use/,
    );
    assert.equal(await tspodOk(['secret', 'create', '--ignore', 'first', '-'], { input: 'x' }), id);
    assert.notEqual(await tspodOk(['secret', 'create', '--replace', 'first', '-'], { input: 'x' }), id);
    const partly = await tspod(['secret', 'inspect', 'nowhere', 'first']);
    assert.deepEqual([partly.code, (JSON.parse(partly.stdout) as object[]).length], [125, 1]);
    assert.match(partly.stderr, /no secret with name or id "nowhere": no such secret\n/);
    assert.equal((await tspod(['secret', 'exists', 'first'])).code, 0);
    await tspodOk(['secret', 'rm', 'first']);
    assert.equal((await tspod(['secret', 'exists', 'first'])).code, 1);
    assert.equal((await tspod(['secret', 'rm', 'first'])).code, 1);
    await tspodOk(['secret', 'rm', '--ignore', 'first']);
  });

  test('is kept where nobody else can read it, and encrypted there', async () => {
    await tspodOk(['secret', 'create', '--env', 'variable', 'MY_SECRET'], { env: { MY_SECRET: 'from env' } });
    assert.match(await tspodOk(['secret', 'inspect', '--showsecret', 'variable']), /from env/);
    const { graphRoot } = testRoot();
    for (const file of ['state.db', 'secrets.key'])
      assert.equal(statSync(join(graphRoot, file)).mode & 0o077, 0);
    for (const file of readdirSync(graphRoot).filter((name) => name.startsWith('state.db')))
      assert.equal(readFileSync(join(graphRoot, file)).includes('from env'), false, file);
  });

  test('made by several at once have one key', async () => {
    const root = makeTestRoot();
    const names = ['a', 'b', 'c', 'd'];
    await Promise.all(
      names.map((name) => tspodOk(['secret', 'create', name, '-'], { root, input: `of ${name}` })),
    );
    for (const name of names)
      assert.match(
        await tspodOk(['secret', 'inspect', '--showsecret', name], { root }),
        new RegExp(`"of ${name}"`),
      );
    assert.deepEqual(readdirSync(join(root.graphRoot, 'tmp')), []);
  });

  test('cannot be read without its key, with another one, or in the row of another', async () => {
    const root = makeTestRoot();
    await tspodOk(['secret', 'create', 'lost', '-'], { root, input: 'x' });
    await tspodOk(['secret', 'create', 'other', '-'], { root, input: 'y' });
    const show = async () => await tspod(['secret', 'inspect', '--showsecret', 'lost'], { root });
    const key = join(root.graphRoot, 'secrets.key');
    const rightKey = readFileSync(key);
    const db = openDatabase(join(root.graphRoot, 'state.db'));
    const right = db.prepare("SELECT data FROM secrets WHERE name = 'lost'").pluck().get();
    const put = db.prepare("UPDATE secrets SET data = ? WHERE name = 'lost'");
    put.run(db.prepare("SELECT data FROM secrets WHERE name = 'other'").pluck().get());
    assert.match((await show()).stderr, /cannot decrypt secret lost: .* was changed on disk/);
    put.run(right);
    db.close();
    assert.match((await show()).stdout, /"x"/);
    for (const [content, reason] of [
      [Buffer.alloc(32), /cannot decrypt secret lost: .*secrets\.key is not the key/],
      [Buffer.alloc(3), /secrets\.key, is damaged/],
      [undefined, /cannot decrypt secret lost: its key .*secrets\.key is missing/],
    ] as const) {
      if (content === undefined) rmSync(key);
      else writeFileSync(key, content);
      const { code, stderr } = await show();
      assert.equal(code, 125);
      assert.match(stderr, reason);
    }
    writeFileSync(key, rightKey);
    assert.match((await show()).stdout, /"x"/);
  });
});

describe('a secret of a container', () => {
  const make = (name: string, input: string, ...flags: string[]) =>
    tspodOk(['secret', 'create', ...flags, name, '-'], { input });
  const said = (name: string) => tspodOk(['start', '-a', name]);

  test('stays in its file as it was when the container was made, also when it is replaced or removed', async () => {
    const id = await make('pinned', 'the first');
    const cat = ['sh', '-c', 'cat /run/secrets/pinned; stat -c " %a:%u" /run/secrets/pinned'];
    const create = ['create', '--network', 'none', '--secret', 'pinned,mode=0440', '--name', 'pins'];
    await tspodOk([...create, BUSYBOX, ...cat]);
    assert.equal(await said('pins'), 'the first 440:0');
    const next = await make('pinned', 'the second', '--replace');
    assert.notEqual(next, id);
    assert.equal(await said('pins'), 'the first 440:0');
    await tspodOk(['secret', 'rm', 'pinned']);
    assert.equal(await said('pins'), 'the first 440:0');
    const shown = '{{range .Config.Secrets}}{{.Name}} {{.ID}}{{end}}';
    assert.equal(await tspodOk(['inspect', '-f', shown, 'pins']), `pinned ${id}`);
    // Made anew it has what there is.
    const clone = await tspod(['container', 'clone', 'pins', 'pins-again']);
    assert.equal(clone.code, 125);
    assert.match(clone.stderr, /no secret with name or id "pinned"/);
    await make('pinned', 'the third');
    await tspodOk(['container', 'clone', 'pins', 'pins-again']);
    assert.equal(await said('pins-again'), 'the third 440:0');
    await tspodOk(['rm', 'pins', 'pins-again']);
    const db = openDatabase(join(testRoot().graphRoot, 'state.db'));
    assert.equal(db.prepare('SELECT count(*) FROM container_secrets').pluck().get(), 0);
    db.close();
  });

  test('is looked up at each start where it is a variable', async () => {
    await make('spoken', 'one');
    const words = ['--network', 'none', '--secret', 'spoken,type=env,target=WORD', '--name', 'speaks'];
    await tspodOk(['create', ...words, BUSYBOX, 'sh', '-c', 'echo $WORD']);
    assert.equal(await said('speaks'), 'one');
    await make('spoken', 'two', '--replace');
    assert.equal(await said('speaks'), 'two');
    await tspodOk(['secret', 'rm', 'spoken']);
    const gone = await tspod(['start', 'speaks']);
    assert.equal(gone.code, 125);
    assert.match(gone.stderr, /no secret with name or id "spoken"/);
    await tspodOk(['rm', 'speaks']);
  });

  test('lies nowhere but encrypted, and is in no image, archive or definition of it', async () => {
    const root = makeTestRoot();
    await busyboxImage(root);
    const text = 'words that are found nowhere else';
    await tspodOk(['secret', 'create', 'deep', '-'], { root, input: text });
    const words = ['--network', 'none', '--secret', 'deep', '--name', 'holds'];
    await tspodOk(['create', ...words, BUSYBOX, 'sh', '-c', 'wc -c < /run/secrets/deep'], { root });
    assert.equal(await tspodOk(['start', '-a', 'holds'], { root }), String(text.length));
    await tspodOk(['commit', '-q', 'holds', 'localhost/holds'], { root });
    await tspodOk(['export', '-o', join(root.base, 'holds.tar'), 'holds'], { root });
    assert.doesNotMatch(await tspodOk(['generate', 'spec', 'holds'], { root }), /found nowhere else/);
    for (const [key, says] of [
      [
        undefined,
        /cannot decrypt secret deep of container holds: its key .* is missing\n.*make the container again/,
      ],
      [Buffer.alloc(32), /cannot decrypt secret deep of container holds: .* is not the key/],
    ] as const) {
      const path = join(root.graphRoot, 'secrets.key');
      const right = readFileSync(path);
      if (key === undefined) rmSync(path);
      else writeFileSync(path, key);
      assert.match((await tspod(['start', 'holds'], { root })).stderr, says);
      writeFileSync(path, right);
    }
    const control = join(root.base, 'control');
    writeFileSync(control, text);
    const found = await runProgram('grep', ['-rlasF', '-D', 'skip', text, root.base]);
    assert.equal(found.stdout.trim(), control);
  });

  test('of a container of an older tspod is read as it is now', async () => {
    await make('older', 'before');
    await tspodOk([
      ...['create', '--network', 'none', '--secret', 'older', '--name', 'old'],
      ...[BUSYBOX, 'cat', '/run/secrets/older'],
    ]);
    const db = openDatabase(join(testRoot().graphRoot, 'state.db'));
    db.exec('DELETE FROM container_secrets');
    db.close();
    await make('older', 'now', '--replace');
    assert.equal(await said('old'), 'now');
    await tspodOk(['rm', 'old']);
  });
});

describe('a secret of another driver', () => {
  const create = (name: string, flags: string[], input = 'kept elsewhere') =>
    tspod(['secret', 'create', ...flags, name, '-'], { input });
  const shown = async (name: string) =>
    await tspodOk([...RUN, '--secret', name, BUSYBOX, 'cat', `/run/secrets/${name}`]);
  const options = (options: Record<string, string>) =>
    Object.entries(options).flatMap(([key, value]) => ['--driver-opts', `"${key}=${value}"`]);

  test('lies in a directory of its own, encrypted', async () => {
    const path = join(testRoot().base, 'secrets');
    const made = await create('filed', ['--driver-opts', `path=${path}`]);
    assert.deepEqual(readdirSync(path), [made.stdout.trim()], made.stderr);
    assert.equal(readFileSync(join(path, made.stdout.trim())).includes('kept elsewhere'), false);
    assert.equal(await shown('filed'), 'kept elsewhere');
    const inspected = await tspodOk(['secret', 'inspect', '-f', '{{json .Spec.Driver}}', 'filed']);
    assert.deepEqual(JSON.parse(inspected), { Name: 'file', Options: { path } });
    const next = await create('filed', ['--replace', '--driver-opts', `path=${path}`], 'the next');
    assert.deepEqual(readdirSync(path), [next.stdout.trim()], next.stderr);
    assert.equal(await shown('filed'), 'the next');
    assert.equal((await create('filed', ['--driver-opts', `path=${path}`])).code, 125);
    await tspodOk(['secret', 'rm', 'filed']);
    assert.deepEqual(readdirSync(path), []);
  });

  test('goes through the commands of shell, and stays where they fail', async () => {
    const place = join(testRoot().base, 'vault');
    const commands = {
      list: `ls ${place}`,
      lookup: `cat ${place}/$SECRET_ID`,
      store: `mkdir -p ${place}; cat > ${place}/$SECRET_ID`,
      delete: `rm ${place}/$SECRET_ID`,
    };
    const flags = ['-d', 'shell', ...options(commands)];
    const bytes = 'a\u0000b, c';
    const id = (await create('shelled', flags, bytes)).stdout.trim();
    assert.equal(readFileSync(join(place, id), 'utf8'), bytes);
    assert.equal(await shown('shelled'), bytes);
    assert.match(await tspodOk(['secret', 'ls', '--format', '{{.Name}} {{.Driver}}']), /^shelled shell$/m);
    assert.equal((await create('shelled', flags)).code, 125);
    assert.deepEqual(readdirSync(place), [id]);
    const failing = await create('failing', ['-d', 'shell', ...options({ ...commands, store: 'exit 3' })]);
    assert.equal(failing.code, 125);
    assert.match(failing.stderr, /command store of the secret driver shell failed: exit code 3/);
    assert.equal((await tspod(['secret', 'exists', 'failing'])).code, 1);
    rmSync(join(place, id));
    const gone = await tspod([...RUN, '--secret', 'shelled', BUSYBOX, 'true']);
    assert.equal(gone.code, 125);
    assert.match(gone.stderr, /command lookup of the secret driver shell failed/);
    assert.equal((await tspod(['secret', 'rm', 'shelled'])).code, 125);
    writeFileSync(join(place, id), bytes);
    await tspodOk(['secret', 'rm', 'shelled']);
    assert.deepEqual(readdirSync(place), []);
  });

  test('is a file of pass, which gpg encrypts', { skip: requires('gpg') }, async () => {
    const [home, store] = [join(testRoot().base, 'gpg-home'), join(testRoot().base, 'password-store')];
    for (const directory of [home, store]) mkdirSync(directory, { mode: 0o700 });
    const gpg = ['--homedir', home, '--batch', '--pinentry-mode', 'loopback', '--passphrase', ''];
    const key = await runProgram('gpg', [...gpg, '--quick-gen-key', 'me@example.com', 'default', 'default']);
    assert.equal(key.code, 0, key.stderr);
    try {
      writeFileSync(join(store, '.gpg-id'), 'me@example.com\n');
      const flags = ['-d', 'pass', ...options({ root: store, gpghomedir: home })];
      const made = await create('passed', flags);
      assert.equal(made.code, 0, made.stderr);
      const file = join(store, `${made.stdout.trim()}.gpg`);
      assert.equal(readFileSync(file).includes('kept elsewhere'), false);
      assert.equal(await shown('passed'), 'kept elsewhere');
      await tspodOk(['secret', 'rm', 'passed']);
      assert.equal(existsSync(file), false);
    } finally {
      // In tspod's user namespace there is another agent.
      if (!isRoot()) await tspod(['unshare', 'gpgconf', '--homedir', home, '--kill', 'all']);
      await runProgram('gpgconf', ['--homedir', home, '--kill', 'all']);
    }
  });

  test('is refused for a driver or an option that there is not', async () => {
    for (const [flags, cause] of [
      [['-d', 'vault'], /invalid secret driver "vault": there are file, pass, shell/],
      [['--driver-opts', 'color=red'], /invalid option "color" for the secret driver file: it takes path/],
      [['--driver-opts', 'path=here'], /must be absolute: here/],
      [['-d', 'shell', '--driver-opts', 'list=ls'], /needs the options lookup, store, delete/],
      [['-d', 'pass', '--driver-opts', 'root=/nowhere'], /needs the option key: \/nowhere\/\.gpg-id/],
    ] as const) {
      const { code, stderr } = await create('never', [...flags]);
      assert.equal(code, 125);
      assert.match(stderr, cause);
    }
  });
});

describe('run --secret', () => {
  test('mounts a file with owner and mode, read-only', async () => {
    await tspodOk(['secret', 'create', 'token', '-'], { input: 'abc' });
    const seen = 'cat /run/secrets/token /etc/app/key; stat -c "%u %g %a" /run/secrets/token /etc/app/key';
    assert.equal(
      await tspodOk([
        ...[...RUN, '--secret', 'token', '--secret', 'token,target=/etc/app/key,uid=5,gid=6,mode=0400'],
        ...[BUSYBOX, 'sh', '-c', seen],
      ]),
      'abcabc0 0 444\n5 6 400',
    );
    const { code } = await tspod([
      ...RUN,
      '--secret',
      'token',
      BUSYBOX,
      'sh',
      '-c',
      'echo x > /run/secrets/token',
    ]);
    assert.notEqual(code, 0);
    const id = await tspodOk(['create', '--network', 'none', '--secret', 'token,uid=5,mode=0400', BUSYBOX]);
    const shown = await tspodOk(['inspect', '--format', '{{json .Config.Secrets}}', id]);
    const secret = await tspodOk(['secret', 'inspect', '--format', '{{.ID}}{{.SecretData}}', 'token']);
    assert.deepEqual(JSON.parse(shown), [{ Name: 'token', ID: secret, UID: 5, GID: 0, Mode: 0o400 }]);
  });

  test('neither they nor files of images and volumes are within reach of others, not even in a root that is open to all', async () => {
    const root = makeTestRoot();
    for (const path of [root.graphRoot, root.runRoot]) mkdirSync(path, { mode: 0o755 });
    await busyboxImage(root);
    await tspodOk(['secret', 'create', 'near', '-'], { root, input: 'hidden text' });
    const flags = ['-d', '--name', 'open', '--network', 'none', '--secret', 'near', '-v', 'near:/v'];
    await tspodOk(['run', ...flags, BUSYBOX, 'sleep', '1000'], { root });
    const reached: string[] = [];
    const walk = (directory: string): void => {
      for (const entry of readdirSync(directory, { withFileTypes: true })) {
        const path = join(directory, entry.name);
        const { mode } = statSync(path);
        if (entry.isDirectory() ? (mode & 0o005) !== 0 : (mode & 0o007) !== 0) reached.push(path);
        if (entry.isDirectory() && (mode & 0o001) !== 0) walk(path);
      }
    };
    for (const path of [root.graphRoot, root.runRoot]) walk(path);
    const harmless = [/\/empty$/, /\/default-network\.json$/, /\/netns$/];
    assert.deepEqual(
      reached.filter((path) => !harmless.some((one) => one.test(path))),
      [],
    );
    await tspodOk(['rm', '-f', '-t', '0', 'open'], { root });
  });

  test('sets a variable that inspect does not show', async () => {
    await tspodOk(['secret', 'create', 'password', '-'], { input: 'pass-word' });
    const flags = ['--network', 'none', '--secret', 'password,type=env,target=PW'];
    await tspodOk(['run', '-d', '--name', 'env', ...flags, BUSYBOX, 'sleep', '600']);
    assert.equal(await tspodOk(['exec', 'env', 'sh', '-c', 'echo $PW']), 'pass-word');
    assert.doesNotMatch(await tspodOk(['inspect', 'env']), /pass-word/);
  });

  test('refuses by name', async () => {
    for (const [secret, cause] of [
      ['nothing', /no secret with name or id "nothing"/],
      ['token,type=file', /the type is mount or env/],
      ['token,color=red', /color is not an option/],
      ['token,target=../../etc/passwd', /must not contain \.\./],
    ] as const) {
      const { code, stderr } = await tspod([...RUN, '--secret', secret, BUSYBOX, 'true']);
      assert.equal(code, 125);
      assert.match(stderr, cause);
    }
  });
});

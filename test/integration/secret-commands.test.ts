import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { openDatabase } from '../../src/state/db.ts';
import { makeTestRoot, testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';

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

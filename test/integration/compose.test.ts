import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';

let project = '';

before(async () => {
  await busyboxImage();
  project = join(testRoot().base, 'project');
  mkdirSync(project, { recursive: true });
});

/** A provider that does what the script says. */
function provider(script: string): { TSPOD_COMPOSE_PROVIDER: string } {
  const path = join(project, `provider-${readdirSync(project).length}`);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return { TSPOD_COMPOSE_PROVIDER: path };
}

describe('compose', () => {
  test('hands words, input and exit code over, and a service to talk to', async () => {
    const env = provider(
      'echo "$@"; cat; echo "$DOCKER_HOST"; echo "cli $COMPOSE_DOCKER_CLI_BUILD"; [ -S "$(echo "$DOCKER_HOST" | cut -c8-)" ] && exit 7',
    );
    const { code, stdout } = await tspod(['compose', '-f', 'a b', 'up', '--help'], { env, input: 'typed\n' });
    assert.equal(code, 7);
    assert.match(stdout, /^-f a b up --help\ntyped\nunix:\/\/\/.*\.sock\ncli 0\n$/);
  });

  test('leaves DOCKER_HOST alone where it is set', async () => {
    const env = { ...provider('echo "$DOCKER_HOST"'), DOCKER_HOST: 'unix:///elsewhere' };
    assert.equal(await tspodOk(['compose', 'ps'], { env }), 'unix:///elsewhere');
  });

  test('has a service of whoever calls, not of root', async () => {
    const request =
      'const { get } = require("node:http"); const to = { socketPath: process.env.DOCKER_HOST.slice(7) };' +
      'get({ ...to, path: "/v5.0.0/libpod/info" }, (answer) => answer.pipe(process.stdout));';
    const said = await tspodOk(['compose', 'up'], {
      env: provider(`exec ${process.execPath} -e '${request}'`),
    });
    const { host } = JSON.parse(said) as { host: { security: { rootless: boolean } } };
    assert.equal(host.security.rootless, process.getuid?.() !== 0);
  });

  test('ends its service with the provider', async () => {
    const env = provider('echo "$DOCKER_HOST" | cut -c8-');
    const socket = await tspodOk(['compose', 'ps'], { env });
    const { code } = await tspod(['compose', 'ps'], { env: provider(`! [ -e ${socket} ]`) });
    assert.equal(code, 0);
  });

  test('says what is missing', async () => {
    const { code, stderr } = await tspod(['compose', 'up'], {
      env: { TSPOD_COMPOSE_PROVIDER: '/not/there' },
    });
    assert.equal(code, 125);
    assert.match(stderr, /cannot run compose: \/not\/there was not found/);
  });
});

import assert from 'node:assert/strict';
import { existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { freshName } from '../fixtures/containers.ts';
import { rootArguments, runProgram, testEnvironment, testRoot, TSPOD, tspodOk } from '../fixtures/harness.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { makeNetwork, withoutBridges } from '../fixtures/networks.ts';
import { waitFor } from '../fixtures/wait-for.ts';

before(async () => void (await busyboxImage()));

/** Called by docker's name. */
async function docker(...args: string[]): Promise<string[]> {
  const link = join(testRoot().base, 'docker');
  if (!existsSync(link)) symlinkSync(TSPOD, link);
  const { code, stdout, stderr } = await runProgram(link, [...rootArguments(testRoot()), ...args], {
    env: testEnvironment(),
  });
  assert.equal(code, 0, stderr);
  return stdout.trimEnd().split('\n');
}

async function told(...args: string[]): Promise<string[]> {
  return await docker('events', '--since', '10m', '--until', '0s', ...args);
}

async function toldByPodman(...args: string[]): Promise<string[]> {
  return (await tspodOk(['events', '--stream=false', ...args])).split('\n');
}

const MEMBERSHIP =
  '{{.Type}} {{.Action}} {{.Actor.Attributes.name}} {{.Actor.Attributes.type}} {{.Actor.Attributes.container}}';

describe('the events that docker tells', () => {
  it('are those of the network that a container joins with its start and leaves with its end', async () => {
    const name = freshName();
    await tspodOk(['run', '--network', 'none', '--name', name, await busyboxImage(), 'true']);
    const id = await tspodOk(['inspect', '--format', '{{.Id}}', name]);
    const lines = (await told('--format', MEMBERSHIP)).filter(
      (line) => line.endsWith(id) || line.includes(` ${name} `),
    );
    assert.deepEqual(
      lines.map((line) => line.replace(/ <no value>/g, '')),
      [
        `container create ${name}`,
        `container attach ${name}`,
        `network connect none null ${id}`,
        `container start ${name}`,
        `network disconnect none null ${id}`,
        `container die ${name}`,
      ],
    );
    const [network = ''] = await docker('network', 'inspect', '--format', '{{.Id}}', 'none');
    const mine = await told(
      '--filter',
      'network=none',
      '--format',
      '{{.Actor.ID}} {{.Actor.Attributes.container}}',
    );
    assert.deepEqual(
      mine.filter((line) => line.endsWith(id)),
      [`${network} ${id}`, `${network} ${id}`],
    );
    await tspodOk(['rm', name]);
    const podmans = await toldByPodman('--filter', 'type=network', '--format', '{{.ID}}');
    assert.ok(!podmans.includes(id));
  });

  it('have the id, name and driver of a network, also when it is gone', {
    skip: withoutBridges(),
  }, async () => {
    const [name, network] = [freshName(), await makeNetwork()];
    await tspodOk(['run', '--rm', '--network', network, '--name', name, await busyboxImage(), 'true']);
    const [id = ''] = await docker('network', 'inspect', '--format', '{{.Id}}', network);
    await docker('network', 'rm', network);
    const format = [
      '--format',
      '{{.Action}} {{.Actor.ID}} {{.Actor.Attributes.name}} {{.Actor.Attributes.type}}',
    ];
    const events = ['create', 'connect', 'disconnect', 'destroy'].map(
      (action) => `${action} ${id} ${network} bridge`,
    );
    assert.deepEqual(await told('--filter', `network=${network}`, ...format), events);
    assert.deepEqual(await told('--filter', `network=${id.slice(0, 12)}`, ...format), events);
  });

  it('are what a program in a container is, when it is made, starts and ends', async () => {
    const name = freshName();
    const label = ['--label', 'command=not-me'];
    await tspodOk([
      'run',
      '-d',
      '--network',
      'none',
      '--name',
      name,
      ...label,
      await busyboxImage(),
      'sleep',
      '600',
    ]);
    await tspodOk(['exec', name, 'echo', 'a', 'b']);
    const session = await tspodOk(['exec', '-d', name, 'sh', '-c', 'exit 7']);
    const format = [
      '--filter',
      `container=${name}`,
      '--format',
      '{{.Action}}|{{.Actor.Attributes.exitCode}}',
    ];
    const execs = async (): Promise<string[]> =>
      (await told(...format)).filter((line) => line.startsWith('exec'));
    await waitFor('the end of the detached one', async () => (await execs()).length === 6);
    assert.deepEqual(await execs(), [
      'exec_create: echo a b|<no value>',
      'exec_start: echo a b|<no value>',
      'exec_die|0',
      'exec_create: sh -c exit 7|<no value>',
      'exec_start: sh -c exit 7|<no value>',
      'exec_die|7',
    ]);
    const created = ['--filter', 'event=exec_create', ...format];
    assert.equal((await told(...created)).length, 2);
    assert.deepEqual(await told('--filter', 'event=exec_start: echo a b', ...format), [
      'exec_start: echo a b|<no value>',
    ]);
    const podmans = await toldByPodman(
      '--filter',
      `container=${name}`,
      '--filter',
      'event=exec',
      '--format',
      'json',
    );
    assert.equal(podmans.length, 2);
    const { Attributes } = JSON.parse(podmans[1] ?? '') as { Attributes: unknown };
    assert.deepEqual(Attributes, { execID: session, command: 'not-me' });
    await tspodOk(['rm', '-f', '-t', '0', name]);
  });

  it('are written in lower case where a template prints them as JSON among other text', async () => {
    const name = freshName();
    await tspodOk(['create', '--network', 'none', '--name', name, await busyboxImage()]);
    const of = ['--filter', `container=${name}`, '--format'];
    const [plain = ''] = await told(...of, 'json');
    assert.deepEqual(await told(...of, 'X {{json .}}'), [`X ${plain}`]);
    assert.match(plain, /"scope":"local","time":\d{10},"timeNano":\d{19}\}$/);
    await tspodOk(['rm', name]);
  });
});

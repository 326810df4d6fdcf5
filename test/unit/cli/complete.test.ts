import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commands } from '../../../src/cli/commands/index.ts';
import { completeWords, type NameSource } from '../../../src/cli/complete.ts';

const NAMES: NameSource = async (provider, globals) => [
  { text: `${provider}-a` },
  { text: `${provider}-b${globals.get('root') ?? ''}` },
];

async function texts(...words: string[]): Promise<string[]> {
  const { candidates } = await completeWords(words, commands, NAMES);
  return candidates.map(({ text }) => text);
}

test('commands and nouns complete at the beginning, verbs after a noun', async () => {
  assert.deepEqual(await texts('ima'), ['image', 'images']);
  assert.ok((await texts('image', '')).includes('inspect'));
  assert.deepEqual(await texts('--root', '/x', 'unpau'), ['unpause']);
});

test('flags complete after a dash', async () => {
  assert.deepEqual(await texts('images', '--no-'), ['--no-trunc']);
  assert.deepEqual(await texts('--storage-'), ['--storage-driver', '--storage-opt']);
});

test('values of flags complete in the next word and after =', async () => {
  assert.deepEqual(await texts('images', '--sort', 'c'), ['created']);
  assert.deepEqual(await texts('images', '--sort=c'), ['--sort=created']);
});

test('arguments complete with names, from the store that the line is about, without those already there', async () => {
  assert.deepEqual(await texts('rmi', ''), ['images-a', 'images-b']);
  assert.deepEqual(await texts('--root', '/x', 'rmi', 'images-a', ''), ['images-b/x']);
});

test("each position has its own names, and behind the command of exec there are none of tspod's", async () => {
  assert.deepEqual(await texts('exec', '-it', ''), ['running-containers-a', 'running-containers-b']);
  assert.deepEqual(await texts('rename', 'x', ''), ['none-a', 'none-b']);
  assert.deepEqual(await texts('exec', 'web', '--'), []);
});

test('files are left to the shell', async () => {
  const { candidates, fallback } = await completeWords(['load', '-i', ''], commands, NAMES);
  assert.deepEqual({ candidates, fallback }, { candidates: [], fallback: 'files' });
});

test('so are paths where a volume or a container may be named', async () => {
  for (const words of [
    ['run', '-v', '/tm'],
    ['run', '--volume=./x'],
    ['cp', '../x'],
  ])
    assert.equal((await completeWords(words, commands, NAMES)).fallback, 'files', words.join(' '));
  assert.deepEqual(await texts('run', '-v', 'vol'), ['volumes-a', 'volumes-b']);
});

test('a value begins with a word of its own, and goes on with names', async () => {
  assert.deepEqual(await texts('run', '--network', 'no'), ['none']);
  assert.deepEqual(await texts('run', '--network', 'net'), ['networks-a', 'networks-b']);
  assert.deepEqual(await texts('run', '--network=container:'), [
    '--network=container:containers-a',
    '--network=container:containers-b',
  ]);
  assert.deepEqual(await texts('run', '--userns', 'keep-id:s'), ['keep-id:size=']);
});

test('filters complete as key and value, formats with the fields of the rows', async () => {
  assert.deepEqual(await texts('ps', '-f', 'stat'), ['status=']);
  assert.deepEqual(await texts('ps', '--filter=status=pa'), ['--filter=status=paused']);
  assert.deepEqual(await texts('container', 'ls', '--filter', 'pod='), ['pod=pods-a', 'pod=pods-b']);
  assert.deepEqual(await texts('events', '--filter', 'typ'), ['type=']);
  assert.deepEqual(await texts('images', '--format', '{{.Rep'), ['{{.Repository}}']);
  assert.deepEqual(await texts('images', '--format', `'{{.Rep`), ['{{.Repository}}']);
});

test('a container that something is copied from waits for its path', async () => {
  assert.deepEqual(await texts('cp', 'cont'), ['containers-a:', 'containers-b:']);
});

test('signals do without SIG', async () => {
  const names: NameSource = async () => [{ text: 'SIGTERM' }, { text: 'SIGINT' }];
  const { candidates } = await completeWords(['kill', '-s', 'T'], commands, names);
  assert.deepEqual(candidates, [{ text: 'TERM' }]);
});

test('an unknown command completes to nothing', async () => {
  assert.deepEqual(await texts('xyzzy', ''), []);
});

import assert from 'node:assert/strict';
import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { watchLog } from '../../../src/conmon/log-alarm.ts';
import { followLog } from '../../../src/conmon/log-follow.ts';
import { LogReader } from '../../../src/conmon/log-reader.ts';
import { collectingConsumer, k8sEntry, logInEmptyDirectory } from '../../fixtures/log-files.ts';
import { waitFor } from '../../fixtures/wait-for.ts';

const ALL = { tail: undefined, since: undefined, until: undefined };

function startFollowing(path: string, until?: number) {
  const consumer = collectingConsumer();
  const alarm = watchLog(path, []);
  const reader = new LogReader({ path, maxFiles: 1 }, ALL, consumer);
  const container = { runs: true };
  const done = followLog(reader, { alarm, isActive: () => container.runs, until }).finally(() => {
    reader.close();
    alarm.close();
  });
  return { consumer, container, done };
}

test('a follower shows lines as they come and ends with the container', async () => {
  const path = logInEmptyDirectory();
  writeFileSync(path, k8sEntry('first'));
  const { consumer, container, done } = startFollowing(path);
  await waitFor('the first line', () => consumer.text() === 'first\n');
  appendFileSync(path, k8sEntry('second'));
  await waitFor('the second line', () => consumer.text() === 'first\nsecond\n');
  appendFileSync(path, k8sEntry('last'));
  container.runs = false;
  await done;
  assert.equal(consumer.text(), 'first\nsecond\nlast\n');
});

test('what was written before the directory is removed is shown all the same', async () => {
  const path = logInEmptyDirectory();
  writeFileSync(path, k8sEntry('first'));
  const { consumer, container, done } = startFollowing(path);
  await waitFor('the first line', () => consumer.text() !== '');
  appendFileSync(path, k8sEntry('last'));
  rmSync(dirname(path), { recursive: true });
  container.runs = false;
  await done;
  assert.equal(consumer.text(), 'first\nlast\n');
});

test('a follower of a container that has ended does not wait', async () => {
  const path = logInEmptyDirectory();
  writeFileSync(path, k8sEntry('all'));
  const consumer = collectingConsumer();
  const reader = new LogReader({ path, maxFiles: 1 }, ALL, consumer);
  const never = { next: () => assert.fail('waited'), close: () => {} };
  await followLog(reader, { alarm: never, isActive: () => false, until: undefined });
  reader.close();
  assert.equal(consumer.text(), 'all\n');
});

test('a follower ends at --until', async () => {
  const path = logInEmptyDirectory();
  writeFileSync(path, k8sEntry('all'));
  const { consumer, done } = startFollowing(path, Date.now() + 50);
  await done;
  assert.equal(consumer.text(), 'all\n');
});

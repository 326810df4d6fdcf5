import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type ApiService, startApiService } from '../fixtures/api-service.ts';
import { freshName } from '../fixtures/containers.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { createMember, createPod, infraOf, removePod } from '../fixtures/pods.ts';

type Document = Record<string, unknown>;

let service: ApiService;

async function generated(...args: string[]): Promise<Document> {
  return JSON.parse(await tspodOk(['generate', 'spec', ...args])) as Document;
}

async function posted(path: string, document: Document): Promise<void> {
  const answer = await service.request('POST', path, document);
  assert.equal(answer.status, 201, answer.text);
}

describe('generate spec', () => {
  before(async () => {
    await busyboxImage();
    service = await startApiService();
  });

  after(() => service.stop());

  test('prints what the API makes the same container of', async () => {
    const name = freshName('spec');
    const script = 'echo "$COLOR at $(pwd)"; cat /scratch/file 2>/dev/null; exit 7';
    await tspodOk([
      ...[
        'create',
        '--name',
        name,
        '--network',
        'none',
        '-e',
        'COLOR=deep blue',
        '-w',
        '/tmp',
        '-l',
        'tier=x',
      ],
      ...['--tmpfs', '/scratch', '--cap-drop', 'CHOWN', '--read-only', '--stop-timeout', '3'],
      ...['--ulimit', 'nofile=100:200', await busyboxImage(), 'sh', '-c', script],
    ]);
    const document = await generated(name);
    assert.equal(document['name'], `${name}-clone`);
    await posted('/v5.0.0/libpod/containers/create', document);
    const run = await tspod(['start', '--attach', `${name}-clone`]);
    assert.deepEqual([run.code, run.stdout], [7, 'deep blue at /tmp\n']);
    // But for its name, the copy has the same specification.
    const copy = await generated('--name=false', `${name}-clone`);
    assert.deepEqual({ ...copy, name }, await generated('--name=false', name));
    await tspodOk(['rm', name, `${name}-clone`]);
  });

  test('prints what the API makes the same pod of, and a member goes into its own', async () => {
    const pod = await createPod([
      '--label',
      'tier=x',
      '--hostname',
      'box',
      '--exit-policy',
      'stop',
      '--share',
      '+pid',
    ]);
    await posted('/v5.0.0/libpod/pods/create', await generated(pod));
    const copy = await generated('--name=false', `${pod}-clone`);
    const original = await generated('--name=false', pod);
    assert.deepEqual({ ...copy, name: pod }, original);
    assert.deepEqual(original['shared_namespaces'], ['ipc', 'net', 'pid', 'uts']);
    const member = await createMember(pod);
    await posted('/v5.0.0/libpod/containers/create', await generated(member));
    const podOf = (name: string) => tspodOk(['inspect', '--format', '{{.Pod}}', name]);
    assert.equal(await podOf(`${member}-clone`), await podOf(member));
    const refused = await tspod(['generate', 'spec', await infraOf(pod)]);
    assert.equal(refused.code, 125);
    assert.match(refused.stderr, /is the infra container of a pod/);
    await removePod(`${pod}-clone`);
    await removePod(pod);
  });

  test('prints one line, or writes a file', async () => {
    const name = freshName('spec');
    await tspodOk(['create', '--name', name, '--network', 'none', await busyboxImage(), 'true']);
    const line = await tspodOk(['generate', 'spec', '--compact', name]);
    assert.equal(line.includes('\n'), false);
    const file = join(testRoot().base, 'spec.json');
    assert.equal(await tspodOk(['generate', 'spec', '--filename', file, name]), '');
    assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), JSON.parse(line));
    const bad = await tspod(['generate', 'spec', '--filename', '/nonexistent/spec.json', name]);
    assert.equal(bad.code, 125);
    assert.match(bad.stderr, /cannot write the specification to \/nonexistent\/spec\.json/);
    await tspodOk(['rm', name]);
  });

  test('says what is not there', async () => {
    const { code, stderr } = await tspod(['generate', 'spec', 'absent']);
    assert.equal(code, 125);
    assert.match(stderr, /no container or pod with name or ID absent found/);
  });
});

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import { exists, freshName, letGo, startScript, startSleeper } from '../fixtures/containers.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { tspod, tspodOk } from '../fixtures/harness.ts';
import { isRoot } from '../fixtures/requires.ts';

const PRINT = 'cat /data/file 2>/dev/null; cat /anonymous/file 2>/dev/null; echo $WORD $(hostname)';

describe('container clone', () => {
  it('makes a container with the same options and another name and id', async () => {
    const name = freshName();
    const volume = freshName('volume');
    const flags = ['--network', 'none', '-e', 'WORD=hello', '--hostname', 'twin', '-v', `${volume}:/data`];
    const mounts = ['-v', '/anonymous'];
    const script = ['sh', '-c', PRINT];
    await tspodOk(['create', '--name', name, ...flags, ...mounts, await busyboxImage(), ...script]);
    const fill = 'echo shared > /data/file';
    await tspodOk([
      'run',
      '--rm',
      '--network',
      'none',
      '-v',
      `${volume}:/data`,
      await busyboxImage(),
      'sh',
      '-c',
      fill,
    ]);
    const id = await tspodOk(['container', 'clone', name]);
    assert.equal(await tspodOk(['inspect', '--format', '{{.Name}} {{.Id}}', id]), `${name}-clone ${id}`);
    assert.equal(await tspodOk(['start', '--attach', `${name}-clone`]), 'shared\nhello twin');
    const second = await tspodOk(['container', 'clone', name]);
    assert.equal(await tspodOk(['inspect', '--format', '{{.Name}}', second]), `${name}-clone1`);
    const anonymous = '{{range .Mounts}}{{.Name}} {{end}}';
    const [one, other] = [await inspect(name, anonymous), await inspect(id, anonymous)];
    assert.notEqual(one, other);
    await tspodOk(['rm', '-v', name, id, second]);
    await tspodOk(['volume', 'rm', volume]);
  });

  it('names what it has itself where the name is taken', async () => {
    const name = freshName();
    await tspodOk(['create', '--network', 'none', '--name', name, await busyboxImage(), 'true']);
    const { code, stderr } = await tspod(['container', 'clone', name, name]);
    assert.equal(code, 125);
    assert.match(stderr, /is already in use, or give the clone another one, .*--destroy/);
    assert.doesNotMatch(stderr, /--replace/);
    await tspodOk(['rm', name]);
  });

  it('destroys the original, whose name and anonymous volumes go over, only when it may', async () => {
    const name = await startScript(
      ['-v', '/anonymous'],
      'echo kept > /anonymous/file; touch /ready; while [ ! -e /go ]; do sleep 0.1; done',
    );
    const running = await tspod(['container', 'clone', '--destroy', name, name]);
    assert.equal(running.code, 125);
    assert.match(running.stderr, /cannot destroy container .*: it is running/);
    await letGo(name);
    await tspodOk(['wait', name]);
    const old = await inspect(name, '{{.Id}}');
    const id = await tspodOk(['container', 'clone', '--destroy', name, name]);
    assert.equal(await exists(old), false);
    assert.equal(await inspect(name, '{{.Id}}'), id);
    const volume = await inspect(id, '{{range .Mounts}}{{.Name}}{{end}}');
    const read = [
      'run',
      '--rm',
      '--network',
      'none',
      '-v',
      `${volume}:/v`,
      await busyboxImage(),
      'cat',
      '/v/file',
    ];
    assert.equal(await tspodOk(read), 'kept');
    await tspodOk(['rm', '-v', id]);
    assert.equal((await tspod(['volume', 'exists', volume])).code, 1);
  });

  it('gives it other limits and another image, and starts it', async () => {
    const name = await startSleeper();
    const image = `localhost/${freshName('other')}`;
    await tspodOk(['tag', await busyboxImage(), image]);
    await tspodOk(['commit', '-q', name, image]);
    const clone = freshName('clone');
    const memory = isRoot() ? ['--memory', '64m', '--memory-reservation', '32m', '--memory-swap', '96m'] : [];
    await tspodOk(['container', 'clone', '--run', '--cpus', '0.5', ...memory, name, clone, image]);
    if (isRoot() && existsSync('/sys/fs/cgroup/memory/memory.soft_limit_in_bytes')) {
      const files = ['limit_in_bytes', 'soft_limit_in_bytes'].map(
        (file) => `/sys/fs/cgroup/memory/memory.${file}`,
      );
      assert.equal(await tspodOk(['exec', clone, 'cat', ...files]), `${64 << 20}\n${32 << 20}`);
    }
    const shown = '{{.State.Status}} {{.HostConfig.NanoCpus}} {{.ImageName}}';
    assert.equal(await inspect(clone, shown), `running 500000000 ${image}:latest`);
    assert.equal(await inspect(name, '{{.HostConfig.NanoCpus}}'), '0');
    await tspodOk(['rm', '-f', '-t', '0', name, clone]);
  });
});

async function inspect(name: string, format: string): Promise<string> {
  return await tspodOk(['inspect', '--format', format, name]);
}

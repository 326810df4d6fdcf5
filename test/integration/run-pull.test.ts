import assert from 'node:assert/strict';
import { arch } from 'node:os';
import { after, before, describe, it } from 'node:test';
import { inContainer, runScript } from '../fixtures/containers.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { tspod, tspodOk } from '../fixtures/harness.ts';
import { buildImage, pushImage } from '../fixtures/images.ts';
import { startRegistry, type TestRegistry } from '../fixtures/registry.ts';
import { requires } from '../fixtures/requires.ts';

/** An image without programs: a volume shows which one was pulled. */
const image = (content: string, platform = arch() === 'x64' ? 'amd64' : arch()) =>
  buildImage({ architecture: platform, layers: [[{ name: 'which', content }]] });

describe('the image of run', { skip: requires('docker-registry') }, () => {
  let registry: TestRegistry;
  before(async () => {
    await busyboxImage();
    registry = await startRegistry();
  });
  after(async () => await registry?.stop());

  const create = (...args: string[]) =>
    tspod(['create', '--network', 'none', '--tls-verify=false', ...args, '/none']);
  const idOf = (name: string) => tspodOk(['images', '-q', '--no-trunc', name]);

  it('is pulled when it is missing, and only then', async () => {
    const name = `${registry.host}/pull/missing:1`;
    await pushImage(registry.url, 'pull/missing', { image: image('one'), tag: '1' });
    const first = await create(name);
    assert.equal(first.code, 0, first.stderr);
    const before = await idOf(name);
    await pushImage(registry.url, 'pull/missing', { image: image('two'), tag: '1' });
    assert.equal((await create(name)).code, 0);
    assert.equal(await idOf(name), before);
    assert.equal((await create('--pull=missing', name)).code, 0);
    assert.equal(await idOf(name), before);
    assert.equal((await create('--pull', 'always', name)).code, 0);
    assert.notEqual(await idOf(name), before);
  });

  it('is pulled with newer only when the registry has another', async () => {
    const name = `${registry.host}/pull/newer:1`;
    await pushImage(registry.url, 'pull/newer', { image: image('one'), tag: '1' });
    assert.equal((await create('--pull', 'newer', name)).code, 0);
    const before = await idOf(name);
    assert.equal((await create('--pull', 'newer', name)).code, 0);
    assert.equal(await idOf(name), before);
  });

  it('is not pulled with never', async () => {
    const result = await create('--pull', 'never', `${registry.host}/pull/missing:none`);
    assert.equal(result.code, 125);
    assert.match(result.stderr, /pull\/missing:none/);
  });

  it('is not taken for another system than was asked for', async () => {
    const run = ['run', '--rm', '--network', 'none', '--pull', 'never'];
    const busybox = await busyboxImage();
    assert.equal(await tspodOk([...run, '--os', 'linux', busybox, 'echo', 'here']), 'here');
    const other = await tspod([...run, '--os', 'windows', busybox, 'true']);
    assert.equal(other.code, 125);
    assert.match(other.stderr, /busybox:latest: image not known\nthe pull policy is "never"/);
  });

  it('that the registry does not have is named', async () => {
    const result = await create(`${registry.host}/pull/nosuch:1`);
    assert.equal(result.code, 125);
    assert.match(result.stderr, /pull\/nosuch/);
  });

  it('shows no progress with -q', async () => {
    await pushImage(registry.url, 'pull/quiet', { image: image('q'), tag: '1' });
    const result = await create('-q', `${registry.host}/pull/quiet:1`);
    assert.equal(result.stderr, '');
    assert.match(result.stdout, /^[0-9a-f]{64}\n$/);
  });

  it('for another platform is told from the host’s', async () => {
    await pushImage(registry.url, 'pull/s390x', { image: image('s', 's390x'), tag: '1' });
    const name = `${registry.host}/pull/s390x:1`;
    const plain = await create(name);
    assert.match(plain.stderr, /s390x/);
    const asked = await create('--platform', 'linux/s390x', name);
    assert.equal(asked.code, 0, asked.stderr);
    const other = await create('--platform', 'linux/riscv64', name);
    // The registry has no other: podman takes it too, and warns.
    assert.equal(other.code, 0);
    assert.match(other.stderr, /riscv64/);
  });

  it('with a policy that there is not is refused', async () => {
    const result = await runScript(['--pull', 'sometimes'], 'true');
    assert.equal(result.code, 125);
    assert.match(result.stderr, /sometimes/);
    assert.equal(await inContainer(['--pull=never'], 'echo local'), 'local');
  });
});

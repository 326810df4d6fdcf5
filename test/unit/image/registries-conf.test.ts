import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { endpointsFor } from '../../../src/image/endpoints.ts';
import { formatReference, parseReference } from '../../../src/image/reference.ts';
import { readRegistriesConf } from '../../../src/image/registries-conf.ts';
import { pullCandidates } from '../../../src/image/short-names.ts';

describe('registries.conf', () => {
  let directory: string;
  let env: NodeJS.ProcessEnv;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tspod-registries-'));
    env = { HOME: directory, XDG_CONFIG_HOME: join(directory, 'config') };
    mkdirSync(join(directory, 'config/containers/registries.conf.d'), { recursive: true });
    main('');
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const main = (text: string) => writeFileSync(join(directory, 'config/containers/registries.conf'), text);
  const dropIn = (name: string, text: string) =>
    writeFileSync(join(directory, 'config/containers/registries.conf.d', name), text);
  const names = async (name: string, policy?: 'docker') =>
    pullCandidates(await readRegistriesConf(env), name, policy).map(formatReference);

  it("takes the user's file, or the one that a variable names", async () => {
    main('unqualified-search-registries = ["user.io"]');
    assert.deepEqual(await names('x'), ['user.io/x:latest']);
    const other = join(directory, 'other.conf');
    writeFileSync(other, 'unqualified-search-registries = ["a.io", "b.io"]');
    env['CONTAINERS_REGISTRIES_CONF'] = other;
    assert.deepEqual(await names('x:1'), ['a.io/x:1', 'b.io/x:1']);
  });

  it('lets later drop-ins win and add', async () => {
    main('unqualified-search-registries = ["user.io"]\n[aliases]\n"n1" = "one.io/n"');
    dropIn('10-a.conf', 'unqualified-search-registries = ["ten.io"]\n[aliases]\n"n2" = "two.io/n"');
    dropIn('20-b.conf', '[aliases]\n"n1" = "three.io/n"');
    dropIn('ignored.txt', 'unqualified-search-registries = ["no.io"]');
    assert.deepEqual(await names('x'), ['ten.io/x:latest']);
    assert.deepEqual(await names('n1:5'), ['three.io/n:5']);
    assert.deepEqual(await names('n2'), ['two.io/n:latest']);
  });

  it('shows the line that a short name needs', async () => {
    await assert.rejects(names('team/x'), (error: Error & { hint?: string }) => {
      const file = join(directory, 'config/containers/registries.conf');
      assert.equal(
        error.message,
        `short-name "team/x" did not resolve to an alias and no unqualified-search registries are defined in "${file}"`,
      );
      assert.equal(
        error.hint,
        `pull docker.io/team/x, or add this line to ${file}: unqualified-search-registries = ["docker.io"]`,
      );
      return true;
    });
    assert.deepEqual(await names('x', 'docker'), ['docker.io/library/x:latest']);
    assert.deepEqual(await names('quay.io/x'), ['quay.io/x:latest']);
  });

  it('refuses an ambiguous short name where the mode is enforcing', async () => {
    main('unqualified-search-registries = ["a.io", "b.io"]\nshort-name-mode = "enforcing"');
    await assert.rejects(names('x'), { message: /a\.io, b\.io are all searched/ });
  });

  it('names file and reason of a malformed one', async () => {
    main('unqualified-search-registries = [');
    await assert.rejects(names('x'), { name: 'InvalidSpecError', message: /registries\.conf: / });
    main('[registries.search]\nregistries = ["a.io"]');
    await assert.rejects(names('x'), { message: /is in the old format/ });
    main('[[registry]]\nlocation = "https://a.io"');
    await assert.rejects(names('x'), { message: /URL schemes are not allowed/ });
  });

  it('rewrites locations by the longest prefix and puts mirrors first', async () => {
    main(`
[[registry]]
prefix = "a.io"
location = "b.io:5000"
insecure = true
[[registry]]
prefix = "a.io/team"
location = "c.io/other"
[[registry.mirror]]
location = "m1.io/cache"
pull-from-mirror = "digest-only"
[[registry.mirror]]
location = "m2.io"
insecure = true
[[registry]]
prefix = "*.wild.io"
blocked = true
`);
    const conf = await readRegistriesConf(env);
    const at = (name: string, tlsVerify?: boolean) =>
      endpointsFor(conf, parseReference(name), tlsVerify).map(
        (one) => `${one.insecure ? 'http' : 'https'}:${one.host}/${one.path}`,
      );
    assert.deepEqual(at('a.io/x:1'), ['http:b.io:5000/x']);
    assert.deepEqual(at('a.io/x:1', true), ['https:b.io:5000/x']);
    assert.deepEqual(at('a.io/team/x:1'), ['http:m2.io/x', 'https:c.io/other/x']);
    assert.deepEqual(at(`a.io/team/x@sha256:${'0'.repeat(64)}`), [
      'https:m1.io/cache/x',
      'http:m2.io/x',
      'https:c.io/other/x',
    ]);
    assert.deepEqual(at('a.io/teams/x'), ['http:b.io:5000/teams/x']);
    assert.deepEqual(at('else.io/x', false), ['http:else.io/x']);
    assert.throws(() => at('sub.wild.io/x'), {
      name: 'PermissionError',
      message: /registry \*\.wild\.io is blocked/,
    });
    assert.deepEqual(at('wild.io/x'), ['https:wild.io/x']);
  });
});

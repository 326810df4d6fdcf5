import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InvalidSpecError, UnsupportedError } from '../../../src/base/errors.ts';
import type { CreateOptions } from '../../../src/specgen/create-options.ts';
import { contextFixture, imageFixture, specOf } from './fixture.ts';

const mountsOf = (options: CreateOptions, changes = {}) => specOf(options, contextFixture(changes)).mounts;
const refused = (options: CreateOptions, message: RegExp, type: typeof InvalidSpecError = InvalidSpecError) =>
  assert.throws(
    () => mountsOf(options),
    (error) => error instanceof type && message.test(error.message),
  );

describe('mounts', () => {
  it('take an absolute or dotted source for a directory and any other for a volume name', () => {
    const mounts = mountsOf({ volume: ['/data:/a', './src:/b', '../up:/c', 'data:/d'] });
    assert.deepEqual(
      mounts.map((mount) => (mount.type === 'bind' ? mount.source : mount.type === 'volume' && mount.name)),
      ['/data', '/work/src', '/up', 'data'],
    );
  });

  it('make an anonymous volume of a lone path, each with a name of its own', () => {
    const mounts = mountsOf({ volume: ['/a', '/b'] });
    const names = mounts.map((mount) => (mount.type === 'volume' && mount.anonymous ? mount.name : ''));
    assert.match(names[0] ?? '', /^[0-9a-f]{64}$/);
    assert.notEqual(names[0], names[1]);
  });

  it('complete the options without overruling those that were given', () => {
    const [bind, volume] = mountsOf({ volume: ['/x:/a:ro,rslave', 'v:/b:exec,suid'] });
    assert.deepEqual(bind?.options, ['ro', 'rslave', 'rbind']);
    assert.deepEqual(volume?.options, ['exec', 'suid', 'rw', 'rprivate', 'nodev', 'rbind']);
  });

  it('normalise destinations and refuse two mounts at one place', () => {
    assert.equal(mountsOf({ volume: ['/x:/a//b/'] })[0]?.destination, '/a/b');
    refused({ volume: ['/x:/a', '/y:/a/'] }, /^\/a: duplicate mount destination$/);
    refused({ volume: ['/x:/a'], tmpfs: ['/a'] }, /duplicate mount destination/);
    refused({ volume: ['/x:/a', '/x:/a:ro'] }, /duplicate mount destination/);
  });

  it('count once when they are asked for twice in the same words', () => {
    assert.equal(mountsOf({ volume: ['/x:/a', '/x:/a/', 'v:/b', 'v:/b'] }).length, 2);
  });

  const bad: [CreateOptions, RegExp][] = [
    [{ volume: ['/a:/b:ro:z'] }, /incorrect volume format/],
    [{ volume: [''] }, /incorrect volume format/],
    [{ volume: [':/b'] }, /host directory cannot be empty/],
    [{ volume: ['/a:b'] }, /invalid container path "b", must be an absolute path/],
    [{ volume: ['/a:/'] }, /must not be the root/],
    [{ volume: ['a/b:/c'] }, /invalid volume name "a\/b"/],
    [{ volume: ['/a:/b:ro,rw'] }, /ro and rw exclude each other/],
    [{ volume: ['/a:/b:shared,rprivate'] }, /exclude each other/],
    [{ volume: ['/a:/b:bogus'] }, /invalid mount option "bogus"/],
    [{ mount: ['type=bogus,dst=/a'] }, /invalid filesystem type "bogus"/],
    [{ mount: ['type=bind,src=/a'] }, /must set volume destination/],
    [{ mount: ['type=image,dst=/a'] }, /must set source and destination of an image/],
    [{ volume: ['/a:/b:upperdir=/u,workdir=/w'] }, /belong to option O/],
    [{ volume: ['/a:/b:O,upperdir=/u'] }, /must be given together/],
    [{ volume: ['/a:/b:O,upperdir=u,workdir=/w'] }, /must be an absolute path/],
    [{ volume: ['/a:/b:O,idmap'] }, /exclude each other/],
    [{ mount: ['type=bind,src=/a,dst=/b,tmpfs-size=1'] }, /tmpfs-size: invalid mount option/],
    [{ mount: ['type=tmpfs,src=/a,dst=/b'] }, /must not have a source/],
    [{ mount: ['type=tmpfs,dst=/b,tmpfs-mode=9'] }, /invalid tmpfs-mode/],
    [{ mount: ['type=volume,dst=/b,subpath=../x'] }, /must not contain/],
    [{ tmpfs: ['/a:bogus'] }, /invalid tmpfs option/],
    [{ tmpfs: ['/a:size=lots'] }, /invalid tmpfs option "size=lots"/],
    [{ tmpfs: ['a'] }, /must be an absolute path/],
  ];
  for (const [options, message] of bad)
    it(`refuse ${JSON.stringify(options)}`, () => refused(options, message));

  for (const [type, why] of [
    ['artifact', /artifacts are not kept/],
    ['npipe', /on Windows only/],
  ] as const)
    it(`say why --mount type=${type} is not supported`, () =>
      refused({ mount: [`type=${type},src=x,dst=/a`] }, why, UnsupportedError));

  it('take an overlay with directories of its own', () => {
    const [plain, kept] = mountsOf({ volume: ['/a:/b:O', 'v:/c:O,upperdir=/u,workdir=/w,U'] });
    assert.deepEqual(plain?.options, ['O', 'rw', 'rprivate', 'rbind']);
    assert.ok(['O', 'upperdir=/u', 'workdir=/w', 'U'].every((word) => kept?.options.includes(word)));
  });

  it('take files of an image, read-only unless asked otherwise', () => {
    const [image, writable] = mountsOf({
      mount: ['type=image,source=alpine,dst=/a,subpath=/etc', 'type=image,src=alpine,dst=/b,rw=true'],
    });
    assert.ok(image?.type === 'image' && image.image === 'alpine' && image.subpath === 'etc');
    assert.ok(image.options.includes('ro') && writable?.options.includes('rw'));
  });

  it('expand a glob to a bind for each file', () => {
    const places = (mount: string) =>
      mountsOf({ mount: [mount] }).map((each) => each.type === 'bind' && [each.source, each.destination]);
    assert.deepEqual(places('type=glob,src=/lib/a*,ro'), [
      ['/lib/a1', '/lib/a1'],
      ['/lib/a2', '/lib/a2'],
    ]);
    assert.deepEqual(places('type=glob,src=lib/a*,dst=/x'), [
      ['/work/lib/a1', '/x/a1'],
      ['/work/lib/a2', '/x/a2'],
    ]);
  });

  it('make a ramfs, and a volume with options of its driver', () => {
    const [ramfs, volume] = mountsOf({
      mount: [
        'type=ramfs,dst=/r',
        'src=v,dst=/v,volume-opt=type=tmpfs,volume-opt=o=size=1m,volume-label=a=b',
      ],
    });
    assert.ok(ramfs?.type === 'tmpfs' && ramfs.ramfs);
    assert.deepEqual(volume?.type === 'volume' && volume.create, {
      options: { type: 'tmpfs', o: 'size=1m' },
      labels: { a: 'b' },
    });
  });

  it('have the source of a bind at the same place inside, unless it is said', () =>
    assert.equal(mountsOf({ mount: ['type=bind,dst=/a'] })[0]?.destination, '/a'));

  it('may be read-only with all that is mounted below', () => {
    const of = (words: string): string[] | undefined =>
      mountsOf({ mount: [`type=bind,source=/a,target=/x,${words}`] })[0]?.options;
    assert.deepEqual(of('readonly,bind-recursive=readonly'), ['ro', 'rbind', 'rprivate', 'rro']);
    assert.deepEqual(of('bind-recursive=readonly,readonly,bind-propagation=rprivate'), [
      ...['rbind', 'ro', 'rprivate', 'rro'],
    ]);
    assert.deepEqual(of('readonly,bind-recursive=writable'), ['ro', 'rbind', 'rprivate']);
    assert.throws(() => of('bind-recursive=readonly'), /bind-recursive=readonly needs the option readonly/);
    assert.throws(
      () => of('readonly,bind-recursive=readonly,bind-propagation=rslave'),
      /goes with bind-propagation=rprivate only/,
    );
    assert.throws(() => of('readonly,bind-recursive=deep'), /invalid bind-recursive "deep"/);
  });

  it('read every key of --mount, with quoted commas', () => {
    const [bind, volume, tmpfs] = mountsOf({
      mount: [
        'type=bind,"source=/a,b",target=/x,readonly=false,bind-propagation=rshared,bind-nonrecursive,U,relabel=private',
        'src=vol,dst=/y,ro,volume-nocopy,subpath=/sub/dir',
        'type=tmpfs,destination=/z,tmpfs-size=1m,tmpfs-mode=1700,notmpcopyup,noexec',
      ],
    });
    assert.deepEqual(bind, {
      type: 'bind',
      source: '/a,b',
      destination: '/x',
      options: ['rw', 'rshared', 'bind', 'U', 'Z'],
      recursive: false,
    });
    assert.equal(volume?.type === 'volume' && volume.subpath, 'sub/dir');
    assert.ok(volume?.options.includes('nocopy') && volume.options.includes('ro'));
    assert.deepEqual(tmpfs, {
      type: 'tmpfs',
      destination: '/z',
      options: ['size=1048576', 'mode=1700', 'noexec', 'rw', 'rprivate', 'nosuid', 'nodev'],
      copyUp: false,
    });
  });

  it("let the user's mount take the place of the image's volume", () => {
    const image = imageFixture({ Volumes: { '/data': {}, '/other': {} } });
    const mounts = mountsOf({ volume: ['/host:/data'] }, { image });
    assert.deepEqual(
      mounts.map((mount) => `${mount.type} ${mount.destination}`),
      ['bind /data', 'image-volume /other'],
    );
    assert.deepEqual(mountsOf({ imageVolume: 'ignore' }, { image }), []);
    assert.ok(mountsOf({ imageVolume: 'tmpfs' }, { image }).every((mount) => mount.type === 'tmpfs'));
  });

  it('give --read-only its writable places, unless something is mounted there or they are switched off', () => {
    const places = (options: CreateOptions) =>
      mountsOf({ readOnly: true, ...options }).map((m) => m.destination);
    assert.deepEqual(places({ volume: ['/x:/tmp'] }), ['/tmp', '/run', '/var/tmp']);
    assert.deepEqual(places({ readOnlyTmpfs: false }), []);
  });

  it("take over another container's volumes, read-only if asked, but not its tmpfs", () => {
    const donor = specOf(
      { volume: ['v:/a', '/host:/b:ro'], tmpfs: ['/t'] },
      contextFixture({ image: imageFixture({ Volumes: { '/i': {} } }) }),
    );
    const lookupContainer = () => ({ id: 'd'.repeat(64), name: 'donor', spec: donor });
    const spec = specOf(
      { volumesFrom: ['donor:ro'], volume: ['mine:/b'] },
      contextFixture({ lookupContainer }),
    );
    assert.deepEqual(
      spec.mounts.map((mount) => `${mount.type} ${mount.destination} ${mount.options[0]}`),
      ['volume /b rw', 'volume /a ro', 'volume /i ro'],
    );
    assert.deepEqual(spec.dependencies, ['d'.repeat(64)]);
    assert.throws(
      () => specOf({ volumesFrom: ['donor:bogus'] }, contextFixture({ lookupContainer })),
      /invalid option "bogus"/,
    );
  });
});

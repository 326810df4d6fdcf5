/**
 * What tspod needs from the host, as data. `files`: one of them is enough, so that a program installed by hand counts.
 * `packages`: the name under which each package manager knows it; absent means that this system has none.
 * `essential`: without it nothing runs; the others take one feature away each, named by `purpose`.
 */

const everywhere = (name) => ({ apt: name, dnf: name, zypper: name, pacman: name, apk: name });
const inBin = (...names) =>
  names.flatMap((name) =>
    ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin', '/bin', '/sbin'].map(
      (folder) => `${folder}/${name}`,
    ),
  );
const inPodman = (name) =>
  ['/usr/lib/podman', '/usr/libexec/podman', '/usr/local/libexec/podman'].map(
    (folder) => `${folder}/${name}`,
  );
const inLib = (name) =>
  ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/lib'].map(
    (folder) => `${folder}/${name}`,
  );

/** For running containers. */
const RUN = [
  {
    name: 'runc',
    purpose: 'starts containers',
    essential: true,
    files: inBin('runc', 'crun'),
    packages: { ...everywhere('runc'), dnf: 'crun' },
  },
  { name: 'crun', purpose: 'starts containers, faster', files: inBin('crun'), packages: everywhere('crun') },
  {
    name: 'libatomic',
    purpose: 'the Node.js that tspod runs on is linked with it',
    essential: true,
    files: inLib('libatomic.so.1'),
    packages: {
      apt: 'libatomic1',
      dnf: 'libatomic',
      zypper: 'libatomic1',
      pacman: 'gcc-libs',
      apk: 'libatomic',
    },
  },
  {
    name: 'newuidmap',
    purpose: 'containers without root',
    essential: 'user',
    files: inBin('newuidmap'),
    packages: {
      apt: 'uidmap',
      dnf: 'shadow-utils',
      zypper: 'shadow',
      pacman: 'shadow',
      apk: 'shadow-uidmap',
    },
  },
  {
    name: 'seccomp profile',
    purpose: 'the default system call filter and image signature policy',
    files: ['/usr/share/containers/seccomp.json', '/etc/containers/seccomp.json'],
    packages: {
      apt: 'golang-github-containers-common',
      dnf: 'containers-common',
      zypper: 'libcontainers-common',
      pacman: 'containers-common',
      apk: 'containers-common',
    },
  },
  {
    name: 'netavark',
    purpose: 'bridge networks',
    files: [...inPodman('netavark'), ...inBin('netavark')],
    packages: everywhere('netavark'),
  },
  {
    name: 'aardvark-dns',
    purpose: 'container names in DNS',
    files: [...inPodman('aardvark-dns'), ...inBin('aardvark-dns')],
    packages: everywhere('aardvark-dns'),
  },
  {
    name: 'iptables',
    purpose: 'bridge networks',
    files: inBin('iptables', 'nft'),
    packages: { ...everywhere('iptables'), dnf: 'iptables-nft' },
  },
  { name: 'pasta', purpose: 'network without root', files: inBin('pasta'), packages: everywhere('passt') },
  {
    name: 'slirp4netns',
    purpose: 'network without root, where pasta is missing',
    files: inBin('slirp4netns'),
    packages: everywhere('slirp4netns'),
  },
  {
    name: 'fuse-overlayfs',
    purpose: 'storage without root on old kernels',
    files: inBin('fuse-overlayfs'),
    packages: everywhere('fuse-overlayfs'),
  },
  {
    name: 'catatonit',
    purpose: 'run --init',
    files: [...inBin('catatonit'), ...inPodman('catatonit')],
    packages: everywhere('catatonit'),
  },
  {
    name: 'xz',
    purpose: 'load of archives packed by xz',
    files: inBin('xz'),
    packages: { ...everywhere('xz'), apt: 'xz-utils' },
  },
];

/** For building the native parts. */
const BUILD = [
  {
    name: 'C compiler',
    purpose: 'builds the native parts',
    essential: true,
    files: inBin('cc'),
    packages: { apt: 'gcc', dnf: 'gcc', zypper: 'gcc', pacman: 'gcc', apk: 'gcc' },
  },
  {
    name: 'C library headers',
    purpose: 'builds the native parts',
    essential: true,
    files: ['/usr/include/stdlib.h'],
    packages: {
      apt: 'libc6-dev',
      dnf: 'glibc-devel',
      zypper: 'glibc-devel',
      pacman: 'glibc',
      apk: 'musl-dev',
    },
  },
  {
    name: 'static C library',
    purpose: 'builds the launcher and the monitor',
    essential: true,
    files: inLib('libc.a'),
    packages: {
      apt: 'libc6-dev',
      dnf: 'glibc-static',
      zypper: 'glibc-devel-static',
      pacman: 'glibc',
      apk: 'musl-dev',
    },
  },
  {
    name: 'kernel headers',
    purpose: 'builds the native parts',
    essential: true,
    files: ['/usr/include/linux/openat2.h'],
    packages: {
      apt: 'linux-libc-dev',
      dnf: 'kernel-headers',
      zypper: 'linux-glibc-devel',
      pacman: 'linux-api-headers',
      apk: 'linux-headers',
    },
  },
  {
    name: 'make',
    purpose: 'builds the native parts',
    essential: true,
    files: inBin('make'),
    packages: everywhere('make'),
  },
];

/** The first image where no registry can be reached, and the base of test images. */
const IMAGE = [
  {
    name: 'static busybox',
    purpose: 'the first image where no registry can be reached',
    files: inBin('busybox', 'busybox.static', 'busybox-static'),
    packages: {
      apt: 'busybox-static',
      dnf: 'busybox',
      zypper: 'busybox-static',
      pacman: 'busybox',
      apk: 'busybox-static',
    },
  },
];

/** What the test suite runs beside tspod: real registries, peers to compare with, terminals. */
const TEST = [
  {
    name: 'python3',
    purpose: 'tests on a terminal',
    essential: true,
    files: inBin('python3'),
    packages: { ...everywhere('python3'), pacman: 'python' },
  },
  {
    name: 'ip',
    purpose: 'a private network for each test file',
    essential: true,
    files: inBin('ip'),
    packages: { ...everywhere('iproute2'), dnf: 'iproute' },
  },
  {
    name: 'ps',
    purpose: 'tests that look at processes',
    essential: true,
    files: inBin('ps'),
    packages: { apt: 'procps', dnf: 'procps-ng', zypper: 'procps', pacman: 'procps-ng', apk: 'procps' },
  },
  {
    name: 'setpriv',
    purpose: 'tests as an unprivileged user',
    essential: true,
    files: inBin('setpriv'),
    packages: { ...everywhere('util-linux'), apk: 'setpriv' },
  },
  {
    name: 'docker-registry',
    purpose: 'tests against a real registry',
    files: inBin('docker-registry', 'registry'),
    packages: {
      apt: 'docker-registry',
      dnf: 'docker-distribution',
      zypper: 'distribution-registry',
      apk: 'docker-registry',
    },
  },
  {
    name: 'skopeo',
    purpose: 'tests of images made by others',
    files: inBin('skopeo'),
    packages: everywhere('skopeo'),
  },
  {
    name: 'buildah',
    purpose: 'tests of images made by others',
    files: inBin('buildah'),
    packages: everywhere('buildah'),
  },
  {
    name: 'gpg',
    purpose: 'tests of signed images',
    files: inBin('gpg'),
    packages: { apt: 'gpg', dnf: 'gnupg2', zypper: 'gpg2', apk: 'gnupg', pacman: 'gnupg' },
  },
  { name: 'zsh', purpose: 'the tests of its completion', files: inBin('zsh'), packages: everywhere('zsh') },
  {
    name: 'fish',
    purpose: 'the tests of its completion',
    files: inBin('fish'),
    packages: everywhere('fish'),
  },
  {
    name: 'docker-compose',
    purpose: 'tests of the API with a client of many',
    files: inBin('docker-compose'),
    packages: everywhere('docker-compose'),
  },
  {
    name: 'umoci',
    purpose: 'tests of images made by others',
    files: inBin('umoci'),
    packages: { apt: 'umoci', zypper: 'umoci', apk: 'umoci' },
  },
  {
    name: 'conmon',
    purpose: 'tests that compare the monitors',
    files: [...inBin('conmon'), ...inPodman('conmon')],
    packages: everywhere('conmon'),
  },
  {
    name: 'systemd-analyze',
    purpose: 'tests of unit files',
    files: inBin('systemd-analyze'),
    packages: everywhere('systemd'),
  },
  {
    name: 'podman',
    purpose: 'tests that compare, and the benchmark',
    files: inBin('podman'),
    packages: everywhere('podman'),
  },
];

/** For tests on a machine with systemd and cgroup v2. */
const MACHINE = [
  {
    name: 'qemu',
    purpose: 'emulates the machine',
    essential: true,
    files: inBin('qemu-system-x86_64'),
    packages: {
      apt: 'qemu-system-x86',
      dnf: 'qemu-system-x86-core',
      zypper: 'qemu-x86',
      pacman: 'qemu-system-x86',
      apk: 'qemu-system-x86_64',
    },
  },
  {
    name: 'debootstrap',
    purpose: "makes the machine's disk",
    essential: true,
    files: inBin('debootstrap'),
    packages: everywhere('debootstrap'),
  },
  {
    name: 'mke2fs',
    purpose: "makes the machine's disk",
    essential: true,
    files: inBin('mke2fs'),
    packages: everywhere('e2fsprogs'),
  },
  {
    name: 'mkfs.xfs',
    purpose: 'makes disks with quotas for the machine',
    files: inBin('mkfs.xfs'),
    packages: everywhere('xfsprogs'),
  },
  {
    name: 'ssh',
    purpose: 'logs in to the machine',
    essential: true,
    files: inBin('ssh'),
    packages: {
      apt: 'openssh-client',
      dnf: 'openssh-clients',
      zypper: 'openssh-clients',
      pacman: 'openssh',
      apk: 'openssh-client',
    },
  },
];

export const REQUIREMENTS = {
  start: [...BUILD, ...RUN],
  image: IMAGE,
  test: [...BUILD, ...RUN, ...IMAGE, ...TEST],
  vm: [...BUILD, ...RUN, ...MACHINE],
};

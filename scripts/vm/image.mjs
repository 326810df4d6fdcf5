import { createHash } from 'node:crypto';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DEBIAN_RELEASE, debianMirror } from '../setup/debian.mjs';
import { readCommand, runCommand } from '../setup/run-command.mjs';
import { SetupError, tell } from '../setup/tell.mjs';

/** `lingering` has a service manager without being logged in; `visitor` only while logged in. */
const USERS = ['visitor', 'lingering'];
const PACKAGES = [
  ...['systemd', 'systemd-sysv', 'libpam-systemd', 'dbus', 'dbus-user-session', 'udev', 'kmod'],
  ...['linux-image-amd64', 'openssh-server', 'iproute2', 'procps', 'sudo', 'curl', 'ca-certificates'],
  ...['crun', 'libatomic1', 'uidmap', 'passt', 'netavark', 'aardvark-dns', 'nftables', 'fuse-overlayfs'],
  ...['catatonit', 'golang-github-containers-common', 'runc', 'criu', 'iptables'],
];
const TOOLS = ['debootstrap', 'mke2fs', 'qemu-system-x86_64', 'ssh', 'ssh-keygen'];

/** The disk, kernel and key of the guest. Made once and kept outside the checkout; anew when this file changes. */
export function ensureImage() {
  requireTools();
  const recipe = readFileSync(fileURLToPath(import.meta.url));
  const name = createHash('sha256').update(recipe).digest('hex').slice(0, 12);
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tspod-vm');
  const directory = join(cache, name);
  if (!existsSync(directory)) {
    if (process.getuid() !== 0) throw new SetupError('making the guest needs root: run this once as root');
    const temporary = join(cache, `${name}.${process.pid}`);
    mkdirSync(temporary, { recursive: true });
    try {
      makeImage(temporary);
      for (const other of readdirSync(cache))
        if (join(cache, other) !== temporary) rmSync(join(cache, other), { recursive: true });
      renameSync(temporary, directory);
    } finally {
      rmSync(temporary, { recursive: true, force: true });
    }
  }
  return { directory, ...filesOf(directory) };
}

function filesOf(directory) {
  const file = (name) => join(directory, name);
  return { disk: file('disk.img'), kernel: file('kernel'), initrd: file('initrd'), key: file('key') };
}

function requireTools() {
  const missing = TOOLS.filter((tool) => !readCommand('sh', ['-c', `command -v ${tool}`]).ok);
  if (missing.length > 0)
    throw new SetupError(
      `missing on this system: ${missing.join(', ')} (Debian: qemu-system-x86 debootstrap e2fsprogs openssh-client)`,
    );
}

function makeImage(directory) {
  const root = join(directory, 'root');
  const { disk, kernel, initrd, key } = filesOf(directory);
  const mirror = debianMirror();
  if (mirror === undefined)
    throw new SetupError('this system gets no packages of Debian: name a mirror of it in TSPOD_VM_MIRROR');
  tell(`installing Debian ${DEBIAN_RELEASE} for the guest`);
  const include = `--include=${PACKAGES.join(',')}`;
  runCommand('debootstrap', ['--variant=minbase', include, DEBIAN_RELEASE, root, mirror]);
  runCommand('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  configure(root, `${key}.pub`);
  const boot = (prefix) => {
    const found = readdirSync(join(root, 'boot')).find((name) => name.startsWith(prefix));
    if (found === undefined) throw new SetupError(`the guest got no ${prefix}`);
    return join(root, 'boot', found);
  };
  copyFileSync(boot('vmlinuz-'), kernel);
  copyFileSync(boot('initrd.img-'), initrd);
  tell('making its disk');
  runCommand('mke2fs', ['-q', '-t', 'ext4', '-d', root, disk, '6G']);
  rmSync(root, { recursive: true });
}

/** The addresses are those of QEMU's user network. */
const NETWORK = '[Match]\nName=en* eth*\n[Network]\nAddress=10.0.2.15/24\nGateway=10.0.2.2\nDNS=10.0.2.3\n';

function configure(root, publicKey) {
  const write = (path, text) => {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const inside = (...words) => runCommand('chroot', [root, ...words]);
  write('etc/hostname', 'guest\n');
  write('etc/hosts', '127.0.0.1 localhost guest\n');
  write('etc/resolv.conf', 'nameserver 10.0.2.3\n');
  write('etc/systemd/network/10-user.network', NETWORK);
  appendFileSync(join(root, 'etc/ssh/sshd_config'), '\nMaxStartups 50\nUseDNS no\n');
  inside('systemctl', '--quiet', 'enable', 'systemd-networkd', 'ssh');
  inside('systemctl', '--quiet', 'disable', 'systemd-networkd-wait-online');
  mkdirSync(join(root, 'root/.ssh'), { recursive: true, mode: 0o700 });
  copyFileSync(publicKey, join(root, 'root/.ssh/authorized_keys'));
  for (const user of USERS) {
    inside('useradd', '--create-home', '--shell', '/bin/bash', user);
    mkdirSync(join(root, 'home', user, '.ssh'));
    copyFileSync(publicKey, join(root, 'home', user, '.ssh/authorized_keys'));
    inside('chown', '-R', `${user}:${user}`, `/home/${user}/.ssh`);
  }
  write('var/lib/systemd/linger/lingering', '');
  symlinkSync('/srv/tspod/bin/tspod', join(root, 'usr/local/bin/tspod'));
}

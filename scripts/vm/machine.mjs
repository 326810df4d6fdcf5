import { spawn } from 'node:child_process';
import { existsSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { readCommand } from '../setup/run-command.mjs';
import { SetupError, tell } from '../setup/tell.mjs';

const BOOT_LIMIT_MS = 300_000;
/** Real processors take seconds. Where they are offered and do not work, that shows by nothing else. */
const KVM_BOOT_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 30_000;

/**
 * Boots the guest and waits until one can log in. Nothing of it outlasts this run: the disk is written to a temporary file of QEMU's.
 * `ssh` is the command to which a `user@127.0.0.1` and the guest's command are added. Emulated processors will do, at a tenth of the speed.
 */
export async function bootMachine(image) {
  const accelerators = existsSync('/dev/kvm') ? ['kvm', 'tcg,thread=multi'] : ['tcg,thread=multi'];
  for (const accelerator of accelerators) {
    const machine = await boot(image, accelerator);
    if (machine !== undefined) return machine;
  }
  const words = ['qemu.log', 'serial.log'].map((name) => readFileSync(join(image.directory, name), 'latin1'));
  throw new SetupError(`the guest did not boot:\n${words.join('\n').slice(-2000)}`);
}

/** Undefined when it ended early, or cannot be reached in time. */
async function boot(image, accelerator) {
  const port = await freePort();
  tell(`booting the guest (${accelerator})`);
  const qemu = spawn('qemu-system-x86_64', machineArguments(image, port, accelerator), {
    stdio: ['ignore', 'ignore', openSync(join(image.directory, 'qemu.log'), 'w')],
  });
  let running = true;
  const ended = new Promise((resolve) => qemu.once('exit', resolve)).then(() => {
    running = false;
  });
  const ssh = [
    ...['ssh', '-q', '-i', image.key, '-p', String(port), '-o', 'IdentitiesOnly=yes', '-o', 'BatchMode=yes'],
    ...['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'ConnectTimeout=30'],
  ];
  const run = (command, timeout) =>
    readCommand(ssh[0], [...ssh.slice(1), 'root@127.0.0.1', command], { timeout });
  const stop = async () => {
    if (running) run('systemctl poweroff --force --force', STOP_LIMIT_MS);
    const timer = setTimeout(() => qemu.kill('SIGKILL'), STOP_LIMIT_MS);
    await ended;
    clearTimeout(timer);
  };
  const deadline = performance.now() + (accelerator === 'kvm' ? KVM_BOOT_LIMIT_MS : BOOT_LIMIT_MS);
  while (running && performance.now() < deadline) {
    if (run('systemctl is-system-running --wait', 60_000).stdout.trim() !== '') return { ssh, stop };
    await Promise.race([ended, pause(1000)]);
  }
  await stop();
  return undefined;
}

function machineArguments({ directory, disk, kernel, initrd }, port, accelerator) {
  return [
    ...['-machine', 'q35', '-accel', accelerator, '-cpu', 'max'],
    ...['-smp', '2', '-m', '2048', '-display', 'none', '-monitor', 'none', '-snapshot'],
    ...['-kernel', kernel, '-initrd', initrd],
    ...['-append', 'root=/dev/vda rw console=ttyS0 quiet systemd.show_status=0'],
    ...['-drive', `file=${disk},if=virtio,format=raw,cache=unsafe`],
    ...['-nic', `user,model=virtio-net-pci,hostfwd=tcp:127.0.0.1:${port}-:22`],
    ...['-serial', `file:${join(directory, 'serial.log')}`],
  ];
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

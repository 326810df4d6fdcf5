import { spawn } from 'node:child_process';
import { chmodSync, chownSync, closeSync, existsSync, openSync, statSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { InvalidSpecError, NotFoundError, UnsupportedError } from '../base/errors.ts';
import { newLayerId } from '../base/ids.ts';
import type { Build } from './build.ts';
import type { SshMount } from './instruction.ts';
import type { RunMountPlan, Surroundings } from './run-mounts.ts';

/** An agent's socket for the command; keys themselves never get into the container. */
export function planSsh(build: Build, mount: SshMount): RunMountPlan {
  const { id, mode, uid, gid } = mount;
  return {
    facts: ['ssh', id, mount.target ?? null, mode, uid, gid],
    async attach(surroundings) {
      const source = build.options.run.ssh.find((one) => one.id === id);
      const paths = source?.paths ?? [];
      const own = process.env['SSH_AUTH_SOCK'];
      const agents = paths.length > 0 ? paths : source !== undefined && own ? [own] : [];
      const [first] = agents;
      if (first === undefined) {
        if (!mount.required) return;
        throw new NotFoundError('secret', id, {
          message: `no SSH agent ${JSON.stringify(id)} was given to the build`,
          hint: `give it with --ssh ${id}, with SSH_AUTH_SOCK set, or --ssh ${id}=SOCKET`,
        });
      }
      const isSocket = existsSync(first) && statSync(first).isSocket();
      if (isSocket && agents.length > 1)
        throw new InvalidSpecError(`--ssh ${id} takes one agent or several keys, not several agents`);
      const agent = isSocket ? { path: first } : await startAgent(surroundings, agents, id);
      await offer(surroundings, mount, agent);
    },
  };
}

/** A socket of our own with the owner and mode that were asked for, which passes everything on to the agent. */
async function offer(surroundings: Surroundings, mount: SshMount, agent: Agent): Promise<void> {
  const directory = surroundings.secretsDirectory();
  const name = `ssh-${newLayerId()}`;
  const path = join(directory, name);
  const server: Server = createServer((client) => {
    const upstream = connect(agent.path);
    client.pipe(upstream).pipe(client);
    client.on('error', () => upstream.destroy());
    upstream.on('error', () => client.destroy());
  });
  await new Promise<void>((done, reject) => {
    server.once('error', reject);
    server.listen(join(shortName(surroundings, directory), name), done);
  });
  surroundings.onClose(() => void server.close());
  chownSync(path, mount.uid, mount.gid);
  chmodSync(path, mount.mode);
  const target = mount.target ?? `/run/buildkit/ssh_agent.${mount.id}`;
  surroundings.bind(path, target, { readOnly: false });
  surroundings.setEnv(`SSH_AUTH_SOCK=${target}`);
}

/** Addresses of sockets have room for a hundred characters: the directory by its descriptor, which stays open until the end. */
function shortName(surroundings: Surroundings, directory: string): string {
  const fd = openSync(directory, 'r');
  surroundings.onClose(() => closeSync(fd));
  return `/proc/self/fd/${fd}`;
}

interface Agent {
  /** Good for this process. */
  path: string;
}

const PATIENCE_MS = 10_000;
const POLL_MS = 10;

/** For keys in files: an agent that lives as long as the command. */
async function startAgent(surroundings: Surroundings, keys: readonly string[], id: string): Promise<Agent> {
  const { workingDirectory } = surroundings.build.options;
  const files = keys.map((key) => resolve(workingDirectory, key));
  const cwd = surroundings.secretsDirectory();
  const name = `agent-${newLayerId()}`;
  const agent = spawn('ssh-agent', ['-D', '-a', name], { stdio: 'ignore', cwd });
  const failed = new Promise<never>((_, reject) => {
    agent.once('error', (cause) =>
      reject(
        new UnsupportedError('cannot use SSH keys: ssh-agent is not installed', {
          cause,
          hint: 'install openssh-client, or give the socket of an agent',
        }),
      ),
    );
  });
  failed.catch(() => undefined);
  surroundings.onClose(() => void agent.kill('SIGTERM'));
  for (let waited = 0; !existsSync(join(cwd, name)) && waited < PATIENCE_MS; waited += POLL_MS)
    await Promise.race([delay(POLL_MS), failed]);
  const env = { ...process.env, SSH_AUTH_SOCK: name };
  const add = spawn('ssh-add', ['-q', '--', ...files], { stdio: 'ignore', cwd, env });
  const status = await new Promise<number | null>((done, reject) => {
    add.once('error', reject);
    add.once('close', done);
  });
  if (status !== 0)
    throw new InvalidSpecError(`cannot load the keys of --ssh ${id}: ssh-add refuses ${files.join(', ')}`);
  return { path: join(shortName(surroundings, cwd), name) };
}

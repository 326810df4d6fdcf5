import { closeSync } from 'node:fs';
import { updateContainer } from '../libpod/container.ts';
import { crashPoint } from '../base/crash-point.ts';
import type { ContainerSpec } from '../specgen/container-spec.ts';
import type { CreateOptions } from '../specgen/create-options.ts';
import type { LayerRecord } from '../storage/store.ts';
import { commandWords, shellOf } from './apply-config.ts';
import type { Build, StepPlace } from './build.ts';
import { cacheKey } from './cache-rows.ts';
import type { ParsedInstruction, RunInstruction } from './instruction.ts';
import type { LayerStep } from './layer-step.ts';
import { modifiedAt } from './modified-at.ts';
import { findMountPoints, removeMountPoints } from './mount-points.ts';
import { runContainer } from './run-container.ts';
import { prepareMounts, type RunMountPlan, Surroundings } from './run-mounts.ts';
import { instructionError } from './source-error.ts';
import { proxyVariables } from './proxy-variables.ts';
import { chainOf, textOf } from './stage-state.ts';
import { StepFailedError } from './step-error.ts';
import { openRoot } from './in-root.ts';
import { openWorkingContainer, specForStep } from './working-container.ts';

interface RunSource {
  instruction: RunInstruction;
  parsed: ParsedInstruction;
}

interface Command {
  words: string[];
  /** A program of its own, to be put into the container. */
  script: string | undefined;
}

export async function runStep(build: Build, place: StepPlace, source: RunSource): Promise<LayerStep> {
  const { state } = place;
  const { instruction, parsed } = source;
  if (instruction.security === 'insecure')
    throw instructionError(
      parsed,
      'RUN --security=insecure is not supported: a Containerfile cannot give its own commands more rights',
      {
        mark: '--security',
        hint: 'who builds can: `tspod build --cap-add NAME`, `--device`, `--security-opt`',
      },
    );
  const command = commandOf(state, instruction);
  const env = [...state.scope.env(), ...state.scope.args().map(([name, value]) => `${name}=${value}`)];
  const plans = await prepareMounts(build, place, instruction.mounts);
  const user = textOf(state.run, 'User');
  const workdir = textOf(state.run, 'WorkingDir') || '/';
  const facts = [command, env, user, workdir, instruction.network, plans.map((plan) => plan.facts)];
  return {
    key: cacheKey('run', chainOf(state.top), ...facts, modifiedAt(build) ?? null),
    description: parsed.rest,
    isTold: parsed.heredocs.length === 0 && modifiedAt(build) === undefined && isTold(instruction),
    async perform() {
      const options = {
        ...runOptions(build, instruction),
        user,
        workdir,
        env: [...proxyVariables(build), ...env],
      };
      const spec = specForStep(build.host, { options, image: '', command: command.words });
      return await perform(build, place, { spec, plans, command, parsed });
    },
  };
}

/** Flags are not in the history; most of them leave no trace in the files either. */
function isTold({ mounts, network, security }: RunInstruction): boolean {
  return mounts.every(({ type }) => type !== 'bind') && network === 'default' && security !== 'insecure';
}

function commandOf(state: StepPlace['state'], { command }: RunInstruction): Command {
  if (command.form !== 'script') return { words: commandWords(state, command), script: undefined };
  // With a #! line it is a program by itself.
  if (command.content.startsWith('#!')) return { words: [SCRIPT], script: command.content };
  return { words: [...shellOf(state), command.content], script: undefined };
}

const SCRIPT = '/dev/pipes/EOF';

interface Job {
  spec: ContainerSpec;
  plans: readonly RunMountPlan[];
  command: Command;
  parsed: ParsedInstruction;
}

async function perform(build: Build, { state, id }: StepPlace, job: Job): Promise<LayerRecord> {
  const { host, progress, signal } = build;
  const container = await openWorkingContainer(host, state.top?.id, job.spec);
  const surroundings = new Surroundings(build, container.record.id, job.spec);
  try {
    if (job.command.script !== undefined) surroundings.addScript(SCRIPT, job.command.script);
    for (const plan of job.plans) await plan.attach(surroundings);
    updateContainer(host.db, container.record.id, { spec: job.spec });
    const points = withRoot(build, await container.mount(), (root) =>
      findMountPoints(host.syscalls, root, job.spec),
    );
    crashPoint('build-before-run');
    const status = await runContainer(host, {
      containerId: container.record.id,
      secretEnv: surroundings.secretEnv,
      output: (stream, chunk) => progress({ kind: 'output', step: id, stream, chunk }),
      signal,
      stdin: build.options.run.stdin ? process.stdin : undefined,
    });
    await surroundings.close();
    if (status !== 0) throw failure(job, status);
    crashPoint('build-after-run');
    withRoot(build, await container.mount(), (root) => removeMountPoints(host.syscalls, root, points));
    return await container.commit({ modifiedAt: modifiedAt(build), touched: points.touched });
  } finally {
    await surroundings.close();
    await container.close();
  }
}

function withRoot<T>(build: Build, directory: string, work: (root: number) => T): T {
  const root = openRoot(build.host.syscalls, directory);
  try {
    return work(root);
  } finally {
    closeSync(root);
  }
}

function failure({ parsed, command }: Job, status: number): StepFailedError {
  const { message } = instructionError(parsed, `the command ended with status ${status}`);
  return new StepFailedError(message, status, command.words);
}

/** What the build's own options say about containers of RUN. */
function runOptions({ options }: Build, instruction: RunInstruction): CreateOptions {
  const { run } = options;
  const network = instruction.network === 'default' ? run.network : instruction.network;
  const given = {
    addHost: run.addHosts,
    network: network === undefined || network === 'default' ? undefined : [network],
    noHosts: run.noHosts || undefined,
    noHostname: run.noHostname || undefined,
    dns: run.dns,
    dnsSearch: run.dnsSearch,
    dnsOption: run.dnsOptions,
    volume: run.volumes,
    device: run.devices,
    capAdd: run.capAdd,
    capDrop: run.capDrop,
    securityOpt: run.securityOpt,
    groupAdd: run.groupAdd,
    ulimit: run.ulimits,
    shmSize: run.shmSize,
    memory: run.memory,
    memorySwap: run.memorySwap,
    cpuPeriod: run.cpuPeriod,
    cpuQuota: run.cpuQuota,
    cpuShares: run.cpuShares,
    cpusetCpus: run.cpusetCpus,
    cpusetMems: run.cpusetMems,
    cgroupParent: run.cgroupParent,
    cgroupns: run.cgroupns,
    ipc: run.ipc,
    pid: run.pid,
    userns: run.userns,
    uts: run.uts,
    interactive: run.stdin || undefined,
  };
  const used = Object.entries(given)
    .filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0))
    .map(([name, value]) => [name, Array.isArray(value) ? [...(value as string[])] : value]);
  return {
    ...(Object.fromEntries(used) as CreateOptions),
    httpProxy: false,
    logDriver: 'none',
    // The image's own /etc/passwd is what a RUN may want to change.
    passwd: false,
  };
}

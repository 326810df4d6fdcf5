import type { CreateOptions } from '../../specgen/create-options.ts';
import { type FlagRecord, flagsFor, joinFlags } from '../flag.ts';
import { pendingCreateFlags } from './create-pending.ts';
import { imageChoiceFlags } from './create-image.ts';
import { mountFlags } from './create-mounts.ts';
import { processFlags } from './create-process.ts';
import { healthFlags } from './health.ts';
import { networkFlags } from './network.ts';
import { resourceFlags } from './resources.ts';
import { securityFlags } from './security.ts';

/** What the container is and keeps. */
const containerFlags = {
  annotation: {
    long: 'annotation',
    type: 'stringArray',
    placeholder: 'key=value',
    help: 'Annotation for the OCI runtime',
  },
  cidfile: {
    long: 'cidfile',
    type: 'string',
    placeholder: 'file',
    help: 'Write the id of the container to this file',
    complete: 'files',
  },
  conmonPidfile: {
    long: 'conmon-pidfile',
    type: 'string',
    placeholder: 'file',
    help: "Write the pid of the container's monitor to this file",
    complete: 'files',
  },
  hostname: {
    long: 'hostname',
    short: 'h',
    type: 'string',
    placeholder: 'name',
    help: 'Host name inside the container',
  },
  initCtr: {
    long: 'init-ctr',
    type: 'string',
    placeholder: 'when',
    help: 'Run to its end before the other containers of its pod start: always, or once and be removed then',
    complete: ['always', 'once'],
  },
  label: {
    long: 'label',
    short: 'l',
    type: 'stringArray',
    placeholder: 'key=value',
    help: 'Label of the container',
  },
  labelFile: {
    long: 'label-file',
    type: 'stringArray',
    placeholder: 'file',
    help: 'Read labels from this file, one key=value a line',
    complete: 'files',
  },
  logDriver: {
    long: 'log-driver',
    type: 'string',
    placeholder: 'driver',
    help: 'Where output is kept: k8s-file, json-file, journald, none or passthrough',
    complete: ['k8s-file', 'json-file', 'journald', 'none', 'passthrough'],
  },
  logOpt: {
    long: 'log-opt',
    type: 'stringArray',
    placeholder: 'name=value',
    help: 'Option of the log driver: max-size, max-file, path or tag',
    complete: ['max-size=', 'max-file=', 'path=', 'tag='],
  },
  name: { long: 'name', type: 'string', placeholder: 'name', help: 'Name of the container' },
  pidfile: {
    long: 'pidfile',
    type: 'string',
    placeholder: 'file',
    help: "Write the pid of the container's process to this file",
    complete: 'files',
  },
  pod: {
    long: 'pod',
    type: 'string',
    placeholder: 'pod',
    help: 'Make it a part of this pod; new:NAME makes the pod too',
    complete: 'pods',
  },
  podIdFile: {
    long: 'pod-id-file',
    type: 'string',
    placeholder: 'file',
    help: 'Make it a part of the pod whose id is in this file',
    complete: 'files',
  },
  replace: { long: 'replace', type: 'bool', help: 'Remove a container of the same name first' },
  requires: {
    long: 'requires',
    type: 'stringSlice',
    placeholder: 'container',
    help: 'Start this container before, and keep it for as long as this one is there',
    complete: 'containers',
  },
  restart: {
    long: 'restart',
    type: 'string',
    placeholder: 'policy',
    help: 'When to start it again after its end: no, always, on-failure[:retries] or unless-stopped',
    complete: ['no', 'always', 'on-failure', 'unless-stopped'],
  },
  rm: { long: 'rm', type: 'bool', help: 'Remove the container, and its anonymous volumes, when it ends' },
  rootfs: {
    long: 'rootfs',
    type: 'bool',
    help: 'The image is a directory, which becomes the root: PATH[:O][:idmap]; with O it stays as it is',
  },
  runtime: {
    long: 'runtime',
    type: 'string',
    placeholder: 'runtime',
    help: 'OCI runtime for this container: a name from containers.conf or a path',
    complete: ['crun', 'runc', 'runsc'],
  },
  sdnotify: {
    long: 'sdnotify',
    type: 'string',
    placeholder: 'mode',
    help: 'Who tells systemd that it is ready: container, conmon (at its start), healthy, or nobody (ignore)',
    complete: ['container', 'conmon', 'healthy', 'ignore'],
  },
} as const satisfies Record<string, FlagRecord>;

/** Every flag has its member of CreateOptions, and every member its flag. */
const knownFlags = flagsFor<CreateOptions>()(
  joinFlags(
    containerFlags,
    processFlags,
    mountFlags,
    imageChoiceFlags,
    healthFlags,
    networkFlags,
    resourceFlags,
    securityFlags,
  ),
);

/** The flags of `create`; `run` has a few more. */
export const createFlags: Readonly<Record<string, FlagRecord>> = joinFlags(knownFlags, pendingCreateFlags);

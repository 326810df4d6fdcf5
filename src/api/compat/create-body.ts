import { UsageError } from '../../base/errors.ts';
import type { CreateOptions, CreateRequest } from '../../specgen/create-options.ts';
import { flagIn, numberIn, objectIn, textIn, textMapIn, textsIn, wordsIn } from '../body.ts';
import type { JsonObject } from '../read-body.ts';
import { extrasOf, securityOptions } from './create-extras.ts';
import { mountOptions } from './create-mounts.ts';
import { networkOptions } from './create-network.ts';
import { refuseUnsupported, resourceOptions } from './create-resources.ts';

/**
 * Docker's body of POST /containers/create as the options that `tspod create` takes. What cannot be honoured is refused by name; the
 * values themselves are parsed and checked where those of the command line are.
 */
export function requestFromBody(
  body: JsonObject,
  query: { name?: string; platform?: string },
): CreateRequest {
  const image = textIn(body, 'Image');
  if (image === undefined) throw new UsageError('no image is named: invalid reference format');
  const host = objectIn(body, 'HostConfig');
  refuseUnsupported(body, host);
  const options: Partly = {
    ...query,
    ...processOptions(body),
    ...environmentOptions(body),
    ...healthOptions(body),
    ...hostOptions(host),
    ...resourceOptions(host),
    ...mountOptions(body, host),
    ...networkOptions(body, host),
  };
  return {
    options: withoutUndefined(options),
    image,
    command: wordsIn(body, 'Cmd') ?? [],
    extras: extrasOf(body),
  };
}

type Partly = { [Key in keyof CreateOptions]?: CreateOptions[Key] | undefined };

function processOptions(body: JsonObject): Partly {
  const entrypoint = wordsIn(body, 'Entrypoint');
  return {
    // `--entrypoint ""` arrives as one empty word, and means none.
    entrypoint:
      entrypoint === undefined || entrypoint.length === 0
        ? undefined
        : entrypoint.length === 1 && entrypoint[0] === ''
          ? ''
          : JSON.stringify(entrypoint),
    hostname: hostname(body),
    user: textIn(body, 'User'),
    tty: flagIn(body, 'Tty'),
    interactive: flagIn(body, 'OpenStdin'),
    workdir: textIn(body, 'WorkingDir'),
    label: pairs(textMapIn(body, 'Labels')),
    expose: Object.keys(objectIn(body, 'ExposedPorts')),
    stopSignal: textIn(body, 'StopSignal'),
    stopTimeout: numberIn(body, 'StopTimeout'),
  };
}

/** Old clients split `web.example.org` in two. */
function hostname(body: JsonObject): string | undefined {
  const [name, domain] = [textIn(body, 'Hostname'), textIn(body, 'Domainname')];
  // Without a name it is the container's id, to which docker adds nothing either.
  return domain === undefined || name === undefined ? name : `${name}.${domain}`;
}

/** A name without value is taken away from what the image sets; the service's own environment is nobody's business. */
function environmentOptions(body: JsonObject): Partly {
  const entries = textsIn(body, 'Env');
  return {
    env: entries.filter((entry) => entry.includes('=')),
    unsetenv: entries.filter((entry) => !entry.includes('=')),
  };
}

function healthOptions(body: JsonObject): Partly {
  const check = objectIn(body, 'Healthcheck');
  const test = wordsIn(check, 'Test') ?? [];
  if (test[0] === 'NONE') return { noHealthcheck: true };
  const time = (name: string): string | undefined => {
    const nanoseconds = numberIn(check, name);
    return nanoseconds === undefined || nanoseconds === 0 ? undefined : `${nanoseconds}ns`;
  };
  const retries = numberIn(check, 'Retries');
  return {
    healthCmd: test.length === 0 ? undefined : JSON.stringify(test),
    healthInterval: time('Interval'),
    healthTimeout: time('Timeout'),
    healthStartPeriod: time('StartPeriod'),
    healthStartInterval: time('StartInterval'),
    healthRetries: retries === 0 ? undefined : retries,
  };
}

function hostOptions(host: JsonObject): Partly {
  return {
    rm: flagIn(host, 'AutoRemove'),
    privileged: flagIn(host, 'Privileged'),
    readOnly: flagIn(host, 'ReadonlyRootfs'),
    // docker leaves /tmp and /run of a read-only container read-only.
    ...(flagIn(host, 'ReadonlyRootfs') === true ? { readOnlyTmpfs: false } : {}),
    capAdd: textsIn(host, 'CapAdd'),
    capDrop: textsIn(host, 'CapDrop'),
    groupAdd: textsIn(host, 'GroupAdd'),
    securityOpt: securityOptions(host).plain,
    init: flagIn(host, 'Init'),
    restart: restart(objectIn(host, 'RestartPolicy')),
    ipc: textIn(host, 'IpcMode'),
    pid: textIn(host, 'PidMode'),
    uts: textIn(host, 'UTSMode'),
    userns: textIn(host, 'UsernsMode'),
    cgroupns: textIn(host, 'CgroupnsMode'),
    cgroupParent: textIn(host, 'CgroupParent'),
    sysctl: pairs(textMapIn(host, 'Sysctls')),
    annotation: pairs(textMapIn(host, 'Annotations')),
    ...logOptions(objectIn(host, 'LogConfig')),
  };
}

function restart(policy: JsonObject): string | undefined {
  const name = textIn(policy, 'Name');
  const retries = numberIn(policy, 'MaximumRetryCount') ?? 0;
  return name === undefined || retries === 0 ? name : `${name}:${retries}`;
}

function logOptions(config: JsonObject): Partly {
  const type = textIn(config, 'Type');
  return {
    // Both are the engine's own files, read back by nobody else.
    logDriver: type === 'local' ? 'k8s-file' : type,
    logOpt: pairs(textMapIn(config, 'Config')),
  };
}

export function pairs(map: Record<string, string>): string[] {
  return Object.entries(map).map(([key, value]) => `${key}=${value}`);
}

/** With an own member that is undefined an option would count as given. */
function withoutUndefined(options: Partly): CreateOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

import { UnsupportedError, UsageError } from '../../base/errors.ts';
import { generateKube, WORKLOAD_KINDS } from '../../engine/generate-kube.ts';
import { pullImage } from '../../engine/images.ts';
import { type DownReport, kubeDown, type Removal } from '../../engine/kube-down.ts';
import {
  DEFAULT_SECCOMP_ROOT,
  type PlayHooks,
  playKube,
  type PlayOptions,
  type PlayReport,
} from '../../engine/play-kube.ts';
import { credentialsIn } from '../compat/registry-auth.ts';
import type { Exchange, Handler } from '../exchange.ts';
import type { Query } from '../query.ts';
import { readBytes } from '../read-body.ts';
import { sendJson, sendText, textOf } from '../respond.ts';

/** The body is the stream of documents. */
export const play: Handler = async (exchange) => {
  const { engine, query } = exchange;
  const options = optionsIn(query);
  const text = await readText(exchange);
  const warnings: string[] = [];
  const removed = query.flag('replace') ? await kubeDown(engine, text, false) : undefined;
  const report = await playKube(engine, text, options, hooksFor(exchange, warnings));
  sendJson(exchange, 200, {
    ...played(report, warnings),
    ...(removed === undefined ? {} : takenDown(removed)),
  });
};

export const down: Handler = async (exchange) => {
  const { engine, query } = exchange;
  const report = await kubeDown(engine, await readText(exchange), query.flag('force'));
  sendJson(exchange, 200, { ...played({ pods: [], secrets: [], volumes: [] }, []), ...takenDown(report) });
};

export const generate: Handler = async (exchange) => {
  const { engine, query } = exchange;
  const names = query.list('names');
  if (names.length === 0) throw new UsageError('parameter names is missing');
  const word = query.text('type') ?? 'pod';
  const type = WORKLOAD_KINDS.find((each) => each === word);
  if (type === undefined)
    throw new UsageError(`invalid type ${JSON.stringify(word)}: choose ${WORKLOAD_KINDS.join(', ')}`);
  const text = await generateKube(engine, names, {
    type,
    // Clients send 0 where nothing was said.
    replicas: query.integer('replicas') || 1,
    service: query.flag('service'),
    podmanOnly: query.flag('podmanOnly'),
    warn: () => undefined,
  });
  sendText(exchange, 200, text, 'text/vnd.yaml');
};

async function readText({ request }: Exchange): Promise<string> {
  if (String(request.headers['content-type']).includes('tar'))
    throw new UnsupportedError('building images of a Kubernetes file is not supported through the API', {
      hint: 'build them first: their names are enough then',
    });
  return (await readBytes(request)).toString('utf8');
}

function optionsIn(query: Query): PlayOptions {
  for (const name of ['wait', 'serviceContainer', 'build'])
    if (query.flag(name))
      throw new UnsupportedError(`parameter ${name} is not supported through the API`, {
        hint: 'call `tspod kube play` on the host',
      });
  const texts = { logDriver: query.text('logDriver'), userns: query.text('userns') };
  const lists = {
    network: query.all('network'),
    publish: query.list('publishPorts'),
    logOpt: query.all('logOptions'),
  };
  return {
    annotations: annotationsIn(query),
    labels: {},
    configMapTexts: [],
    seccompRoot: DEFAULT_SECCOMP_ROOT,
    publishAll: query.flag('publishAllPorts'),
    noPodPrefix: query.flag('noPodPrefix'),
    start: query.flag('start', true),
    pod: {
      ...(lists.network.length > 0 ? { network: lists.network } : {}),
      ...(lists.publish.length > 0 ? { publish: lists.publish } : {}),
      ...(query.flag('noHosts') ? { noHosts: true } : {}),
      ...(query.flag('noHostname') ? { noHostname: true } : {}),
      ...(texts.userns === undefined ? {} : { userns: texts.userns }),
    },
    ips: query.list('staticIPs'),
    macs: query.list('staticMACs'),
    container: {
      ...(texts.logDriver === undefined ? {} : { logDriver: texts.logDriver }),
      ...(lists.logOpt.length > 0 ? { logOpt: lists.logOpt } : {}),
      ...(query.text('tlsVerify') === undefined ? {} : { tlsVerify: query.flag('tlsVerify') }),
    },
    // Directories of the host are not the client's.
    build: { when: false, directory: '.' },
    ownFiles: false,
    createCommand: [],
    isService: false,
  };
}

function annotationsIn(query: Query): Record<string, string> {
  const given = query.json('annotations') ?? {};
  if (typeof given !== 'object' || !Object.values(given).every((value) => typeof value === 'string'))
    throw new UsageError('invalid parameter annotations: must be an object of strings');
  return given as Record<string, string>;
}

function hooksFor(exchange: Exchange, warnings: string[]): PlayHooks {
  const { engine, signal } = exchange;
  const credentials = credentialsIn(exchange);
  return {
    pull: async (name, request) => {
      const { image, name: pulledName } = await pullImage(engine, name, {
        ...request,
        ...(credentials === undefined ? {} : { credentials }),
        signal,
      });
      return { image, name: pulledName };
    },
    warn: (message) => void warnings.push(message),
    build: () => Promise.resolve(),
  };
}

function played(
  { pods, secrets, volumes }: PlayReport,
  warnings: readonly string[],
): Record<string, unknown> {
  return {
    Pods: pods.map(({ id, containers, initContainers, failures }, index) => ({
      ID: id,
      Containers: containers,
      InitContainers: initContainers,
      ContainerErrors: failures.map(textOf),
      Logs: index === 0 ? warnings.map((text) => `WARNING: ${text}\n`) : [],
    })),
    Volumes: volumes.map((Name) => ({ Name })),
    Secrets: secrets.map((ID) => ({ CreateReport: { ID } })),
    ServiceContainerID: '',
    StopReport: null,
    RmReport: null,
    VolumeRmReport: null,
    SecretRmReport: null,
  };
}

function takenDown({ stopped, removed, volumes, secrets }: DownReport): Record<string, unknown> {
  const failed = ({ failure }: Removal): string | null => (failure === undefined ? null : textOf(failure));
  return {
    StopReport: stopped.map((each) => ({
      Errs: each.failure === undefined ? null : [failed(each)],
      Id: each.id,
      RawInput: '',
    })),
    RmReport: removed.map((each) => ({ Err: failed(each), Id: each.id })),
    VolumeRmReport: volumes.map((each) => ({ Err: failed(each), Id: each.id })),
    SecretRmReport: secrets.map((each) => ({ Err: failed(each), ID: each.id })),
  };
}

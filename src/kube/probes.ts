import { InvalidSpecError, UnsupportedError } from '../base/errors.ts';
import type { CreateOptions } from '../specgen/create-options.ts';
import {
  choiceOf,
  type Field,
  itemsOf,
  membersOf,
  numberOf,
  requiredText,
  textOf,
  textsOf,
  withoutEffect,
} from './field.ts';
import type { PlayContext } from './sources.ts';

const DEFAULTS = { periodSeconds: 10, timeoutSeconds: 1, failureThreshold: 3, initialDelaySeconds: 0 };

/** Probes as health checks; what asks over the network needs curl or nc in the image, as with podman. */
export function healthOptions(
  liveness: Field | undefined,
  startup: Field | undefined,
  { ports, restarts, context }: ProbePlace & { restarts: boolean },
): CreateOptions {
  const options: CreateOptions = {};
  if (liveness !== undefined) {
    const { command, times } = readProbe(liveness, { ports, context });
    options.healthCmd = JSON.stringify(command);
    options.healthInterval = `${times.periodSeconds}s`;
    options.healthTimeout = `${times.timeoutSeconds}s`;
    options.healthRetries = times.failureThreshold;
    options.healthStartPeriod = `${times.initialDelaySeconds}s`;
    // The restart policy starts it again.
    options.healthOnFailure = restarts ? 'kill' : 'none';
  }
  if (startup !== undefined) {
    const { command, times, success } = readProbe(startup, { ports, context });
    if (liveness === undefined) {
      options.healthCmd = JSON.stringify(command);
      options.healthInterval = 'disable';
    }
    options.healthStartupCmd = JSON.stringify(command);
    options.healthStartupInterval = `${times.periodSeconds}s`;
    options.healthStartupTimeout = `${times.timeoutSeconds}s`;
    options.healthStartupRetries = times.failureThreshold;
    options.healthStartupSuccess = success;
  }
  return options;
}

/** The container's ports by name. */
interface ProbePlace {
  ports: ReadonlyMap<string, number>;
  context: Pick<PlayContext, 'leaveOut'>;
}

interface Probe {
  command: string[];
  times: typeof DEFAULTS;
  success: number;
}

function readProbe(field: Field, { ports, context }: ProbePlace): Probe {
  const members = membersOf(field, {
    takes:
      'exec httpGet tcpSocket periodSeconds timeoutSeconds failureThreshold initialDelaySeconds successThreshold terminationGracePeriodSeconds',
    refuses: { grpc: 'no program in an image can be counted on to ask this way' },
  });
  // A container has one such time.
  context.leaveOut(withoutEffect(members, 'terminationGracePeriodSeconds'));
  const times = { ...DEFAULTS };
  for (const name of Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[])
    times[name] = numberOf(members(name), [name === 'initialDelaySeconds' ? 0 : 1, 1_000_000]) ?? times[name];
  const ways = [members('exec'), members('httpGet'), members('tcpSocket')];
  const [exec, httpGet, tcpSocket] = ways;
  if (ways.filter((way) => way !== undefined).length !== 1)
    throw new InvalidSpecError(`${field.path}: must have one of exec, httpGet and tcpSocket`);
  const success = numberOf(members('successThreshold'), [1, 1_000_000]) ?? 1;
  if (exec !== undefined) {
    const command = textsOf(membersOf(exec, { takes: 'command' })('command'));
    if (command === undefined || command.length === 0)
      throw new InvalidSpecError(`${exec.path}.command: is missing`);
    return { command: ['CMD', ...command], times, success };
  }
  const script = httpGet === undefined ? tcpScript(tcpSocket, ports) : httpScript(httpGet, ports);
  return { command: ['CMD-SHELL', script], times, success };
}

function httpScript(field: Field, ports: ReadonlyMap<string, number>): string {
  const members = membersOf(field, { takes: 'host port path scheme httpHeaders' });
  const scheme = choiceOf(members('scheme'), ['HTTP', 'HTTPS']) ?? 'HTTP';
  const host = hostOf(members('host'));
  const path = textOf(members('path')) ?? '/';
  const url = `${scheme.toLowerCase()}://${host}:${portOf(members('port'), field, ports)}${path.startsWith('/') ? '' : '/'}${path}`;
  const headers = itemsOf(members('httpHeaders')).map((item) => {
    const header = membersOf(item, { takes: 'name value' });
    const name = requiredText(header('name'), `${item.path}.name`);
    return ` -H ${quote(`${name}: ${textOf(header('value')) ?? ''}`)}`;
  });
  // Kubernetes does not look at certificates here.
  return `curl -fsS${scheme === 'HTTPS' ? 'k' : ''}${headers.join('')} -o /dev/null ${quote(url)} || exit 1`;
}

function tcpScript(field: Field | undefined, ports: ReadonlyMap<string, number>): string {
  if (field === undefined) throw new InvalidSpecError('tcpSocket is missing');
  const members = membersOf(field, { takes: 'host port' });
  return `nc -z ${quote(hostOf(members('host')))} ${portOf(members('port'), field, ports)} || exit 1`;
}

function hostOf(field: Field | undefined): string {
  const host = textOf(field) ?? 'localhost';
  if (field !== undefined && !/^[\w.:-]+$/.test(host))
    throw new InvalidSpecError(`${field.path}: ${JSON.stringify(host)} is not a host`);
  return host;
}

/** A number, or the name of one of the container's ports. */
function portOf(field: Field | undefined, of: Field, ports: ReadonlyMap<string, number>): number {
  if (field === undefined) throw new InvalidSpecError(`${of.path}.port: is missing`);
  if (typeof field.value === 'number') return numberOf(field, [1, 65_535]) ?? 0;
  const name = textOf(field) ?? '';
  const named = ports.get(name) ?? (/^\d{1,5}$/.test(name) ? Number(name) : undefined);
  if (named !== undefined && named > 0 && named < 65_536) return named;
  throw new UnsupportedError(`${field.path}: the container has no port ${JSON.stringify(name)}`);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

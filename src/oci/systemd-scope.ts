import { type BusConnection, BusError, openBus } from '../native/bus-connection.ts';
import { BusReader, type BusVariant, BusWriter } from '../native/bus-message.ts';

export interface Scope {
  /** `….scope` */
  unit: string;
  slice: string;
  description: string;
}

const DEADLINE_MS = 10_000;
const SYSTEMD = 'org.freedesktop.systemd1';
const MANAGER = `${SYSTEMD}.Manager`;
const SYSTEM_BUS = '/run/dbus/system_bus_socket';

/**
 * Moves a process into a scope of the service manager, which is made if it is not there, and waits until it is in it. systemd alone
 * may do so: from a login's cgroup to the user's own services no user may move anything. `join`: the scope is there most likely.
 */
export async function moveToScope(bus: string, scope: Scope, pid: number, join: boolean): Promise<void> {
  const connection = openBus(bus, DEADLINE_MS);
  try {
    const ways = [() => startScope(connection, scope, pid), () => joinScope(connection, scope, pid)];
    const [first, second] = join ? ways.reverse() : ways;
    try {
      await first?.();
    } catch (error) {
      if (!(error instanceof BusError) || !/\.(UnitExists|NoSuchUnit)$/.test(error.busName)) throw error;
      await second?.();
    }
  } finally {
    connection.close();
  }
}

async function startScope(connection: BusConnection, scope: Scope, pid: number): Promise<void> {
  const { unit, slice, description } = scope;
  const properties: [string, BusVariant][] = [
    ['Description', { type: 's', value: description }],
    ['Slice', { type: 's', value: slice }],
    ['PIDs', { type: 'au', value: [pid] }],
    // Only into a delegated one can more be moved later.
    ['Delegate', { type: 'b', value: true }],
    // At shutdown it has to see how its container ends.
    ['DefaultDependencies', { type: 'b', value: false }],
    ['CollectMode', { type: 's', value: 'inactive-or-failed' }],
  ];
  await startTransient(connection, unit, properties);
}

/** Waits until the unit runs. Throws BusError `….UnitExists` when it is there already. */
export async function startTransient(
  connection: BusConnection,
  unit: string,
  properties: readonly (readonly [string, BusVariant])[],
): Promise<void> {
  const body = new BusWriter().string(unit).string('fail');
  body.array(8, (writer) => {
    for (const [name, value] of properties) writer.align(8).string(name).variant(value);
  });
  body.array(8, () => undefined);
  const done = connection.signal(
    (message) => message.member === 'JobRemoved' && jobUnit(message.body) === unit,
  );
  done.catch(() => undefined);
  const match = `type='signal',sender='${SYSTEMD}',interface='${MANAGER}',member='JobRemoved',arg2='${unit}'`;
  connection
    .call({
      destination: 'org.freedesktop.DBus',
      path: '/org/freedesktop/DBus',
      interface: 'org.freedesktop.DBus',
      member: 'AddMatch',
      signature: 's',
      body: new BusWriter().string(match).bytes(),
    })
    .catch(() => undefined);
  await callManager(connection, 'StartTransientUnit', 'ssa(sv)a(sa(sv))', body);
  const result = jobResult((await done).body);
  if (result !== 'done') throw new Error(`systemd could not start ${unit}: the job ended with "${result}"`);
}

async function joinScope(connection: BusConnection, scope: Scope, pid: number): Promise<void> {
  const body = new BusWriter().string(scope.unit).string('');
  body.array(4, (writer) => writer.u32(pid));
  await callManager(connection, 'AttachProcessesToUnit', 'ssau', body);
}

export async function callManager(
  connection: BusConnection,
  member: string,
  signature: string,
  body: BusWriter,
): Promise<void> {
  await connection.call({
    destination: SYSTEMD,
    path: '/org/freedesktop/systemd1',
    interface: MANAGER,
    member,
    signature,
    body: body.bytes(),
  });
}

/** JobRemoved: number, job, unit, result. */
function jobUnit(body: Buffer): string {
  return jobStrings(body)[1];
}

function jobResult(body: Buffer): string {
  return jobStrings(body)[2];
}

function jobStrings(body: Buffer): [string, string, string] {
  const reader = new BusReader(body);
  reader.u32();
  return [reader.string(), reader.string(), reader.string()];
}

/** Where the bus with the service manager listens, for node's net; undefined when it is nowhere known. */
export function managerBus(
  rootless: boolean,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  if (!rootless) return socketOf(env['DBUS_SYSTEM_BUS_ADDRESS'] ?? '') ?? SYSTEM_BUS;
  const session = socketOf(env['DBUS_SESSION_BUS_ADDRESS'] ?? '');
  if (session !== undefined) return session;
  const directory = env['XDG_RUNTIME_DIR'];
  return directory === undefined || directory === '' ? undefined : `${directory}/bus`;
}

/** The first unix socket of an address like `unix:path=/run/user/1000/bus,guid=…;…`. */
function socketOf(address: string): string | undefined {
  for (const one of address.split(';')) {
    const match = /^unix:(?:[^,]*,)*?(path|abstract)=([^,]+)/.exec(one);
    if (match?.[2] === undefined) continue;
    const name = decodeURIComponent(match[2]);
    return match[1] === 'path' ? name : `\0${name}`;
  }
  return undefined;
}

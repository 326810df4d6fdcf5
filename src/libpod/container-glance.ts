import { messageOf, NotFoundError } from '../base/errors.ts';
import type { HealthcheckConfig } from '../oci/image-spec.ts';
import type { ContainerSpec, NetworkMode, PortMapping } from '../specgen/container-spec.ts';
import type { Column, Database } from '../state/db.ts';
import { DamagedDocumentError } from '../state/document-sum.ts';
import { type ContainerRecord, getContainer, listContainers, type RunFacts } from './container.ts';
import type { ContainerState } from './transitions.ts';

/** The little of a spec that a list shows. */
export interface ContainerGlance {
  command: string[];
  entrypoint: string[];
  ports: PortMapping[];
  exposedPorts: string[];
  networkMode: NetworkMode['mode'];
  healthcheck: HealthcheckConfig | undefined;
}

/**
 * All containers, oldest first. With `whole` they are as `listContainers` has them; without it those that do not run, which can be
 * many, carry only what a glance needs, and read the rest from the database when somebody asks for it; without `idle` they are
 * left out altogether.
 */
export function listRecords(db: Database, options: { whole: boolean; idle: boolean }): ContainerRecord[] {
  if (options.whole) return listContainers(db);
  const where = `WHERE build_owner IS NULL${options.idle ? '' : ` AND NOT (${IS_IDLE} AND owner IS NULL)`}`;
  const rows = glanceRows(db, where);
  // A document that cannot be read, which says so where it is asked for by itself.
  if (rows === undefined) return listContainers(db);
  try {
    return rows.flatMap((row) =>
      row[1] === null ? (getContainer(db, String(row[0])) ?? []) : new IdleRecord(db, row),
    );
  } catch (error) {
    if (error instanceof DamagedDocumentError) return listContainers(db);
    throw error;
  }
}

function glanceRows(db: Database, where: string): Column[][] | undefined {
  try {
    return db.prepare(`${IDLE_OR_ID} ${where} ORDER BY created_at, id`).raw().all() as Column[][];
  } catch (error) {
    if (messageOf(error).includes('malformed JSON')) return undefined;
    throw error;
  }
}

export function glanceOf(record: ContainerRecord): ContainerGlance {
  if (record instanceof IdleRecord) return record.glance;
  const { process, network, exposedPorts, healthcheck } = record.spec;
  return {
    command: process.command,
    entrypoint: process.entrypoint,
    ports: network.ports,
    exposedPorts,
    networkMode: network.mode.mode,
    healthcheck,
  };
}

/** States that observe.ts takes as they are stored. Of all others the id is enough: they are looked at one by one. */
const IS_IDLE =
  "state IN ('created', 'exited') AND facts = '{}' AND (checkpoint IS NULL OR json_valid(checkpoint))";
/** SQLite takes a few members out of JSON much faster than all of it could be parsed here. */
const GLANCE = `json_extract(spec, '$.process.command', '$.process.entrypoint', '$.network.ports', '$.exposedPorts',
  '$.network.mode.mode', '$.healthcheck')`;
const IDLE_OR_ID = `SELECT id, CASE WHEN ${IS_IDLE} THEN state END, name, image_id, image_name, layer_id, exit_code, owner,
  created_at, started_at, finished_at, restart_count, CASE WHEN ${IS_IDLE} THEN ${GLANCE} END, pod_id
  FROM containers`;

/** A container without a process, as far as lists show it. The others of its members throw NotFoundError once it is gone. */
class IdleRecord implements ContainerRecord {
  readonly id: string;
  readonly state: ContainerState;
  readonly name: string;
  readonly imageId: string | undefined;
  readonly imageName: string;
  readonly layerId: string | undefined;
  readonly podId: string | undefined;
  readonly exitCode: number | undefined;
  readonly owner: string | undefined;
  readonly createdAt: string;
  readonly startedAt: string | undefined;
  readonly finishedAt: string | undefined;
  readonly restartCount: number;
  readonly facts: RunFacts = {};
  readonly buildOwner = undefined;
  readonly pid = undefined;
  readonly monitorPid = undefined;
  readonly monitorStart = undefined;
  readonly #db: Database;
  readonly #json: string;
  #glance: ContainerGlance | undefined;
  #whole: ContainerRecord | undefined;

  constructor(db: Database, row: readonly Column[]) {
    this.#db = db;
    this.id = String(row[0]);
    this.state = String(row[1]) as ContainerState;
    this.name = String(row[2]);
    this.imageId = text(row[3]);
    this.imageName = String(row[4]);
    this.layerId = text(row[5]);
    this.exitCode = typeof row[6] === 'number' ? row[6] : undefined;
    this.owner = text(row[7]);
    this.createdAt = String(row[8]);
    this.startedAt = text(row[9]);
    this.finishedAt = text(row[10]);
    this.restartCount = Number(row[11]);
    this.#json = String(row[12]);
    this.podId = text(row[13]);
  }

  get glance(): ContainerGlance {
    this.#glance ??= parseGlance(this.#json);
    return this.#glance;
  }

  get spec(): ContainerSpec {
    return this.#rest().spec;
  }
  get exitLost(): boolean {
    return this.#rest().exitLost;
  }
  get oomKilled(): boolean {
    return this.#rest().oomKilled;
  }
  get error(): string {
    return this.#rest().error;
  }
  get bootId(): string | undefined {
    return this.#rest().bootId;
  }
  get checkpoint(): ContainerRecord['checkpoint'] {
    return this.#rest().checkpoint;
  }
  get project(): number | undefined {
    return this.#rest().project;
  }
  get stoppedByUser(): boolean {
    return this.#rest().stoppedByUser;
  }

  #rest(): ContainerRecord {
    this.#whole ??= getContainer(this.#db, this.id);
    if (this.#whole === undefined) throw new NotFoundError('container', this.id);
    return this.#whole;
  }
}

function parseGlance(json: string): ContainerGlance {
  const [command, entrypoint, ports, exposedPorts, networkMode, healthcheck] = JSON.parse(json) as [
    string[],
    string[],
    PortMapping[],
    string[],
    NetworkMode['mode'],
    HealthcheckConfig | null,
  ];
  return { command, entrypoint, ports, exposedPorts, networkMode, healthcheck: healthcheck ?? undefined };
}

function text(value: Column | undefined): string | undefined {
  return value === null || value === undefined ? undefined : String(value);
}

import { StorageError } from '../base/errors.ts';
import type { Database } from './db.ts';

/**
 * All tables. Upgrades run in order, each once, in one transaction with the version (`PRAGMA user_version`).
 * Never change an upgrade that has been released: add one.
 */
const UPGRADES: readonly string[] = [
  `
  CREATE TABLE layers (
    id TEXT PRIMARY KEY,                 -- 24 hex digits, the directory's name
    chain_id TEXT NOT NULL UNIQUE,       -- sha256:… over the diff ids from the bottom up
    diff_id TEXT NOT NULL,
    parent_id TEXT REFERENCES layers(id),
    tar_size INTEGER NOT NULL DEFAULT 0, -- bytes of the uncompressed tar
    disk_size INTEGER NOT NULL DEFAULT 0,-- bytes that du counts
    blob_digest TEXT,                    -- of the blob it came from; lets push say "already there"
    blob_size INTEGER,
    media_type TEXT,
    incomplete INTEGER NOT NULL DEFAULT 1,
    owner TEXT,                          -- pid:startTime of who fills it while it is incomplete
    created_at TEXT NOT NULL
  ) STRICT;
  CREATE INDEX layers_by_parent ON layers(parent_id);

  CREATE TABLE images (
    id TEXT PRIMARY KEY,                 -- hex of the config's digest
    manifest_digest TEXT NOT NULL,
    manifest TEXT NOT NULL,              -- as fetched, byte for byte
    manifest_type TEXT NOT NULL,
    config TEXT NOT NULL,                -- as fetched, byte for byte
    top_layer TEXT REFERENCES layers(id),
    size INTEGER NOT NULL,               -- disk_size of all its layers
    created_at TEXT NOT NULL,            -- the config's own date
    pulled_at TEXT NOT NULL
  ) STRICT;
  CREATE INDEX images_by_layer ON images(top_layer);
  CREATE TABLE image_names (
    name TEXT PRIMARY KEY,               -- domain/path:tag, normalised
    image_id TEXT NOT NULL REFERENCES images(id) ON DELETE CASCADE,
    added_at TEXT NOT NULL
  ) STRICT;
  CREATE INDEX image_names_by_image ON image_names(image_id);
  CREATE TABLE image_digests (
    name TEXT NOT NULL,                  -- domain/path
    digest TEXT NOT NULL,                -- of the manifest or of the index it was found by
    image_id TEXT NOT NULL REFERENCES images(id) ON DELETE CASCADE,
    PRIMARY KEY (name, digest)
  ) STRICT;
  CREATE INDEX image_digests_by_image ON image_digests(image_id);

  CREATE TABLE containers (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    image_id TEXT,                       -- no foreign key: a forced rmi may outrun a running container
    image_name TEXT NOT NULL DEFAULT '',
    layer_id TEXT REFERENCES layers(id), -- its image's top layer: held as long as the container lives
    pod_id TEXT,
    spec TEXT NOT NULL,                  -- ContainerSpec as JSON
    state TEXT NOT NULL,                 -- libpod/transitions.ts
    exit_code INTEGER,
    exit_lost INTEGER NOT NULL DEFAULT 0,-- 1: it ended and nobody learned how
    oom_killed INTEGER NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT '',
    pid INTEGER,
    monitor_pid INTEGER,
    monitor_start TEXT,                  -- start time of the monitor, to tell it from a recycled pid
    boot_id TEXT,                        -- of the boot in which pid and monitor_pid are valid
    owner TEXT,                          -- pid:startTime of the process in charge of a transient state
    created_at TEXT NOT NULL,
    started_at TEXT,
    finished_at TEXT,
    restart_count INTEGER NOT NULL DEFAULT 0,
    stopped_by_user INTEGER NOT NULL DEFAULT 0,
    facts TEXT NOT NULL DEFAULT '{}'     -- RunFacts as JSON: network status, mount point, cgroup path
  ) STRICT;
  CREATE INDEX containers_by_image ON containers(image_id);
  CREATE TABLE container_dependencies (
    container_id TEXT NOT NULL REFERENCES containers(id) ON DELETE CASCADE,
    needs_id TEXT NOT NULL REFERENCES containers(id),
    PRIMARY KEY (container_id, needs_id)
  ) STRICT;

  CREATE TABLE volumes (
    name TEXT PRIMARY KEY,
    driver TEXT NOT NULL,
    mountpoint TEXT NOT NULL,
    labels TEXT NOT NULL DEFAULT '{}',
    options TEXT NOT NULL DEFAULT '{}',
    anonymous INTEGER NOT NULL DEFAULT 0,
    needs_copy_up INTEGER NOT NULL DEFAULT 1,
    created_at TEXT NOT NULL
  ) STRICT;
  CREATE TABLE container_volumes (
    container_id TEXT NOT NULL REFERENCES containers(id) ON DELETE CASCADE,
    volume_name TEXT NOT NULL REFERENCES volumes(name),
    PRIMARY KEY (container_id, volume_name)
  ) STRICT;

  CREATE TABLE exec_sessions (
    id TEXT PRIMARY KEY,
    container_id TEXT NOT NULL REFERENCES containers(id) ON DELETE CASCADE,
    config TEXT NOT NULL,                -- ExecConfig as JSON
    state TEXT NOT NULL,                 -- created, running, stopped
    pid INTEGER,
    monitor_pid INTEGER,
    monitor_start TEXT,
    boot_id TEXT,
    exit_code INTEGER,
    created_at TEXT NOT NULL
  ) STRICT;
  CREATE INDEX exec_sessions_by_container ON exec_sessions(container_id);

  CREATE TABLE events (
    seq INTEGER PRIMARY KEY,             -- of old ones alone may be deleted: numbers never come back
    at TEXT NOT NULL,                    -- RFC 3339 with nanoseconds, UTC
    kind TEXT NOT NULL,                  -- container, image, volume, network, pod, system
    action TEXT NOT NULL,
    object_id TEXT NOT NULL DEFAULT '',
    name TEXT NOT NULL DEFAULT '',
    attributes TEXT NOT NULL DEFAULT '{}'
  ) STRICT;

  CREATE TABLE settings (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- pid:startTime of the build that made it for one of its steps; NULL: the container is a user's.
  ALTER TABLE containers ADD COLUMN build_owner TEXT;

  CREATE TABLE build_cache (
    key TEXT PRIMARY KEY,                -- digest of everything that the result of the step depends on
    kind TEXT NOT NULL,                  -- layer, content, image
    layer_id TEXT REFERENCES layers(id) ON DELETE CASCADE, -- kind layer; NULL: the step changed no file
    value TEXT NOT NULL DEFAULT '',      -- kind content: a digest; kind image: an image's id
    description TEXT NOT NULL,           -- the instruction, for people
    created_at TEXT NOT NULL,
    used_at TEXT NOT NULL,
    uses INTEGER NOT NULL DEFAULT 0
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX build_cache_by_layer ON build_cache(layer_id);

  CREATE TABLE build_mounts (            -- directories of RUN --mount=type=cache
    id TEXT PRIMARY KEY,                 -- the directory's name
    key TEXT NOT NULL,                   -- id= of the mount and whom it belongs to
    size INTEGER NOT NULL DEFAULT 0,     -- bytes that du counts, after its last use
    created_at TEXT NOT NULL,
    used_at TEXT NOT NULL
  ) STRICT;
  CREATE INDEX build_mounts_by_key ON build_mounts(key);

  CREATE TABLE file_digests (            -- of files of build contexts, by what tells that they are as they were
    dev TEXT NOT NULL,
    ino TEXT NOT NULL,
    facts TEXT NOT NULL,                 -- size, mtime, ctime
    digest TEXT NOT NULL,
    PRIMARY KEY (dev, ino)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE layer_blobs (             -- what layers were pushed as, and where such a blob lies
    diff_id TEXT NOT NULL,
    digest TEXT NOT NULL,
    size INTEGER NOT NULL,
    compression TEXT NOT NULL,           -- gzip, zstd, none
    repository TEXT NOT NULL,            -- domain/path
    seen_at TEXT NOT NULL,
    PRIMARY KEY (diff_id, digest, repository)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE manifest_lists (
    id TEXT PRIMARY KEY,                 -- 64 hex digits
    name TEXT NOT NULL UNIQUE,           -- domain/path:tag, normalised
    document TEXT NOT NULL,              -- image/manifest-list.ts
    created_at TEXT NOT NULL
  ) STRICT;
  `,
  `
  CREATE TABLE secrets (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    labels TEXT NOT NULL DEFAULT '{}',
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    data BLOB NOT NULL
  ) STRICT;
  `,
  `
  CREATE TABLE pods (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,           -- no container has the same
    spec TEXT NOT NULL,                  -- PodSpec as JSON
    state TEXT NOT NULL,                 -- creating, ready, removing; what runs in it, its containers say
    owner TEXT,                          -- pid:startTime of the process that creates or removes it
    infra_id TEXT,
    created_at TEXT NOT NULL
  ) STRICT;
  CREATE INDEX containers_by_pod ON containers(pod_id) WHERE pod_id IS NOT NULL;
  `,
  `
  -- A list may have several names, or none; a name belongs to a list or to an image, never to both.
  CREATE TABLE manifest_list_names (
    name TEXT PRIMARY KEY,               -- domain/path:tag, normalised
    list_id TEXT NOT NULL,
    added_at TEXT NOT NULL
  ) STRICT;
  INSERT INTO manifest_list_names
    SELECT name, id, created_at FROM manifest_lists WHERE name NOT IN (SELECT name FROM image_names);
  CREATE TABLE lists (
    id TEXT PRIMARY KEY,                 -- 64 hex digits
    document TEXT NOT NULL,              -- image/manifest-list.ts
    created_at TEXT NOT NULL
  ) STRICT;
  INSERT INTO lists SELECT id, document, created_at FROM manifest_lists;
  DROP TABLE manifest_lists;
  ALTER TABLE lists RENAME TO manifest_lists;
  CREATE TRIGGER image_takes_name AFTER INSERT ON image_names BEGIN
    DELETE FROM manifest_list_names WHERE name = NEW.name;
  END;
  CREATE TRIGGER list_takes_name AFTER INSERT ON manifest_list_names BEGIN
    DELETE FROM image_names WHERE name = NEW.name;
  END;
  `,
  `
  -- Graph root of the read-only store that it lies in; NULL: in this one.
  ALTER TABLE layers ADD COLUMN store TEXT;
  ALTER TABLE images ADD COLUMN store TEXT;
  `,
  `
  -- 1: encrypted, see libpod/secret-cipher.ts; 0: from before there was that.
  ALTER TABLE secrets ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0;
  `,
  `
  -- Who keeps the data, see libpod/secret-drivers.ts: then it is empty here.
  ALTER TABLE secrets ADD COLUMN driver TEXT NOT NULL DEFAULT 'file';
  ALTER TABLE secrets ADD COLUMN driver_options TEXT NOT NULL DEFAULT '{}';
  `,
  `
  -- CheckpointState of libpod/container.ts as JSON; NULL: no checkpoint has been made since the last start.
  ALTER TABLE containers ADD COLUMN checkpoint TEXT;
  `,
  `
  -- By which the file system counts and limits what it writes (--storage-opt); NULL: nobody does.
  ALTER TABLE containers ADD COLUMN project INTEGER;
  CREATE UNIQUE INDEX containers_by_project ON containers(project) WHERE project IS NOT NULL;
  `,
  `
  -- state/document-sum.ts; NULL: from before there was that.
  ALTER TABLE containers ADD COLUMN spec_sum INTEGER;
  `,
  `
  CREATE TABLE elsewhere (               -- see libpod/elsewhere.ts
    key TEXT PRIMARY KEY,
    kind TEXT NOT NULL,                  -- secret, volume, file
    place TEXT NOT NULL,                 -- JSON
    owner TEXT NOT NULL                  -- pid:startTime of the process that puts it there or takes it away
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- state/row-sum.ts; NULL: from before there was that.
  ALTER TABLE volumes ADD COLUMN row_sum INTEGER;
  ALTER TABLE pods ADD COLUMN row_sum INTEGER;
  ALTER TABLE secrets ADD COLUMN row_sum INTEGER;
  `,
  `
  CREATE TABLE container_secrets (       -- see libpod/container-secrets.ts
    container_id TEXT NOT NULL REFERENCES containers(id) ON DELETE CASCADE,
    position INTEGER NOT NULL,           -- in the spec's secrets
    secret_id TEXT NOT NULL,             -- of the secret that it was copied from, which may have gone
    data BLOB NOT NULL,                  -- encrypted
    PRIMARY KEY (container_id, position)
  ) STRICT, WITHOUT ROWID;
  `,
];

export const SCHEMA_VERSION = UPGRADES.length;

/** Throws for a DB of a newer tspod; to be called before anything, even the journal mode, is written to the file. */
export function refuseNewer(db: Database, path: string): void {
  const found = versionOf(db);
  if (found <= SCHEMA_VERSION) return;
  throw new StorageError(
    `state database ${path} has schema version ${found}, this tspod knows up to ${SCHEMA_VERSION}`,
    { hint: 'it was written by a newer tspod: use that one, or another --root' },
  );
}

/** Brings the DB to SCHEMA_VERSION. */
export function migrate(db: Database): void {
  if (versionOf(db) === SCHEMA_VERSION) return;
  db.transaction(() => {
    // Another process may have upgraded it while this one waited for the lock.
    for (let version = versionOf(db); version < SCHEMA_VERSION; version++) {
      db.exec(UPGRADES[version] ?? '');
      db.pragma(`user_version = ${version + 1}`);
    }
  }).immediate();
  // Now the file has its pages, and the WAL its place: on a full disk both can be written again.
  db.pragma('wal_checkpoint(PASSIVE)');
}

function versionOf(db: Database): number {
  return Number(db.pragma('user_version', { simple: true }));
}

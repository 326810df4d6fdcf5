import type { Syscalls } from '../native/syscalls.ts';
import { type Database, transaction } from '../state/db.ts';
import { mirrorAdditionalStores } from './additional-stores.ts';
import { chooseDriver, type DriverMemory } from './drivers/choose-driver.ts';
import type { DriverName } from './drivers/driver.ts';
import { imageStore } from './images.ts';
import { layerStore } from './layers.ts';
import { storeLayout } from './layout.ts';
import { rootfsStore } from './rootfs.ts';
import type { Store } from './store.ts';

export interface OpenStoreOptions {
  graphRoot: string;
  runRoot: string;
  db: Database;
  syscalls: Syscalls;
  driver?: DriverName | undefined;
  /** As in storage.conf and --storage-opt. */
  driverOptions?: readonly string[];
  /** Read-only ones, whose images are used as well. */
  additional?: readonly string[] | undefined;
}

/**
 * Reads one small file; only the first use of a graph root, or of a new kernel, tries which driver works. The caller closes the database.
 * Throws StorageError when the graph root belongs to another driver.
 */
export function openStore(options: OpenStoreOptions): Store {
  const { graphRoot, db, syscalls: system } = options;
  const layout = storeLayout(graphRoot);
  const driver = chooseDriver(system, layout, {
    driver: options.driver,
    driverOptions: options.driverOptions ?? [],
    isUsed: () =>
      db
        .prepare(
          'SELECT EXISTS (SELECT 1 FROM layers WHERE store IS NULL) OR EXISTS (SELECT 1 FROM containers)',
        )
        .pluck()
        .get() === 1,
    memory: driverMemory(db),
  });
  const opaqueXattrs = driver.whiteouts.kind === 'overlay' ? driver.whiteouts.opaqueXattrs : [];
  const squashes = options.driverOptions?.some((word) => word.includes('squash_to_')) === true;
  const stores = { db, layout, driverName: driver.name, opaqueXattrs, squashes };
  mirrorAdditionalStores(stores, options.additional ?? []);
  const context = { db, layout, driver, system, squashes };
  return {
    graphRoot,
    driverName: driver.name,
    layers: layerStore(context),
    images: imageStore(db),
    rootfs: rootfsStore(context),
  };
}

function driverMemory(db: Database): DriverMemory {
  const key = 'storage_driver';
  return {
    recall() {
      const text = db.prepare('SELECT value FROM settings WHERE key = ?').pluck().get(key);
      return typeof text === 'string' ? text : undefined;
    },
    keep(text) {
      const put = db.prepare('INSERT OR REPLACE INTO settings (key, value) VALUES (?, ?)');
      transaction(db, () => put.run(key, text));
    },
  };
}

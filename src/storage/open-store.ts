import type { Syscalls } from '../native/syscalls.ts';
import type { Database } from '../state/db.ts';
import { chooseDriver } from './drivers/choose-driver.ts';
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
        .prepare('SELECT EXISTS (SELECT 1 FROM layers) OR EXISTS (SELECT 1 FROM containers)')
        .pluck()
        .get() === 1,
  });
  const context = { db, layout, driver, system };
  return {
    graphRoot,
    driverName: driver.name,
    layers: layerStore(context),
    images: imageStore(db),
    rootfs: rootfsStore(context),
  };
}

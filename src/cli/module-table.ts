/** A module of ours: puts what it exports into `module` when it is called. */
export type ModuleFunction = (module: { exports: unknown }) => void;

/** The modules, by group (a directory); a group is opened when one of its modules is asked for. */
export type ModuleGroups = readonly (() => readonly ModuleFunction[])[];

/** What the text of the modules is called with: how its modules get at each other and at what is not in it. */
export type BundleFunction = (
  take: (group: number, index: number) => unknown,
  takePackage: (name: string) => unknown,
  builtin: (name: string) => unknown,
  loader: object,
  filename: string,
  directory: string,
  url: string,
  about: ImportMeta['bundle'],
) => ModuleGroups;

/** An npm package in the bundle. */
export type PackageFunction = (
  exports: unknown,
  require: (name: string) => unknown,
  module: { exports: unknown },
  filename: string,
  directory: string,
) => void;

/**
 * What gives a module's exports: it runs when it is first asked for. Modules are numbered: a group for each directory, and a place in
 * it. The function throws what the module throws. `open` is called once.
 */
export function moduleTable(open: () => ModuleGroups): (group: number, index: number) => unknown {
  const taken: { exports: unknown }[][] = [];
  const opened: (readonly ModuleFunction[] | undefined)[] = [];
  let groups: ModuleGroups | undefined;
  return (group, index) => {
    taken[group] ??= [];
    const known = taken[group][index];
    if (known !== undefined) return known.exports;
    groups ??= open();
    opened[group] ??= groups[group]?.();
    const run = opened[group]?.[index];
    if (run === undefined) throw new Error(`the bundle has no module ${group}/${index}`);
    const module = { exports: {} };
    taken[group][index] = module;
    try {
      run(module);
    } catch (error) {
      Reflect.deleteProperty(taken[group], index);
      throw error;
    }
    return module.exports;
  };
}

/** Set by the build in main.js: the file of the bundle that every command needs. */
interface ImportMeta {
  readonly hotFile?: string;
}

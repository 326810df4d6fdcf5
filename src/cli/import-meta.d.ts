/** Set by the build in main.js. */
interface ImportMeta {
  readonly bundle?: {
    /** The file that holds all modules; beside it lie its bytecode and the files of npm packages. */
    readonly file: string;
    /** The first words of command lines that have bytecode of their own. */
    readonly profiles: readonly string[];
  };
}

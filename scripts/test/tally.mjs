/** Counts outcomes over all phases and tells each failure and each skip once more at the end. */
export class Tally {
  #passed = 0;
  #failures = [];
  #skips = [];
  #unsteady = [];

  get failed() {
    return this.#failures.length;
  }

  pass() {
    this.#passed += 1;
  }

  fail(phase, name) {
    this.#failures.push(`${phase}: ${name}`);
  }

  unsteady(phase, name) {
    this.#unsteady.push(`${phase}: ${name}`);
  }

  skip(phase, name, reason) {
    this.#skips.push({ phase, name, reason });
  }

  /** Returns the exit code. The last line stands alone, for scripts. */
  print() {
    this.#printSkips();
    for (const name of this.#unsteady) console.log(`unsteady (passed when run again): ${name}`);
    for (const failure of this.#failures) console.log(`failed: ${failure}`);
    console.log(`${this.#passed} passed, ${this.failed} failed, ${this.#skips.length} skipped`);
    return this.failed === 0 && this.#passed > 0 ? 0 : 1;
  }

  #printSkips() {
    const groups = new Map();
    for (const { phase, name, reason } of this.#skips) {
      const key = `${phase}: ${reason}`;
      groups.set(key, [...(groups.get(key) ?? []), name]);
    }
    for (const [key, names] of groups) {
      console.log(`skipped (${names.length}) ${key}`);
      for (const name of names) console.log(`    ${name}`);
    }
  }
}

/**
 * Does `work` for every name and goes on after a failure, as commands over many objects must. One failure is thrown as it
 * is, several as an AggregateError: report-error.ts prints each of them. With `atOnce` it begins that many before the first is done;
 * `turn` resolves when those before it are.
 */
export async function forEachObject<T>(
  objects: readonly T[],
  work: (object: T, turn: Promise<void>) => Promise<void> | void,
  atOnce = 1,
): Promise<void> {
  const failures: unknown[][] = [];
  const begun: Promise<void>[] = [];
  let turn = Promise.resolve();
  for (const [index, object] of objects.entries()) {
    await begun[index - atOnce];
    const before = turn;
    const task = attempt(() => work(object, before)).then((errors) => {
      failures[index] = errors;
    });
    begun.push(task);
    turn = Promise.all([before, task]).then(() => undefined);
  }
  await turn;
  const errors = failures.flat();
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors);
}

async function attempt(work: () => Promise<void> | void): Promise<unknown[]> {
  try {
    await work();
    return [];
  } catch (error) {
    return error instanceof AggregateError ? error.errors : [error];
  }
}

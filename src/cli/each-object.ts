/**
 * Does `work` for every name and goes on after a failure, as commands over many objects must. One failure is thrown as it
 * is, several as an AggregateError: report-error.ts prints each of them.
 */
export async function forEachObject<T>(
  objects: readonly T[],
  work: (object: T) => Promise<void> | void,
): Promise<void> {
  const errors: unknown[] = [];
  for (const object of objects) {
    try {
      await work(object);
    } catch (error) {
      if (error instanceof AggregateError) errors.push(...error.errors);
      else errors.push(error);
    }
  }
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors);
}

import type { ContainerRecord } from './container.ts';

/**
 * Does `work` on every container as soon as it is done on those of the list that the container comes after, otherwise all at the same
 * time. Failures do not stop the others; they are returned.
 */
export async function inOrder(
  records: readonly ContainerRecord[],
  comesAfter: (record: ContainerRecord) => readonly string[],
  work: (record: ContainerRecord) => Promise<void>,
): Promise<unknown[]> {
  const failures: unknown[] = [];
  const begun = new Map<string, Promise<void>>();
  const byId = new Map(records.map((record) => [record.id, record]));
  const begin = (record: ContainerRecord): Promise<void> => {
    const known = begun.get(record.id);
    if (known !== undefined) return known;
    const promise = (async () => {
      for (const id of comesAfter(record)) {
        const other = byId.get(id);
        if (other !== undefined) await begin(other);
      }
      try {
        await work(record);
      } catch (error) {
        failures.push(error);
      }
    })();
    begun.set(record.id, promise);
    return promise;
  };
  await Promise.all(records.map(begin));
  return failures;
}

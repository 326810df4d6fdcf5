/** A reporter for node:test that prints one JSON object per line: what happened to each test, and what the files printed. */
export default async function* report(events) {
  const names = new Map();
  for await (const { type, data } of events) {
    if (type === 'test:start') remember(names, data);
    else if (type === 'test:pass' || type === 'test:fail') {
      const line = outcome(type, data, names);
      if (line !== undefined) yield `${JSON.stringify(line)}\n`;
    } else if (type === 'test:stdout' || type === 'test:stderr') {
      yield `${JSON.stringify({ kind: 'output', file: data.file, text: data.message })}\n`;
    }
  }
}

/** Tests of one file are told in order, so the last one started at each depth is the parent of the next deeper. */
function remember(names, { file, nesting, name }) {
  const path = names.get(file) ?? [];
  names.set(file, [...path.slice(0, nesting), name]);
}

function outcome(type, data, names) {
  const { file, nesting, name, skip, todo, details } = data;
  const path = [...(names.get(file) ?? []).slice(0, nesting), name].join(' > ');
  const error = type === 'test:fail' ? describe(details.error) : undefined;
  const base = { file, name: path, ms: Math.round(details.duration_ms ?? 0) };
  if (skip !== undefined && skip !== false)
    return { ...base, kind: 'skip', reason: typeof skip === 'string' ? skip : 'no reason given' };
  if (todo !== undefined && todo !== false) return { ...base, kind: 'skip', reason: `to do: ${todo}` };
  // A suite's tests are what counts; by itself it does only when it is skipped as a whole or its own hooks fail.
  if (details.type === 'suite' && (error === undefined || details.error?.failureType === 'subtestsFailed'))
    return undefined;
  if (error === undefined) return { ...base, kind: 'pass' };
  return { ...base, kind: 'fail', error, code: details.error?.failureType };
}

function describe(error) {
  const cause = error?.cause ?? error;
  const text = typeof cause === 'string' ? cause : (cause?.stack ?? String(cause));
  const deeper = cause?.cause === undefined ? '' : `\ncaused by: ${cause.cause?.stack ?? cause.cause}`;
  return text + deeper;
}

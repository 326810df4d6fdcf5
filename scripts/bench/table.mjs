const HEADER = ['', 'podman', 'tspod', 'ratio', 'budget', ''];

export function formatText(rows, floors, machine) {
  const cells = [HEADER, ...rows.map(cellsOf)].map((row) => row.map((cell) => cell.replaceAll('`', '')));
  const widths = HEADER.map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  const lines = cells.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])))
      .join('  '),
  );
  return [
    '',
    ...describe(machine),
    '',
    ...lines,
    '',
    ...floors.map((floor) => `floor: ${floorText(floor)}`),
  ].join('\n');
}

export function formatMarkdown(rows, floors, machine) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [
    '# Performance',
    '',
    'Written by `npm run bench -- --markdown docs/performance.md`: tspod and the podman of the same host, alternately in one run, with the',
    'same OCI runtime and the same images; medians. Both stores are on the disk for containers, on tmpfs for images (a disk is too noisy',
    'for those). The ratio is what counts, times depend on the machine.',
    '"Budget" is the largest ratio that we accept, or with a unit the largest figure.',
    '',
    ...describe(machine).map((text) => `- ${text}`),
    '',
    line(HEADER),
    line(['---', '---:', '---:', '---:', '---:', '---']),
    ...rows.map((row) => line(cellsOf(row))),
    '',
    '## Floors',
    '',
    'What the parts cost by themselves, without any engine around them:',
    '',
    ...floors.map((floor) => `- \`${floor.what}\`: ${floorText(floor).slice(floor.what.length + 2)}`),
    '',
  ].join('\n');
}

/** A budget is for the ratio, a limit for the figure itself. */
function cellsOf({ what, podman, tspod, unit, budget, limit, error }) {
  if (error !== undefined) return [what, '', '', '', '', `failed: ${error}`];
  const isKept = budget === undefined ? tspod <= limit : tspod / podman <= budget;
  return [
    what,
    podman === undefined ? '' : figure(podman, unit),
    figure(tspod, unit),
    podman === undefined ? '' : (tspod / podman).toFixed(2),
    budget !== undefined ? `≤ ${budget}` : limit !== undefined ? `≤ ${figure(limit, unit)}` : '',
    budget === undefined && limit === undefined ? '' : isKept ? 'ok' : 'over',
  ];
}

function figure(value, unit) {
  if (unit === '%') return `${value.toFixed(value < 10 ? 1 : 0)} %`;
  if (unit === 'KiB') return value >= 10_240 ? `${(value / 1024).toFixed(0)} MiB` : `${value.toFixed(0)} KiB`;
  return value >= 10_000
    ? `${(value / 1000).toFixed(1)} s`
    : value >= 1_000
      ? `${(value / 1000).toFixed(2)} s`
      : `${value.toFixed(0)} ms`;
}

function floorText({ what, ms }) {
  return ms === undefined ? `${what}: does not run on this host` : `${what}: ${figure(ms, 'ms')}`;
}

function describe({ date, hardware, system, versions }) {
  return [`${date}, ${hardware}`, system, versions];
}

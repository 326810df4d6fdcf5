import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatObject, formatRows, type RowFormat } from '../../../../src/cli/output/format-rows.ts';
import { goMap, goStruct } from '../../../../src/cli/output/template/go-value.ts';

const ROWS = [
  goStruct('row', { ID: 'dbdbeeaad8e6', Names: 'web', CreatedAt: 'now', Labels: goMap({ tier: 'front' }) }),
  goStruct('row', { ID: 'f00', Names: 'a-long-name-of-db', CreatedAt: 'then', Labels: goMap({}) }),
];

function format(text: string | undefined, more: Partial<RowFormat> = {}): string {
  return formatRows(ROWS, {
    command: 'ps',
    format: text,
    columns: '{{.ID}}\t{{.Names}}',
    headings: { ID: 'CONTAINER ID' },
    asDocker: false,
    ...more,
  });
}

test('without a format the default columns are aligned below their headings', () => {
  const table = 'CONTAINER ID  NAMES\ndbdbeeaad8e6  web\nf00           a-long-name-of-db\n';
  assert.equal(format(undefined), table);
  assert.equal(format('table'), table);
});

test('headings may be left out', () => {
  assert.equal(
    format(undefined, { noHeading: true }),
    'dbdbeeaad8e6  web\nf00           a-long-name-of-db\n',
  );
});

test('a table format separates columns by blanks or \\t and gets headings from the fields', () => {
  assert.equal(
    format('table {{.Names}} {{.CreatedAt}}\\t{{.Labels.tier}}'),
    'NAMES              CREATED AT  TIER\nweb                now         front\na-long-name-of-db  then        <no value>\n',
  );
});

test('functions leave headings alone', () => {
  assert.match(format('table {{json .Labels}}\t{{index .Labels "tier"}}'), /^LABELS +LABELS\n/);
});

test('any other format makes a line of each row, without headings', () => {
  assert.equal(format('{{.ID}}:{{.Names}}'), 'dbdbeeaad8e6:web\nf00:a-long-name-of-db\n');
  assert.equal(format('{{.ID}}\\t{{.Names}}\\n'), 'dbdbeeaad8e6\tweb\nf00\ta-long-name-of-db\n');
  assert.equal(format('{{json .Labels}}'), '{"tier":"front"}\n{}\n');
});

test('a format that ranges over the list itself sees the list', () => {
  assert.equal(format('{{range .}}{{.ID}};{{end}}'), 'dbdbeeaad8e6;f00;\n');
});

test('json is one array for podman and one object a line for docker', () => {
  assert.equal(JSON.parse(format('json')).length, 2);
  const lines = format('json', { asDocker: true }).trimEnd().split('\n');
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).ID),
    ['dbdbeeaad8e6', 'f00'],
  );
});

test('an empty list has headings only, and [] as json', () => {
  const empty = (text: string | undefined): string =>
    formatRows([], {
      command: 'ps',
      format: text,
      columns: '{{.ID}}\t{{.Names}}',
      headings: {},
      asDocker: false,
    });
  assert.equal(empty(undefined), 'ID          NAMES\n');
  assert.equal(empty('json'), '[]\n');
  assert.equal(empty('{{.ID}}'), '');
});

test('one object ends with a line end, once', () => {
  assert.equal(formatObject(ROWS[0], '{{.Names}}', 'inspect'), 'web\n');
  assert.equal(formatObject(ROWS[0], '{{println .Names}}', 'inspect'), 'web\n\n');
  assert.equal(formatObject(ROWS[0], '{{join (split .Names "e") "\\n"}}', 'inspect'), 'w\nb\n');
});

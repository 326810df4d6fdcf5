import assert from 'node:assert/strict';
import { test } from 'node:test';
import { executeTemplate } from '../../../../../src/cli/output/template/execute.ts';
import { goTimeOf } from '../../../../../src/cli/output/template/go-time-value.ts';
import { goStruct, toJson } from '../../../../../src/cli/output/template/go-value.ts';
import { parseTemplate } from '../../../../../src/cli/output/template/parse-template.ts';

const TIMES = {
  At: goTimeOf('2026-03-04T15:06:07.080900Z'),
  East: goTimeOf('2026-12-31T23:30:00+05:30'),
  Never: goTimeOf('0001-01-01T00:00:00Z'),
};

function render(text: string): string {
  return executeTemplate(parseTemplate(text, 'inspect'), goStruct('test.Data', { ...TIMES }));
}

test('times print as Go prints them, and are RFC 3339 as JSON', () => {
  assert.equal(render('{{.At}}'), '2026-03-04 15:06:07.0809 +0000 UTC');
  assert.equal(render('{{.East}}'), '2026-12-31 23:30:00 +0530 +0530');
  assert.equal(render('{{.Never}}'), '0001-01-01 00:00:00 +0000 UTC');
  assert.equal(render('{{json .At}}'), '"2026-03-04T15:06:07.080900Z"');
  assert.equal(toJson(TIMES.East), '"2026-12-31T23:30:00+05:30"');
});

test('templates call the methods of times', () => {
  assert.equal(render('{{.At.Unix}} {{.At.IsZero}} {{.Never.IsZero}}'), '1772636767 false true');
  assert.equal(render('{{.East.UTC.Year}} {{.East.UTC}}'), '2026 2026-12-31 18:00:00 +0000 UTC');
  assert.equal(render('{{.At.Format "2006-01-02T15:04:05Z07:00"}}'), '2026-03-04T15:06:07Z');
  assert.equal(render('{{.At.Format "Mon Jan _2 3:04PM 06"}}'), 'Wed Mar  4 3:06PM 26');
  assert.equal(render('{{.East.Format "Monday, January 2 -0700 MST"}}'), 'Thursday, December 31 +0530 +0530');
  assert.throws(() => render('{{.At.Colour}}'), /can't evaluate field Colour in type time.Time/);
});

test('what is no time is none', () => {
  for (const text of ['', 'yesterday', '2026-03-04', '1772636767']) assert.equal(goTimeOf(text), undefined);
});

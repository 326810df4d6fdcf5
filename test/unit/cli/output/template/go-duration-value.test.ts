import assert from 'node:assert/strict';
import { test } from 'node:test';
import { executeTemplate } from '../../../../../src/cli/output/template/execute.ts';
import { asTemplateData } from '../../../../../src/cli/output/inspected-data.ts';
import { GoDuration } from '../../../../../src/cli/output/template/go-duration-value.ts';
import { parseTemplate } from '../../../../../src/cli/output/template/parse-template.ts';

function render(text: string): string {
  const data = { Config: { Healthcheck: { Test: ['CMD', 'x'], Interval: 90e9, Timeout: 0, Retries: 3 } } };
  return executeTemplate(parseTemplate(text, 'inspect'), asTemplateData(data));
}

test('durations print as Go prints them', () => {
  const printed = [0, 1, 1500, 2_500_000, 1e9, 7.25e9, 60e9, 3_723_000_000_000, -90e9];
  assert.deepEqual(
    printed.map((nanoseconds) => new GoDuration(nanoseconds).goString()),
    ['0s', '1ns', '1.5µs', '2.5ms', '1s', '7.25s', '1m0s', '1h2m3s', '-1m30s'],
  );
});

test('what health checks tell is durations to a template, and numbers as JSON', () => {
  assert.equal(
    render('{{with .Config.Healthcheck}}{{.Interval}} {{.Timeout}} {{.Retries}}{{end}}'),
    '1m30s 0s 3',
  );
  assert.match(render('{{json .Config.Healthcheck}}'), /"Interval":90000000000,"Timeout":0/);
  assert.equal(render('{{.Config.Healthcheck}}'), '{[CMD x] 1m30s 0s 3}');
  const check = '.Config.Healthcheck';
  assert.equal(
    render(`{{printf "%s %d %v" ${check}.Interval ${check}.Interval ${check}.Interval}}`),
    '1m30s 90000000000 1m30s',
  );
  assert.equal(
    render(`{{if gt ${check}.Interval 5}}more{{end}} {{if ${check}.Timeout}}set{{else}}not{{end}}`),
    'more not',
  );
  assert.equal(render(`{{${check}.Interval.Seconds}} {{${check}.Interval.Minutes}}`), '90 1.5');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatObject } from '../../../../src/cli/output/format-rows.ts';
import { asTemplateData } from '../../../../src/cli/output/inspected-data.ts';

const DOCUMENT = {
  Id: 'abc',
  State: { Status: 'running', Pid: 12 },
  Config: { Labels: { 'com.example': 'x', Upper: 'y' } },
  NetworkSettings: { Ports: { '80/tcp': [{ HostIp: '', HostPort: '8080' }] }, Networks: {} },
  History: [{ created_by: 'me' }],
};

const render = (text: string): string => formatObject(asTemplateData(DOCUMENT), text, 'inspect').trimEnd();

test("docker's and podman's spellings both resolve", () => {
  assert.equal(render('{{.Id}} {{.ID}} {{.State.Pid}} {{.State.PID}}'), 'abc abc 12 12');
  assert.equal(
    render('{{range $p, $c := .NetworkSettings.Ports}}{{$p}} {{(index $c 0).HostPort}}{{end}}'),
    '80/tcp 8080',
  );
  assert.equal(render('{{(index (index .NetworkSettings.Ports "80/tcp") 0).HostIP}}|'), '|');
});

test('a label that is not there is empty, a field that is not there is an error', () => {
  assert.equal(render('{{index .Config.Labels "com.example"}}|{{index .Config.Labels "none"}}|'), 'x||');
  assert.throws(() => render('{{.State.Nope}}'), /can't evaluate field Nope/);
});

test('members that JSON writes small have their Go name', () => {
  assert.equal(render('{{(index .History 0).CreatedBy}}'), 'me');
});

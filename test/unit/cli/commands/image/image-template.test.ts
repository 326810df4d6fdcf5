import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { imageTemplateData } from '../../../../../src/cli/commands/image/image-template.ts';
import { formatObject } from '../../../../../src/cli/output/format-rows.ts';
import type { GoObject } from '../../../../../src/cli/output/template/go-value.ts';

function formatted(document: GoObject, format: string): string {
  return formatObject(imageTemplateData(document), format, 'inspect').trimEnd();
}

describe('the template data of an image', () => {
  it('has every member of Config, empty where the image says nothing', () => {
    const image = { Id: 'x', RootFS: {}, Config: {} };
    assert.equal(
      formatted(image, '{{.Config.Cmd}}{{.Config.Entrypoint}}{{.Config.Env}}{{.Config.OnBuild}}'),
      '[][][][]',
    );
    assert.equal(formatted(image, '{{.Config.Labels}} {{.Config.ExposedPorts}}'), 'map[] map[]');
    assert.equal(formatted(image, '<{{.Config.User}}{{.Config.WorkingDir}}>'), '<>');
    assert.equal(formatted(image, '{{if .Config.Healthcheck}}yes{{else}}no{{end}}'), 'no');
    assert.equal(formatted(image, '{{index .Config.Labels "a"}}'), '');
    assert.equal(formatted(image, '{{json .Config.Cmd}}'), 'null');
  });

  it('keeps what the image says, and shows only that as JSON', () => {
    const image = { Id: 'x', RootFS: {}, Config: { Cmd: ['sh', '-c', 'x'], Labels: { a: 'b' } } };
    assert.equal(formatted(image, '{{.Config.Cmd}} {{.Config.Labels.a}}'), '[sh -c x] b');
    assert.equal(formatted(image, '{{json .Config}}'), '{"Cmd":["sh","-c","x"],"Labels":{"a":"b"}}');
    assert.throws(() => formatted(image, '{{.Config.Nope}}'), /can't evaluate field Nope/);
  });
});

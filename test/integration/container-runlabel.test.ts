import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exists, freshName } from '../fixtures/containers.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { tspod, tspodOk } from '../fixtures/harness.ts';

async function labelled(text: string): Promise<string> {
  const image = `localhost/${freshName('labelled')}`;
  const id = await tspodOk(['create', await busyboxImage()]);
  await tspodOk([
    'commit',
    '-q',
    '--change',
    `LABEL RUN=${JSON.stringify(text).replaceAll('$', '\\$')}`,
    id,
    image,
  ]);
  await tspodOk(['rm', id]);
  return image;
}

describe('container runlabel', () => {
  it('runs the command that the image holds, with names and further words', async () => {
    const image = await labelled('podman run --rm --network none --name NAME IMAGE echo to');
    const name = freshName();
    const words = ['container', 'runlabel', '--name', name, 'RUN', image, 'the', 'world'];
    assert.equal(await tspodOk(words), 'to the world');
    const shown = await tspodOk(['container', 'runlabel', '--display', '--name', name, 'RUN', image]);
    assert.match(shown, new RegExp(`^command: tspod run .* --name ${name} ${image}:latest echo to$`));
  });

  it('passes the exit code on, and replaces a container of the name', async () => {
    const image = await labelled('/usr/bin/docker run --network none --name $NAME IMAGE');
    const name = freshName();
    await tspodOk(['create', '--name', name, await busyboxImage()]);
    const words = ['container', 'runlabel', '-q', '--replace', '--name', name, 'RUN', image];
    assert.equal((await tspod([...words, 'sh', '-c', 'exit 7'])).code, 7);
    assert.equal(await tspodOk(['inspect', '--format', '{{.State.ExitCode}}', name]), '7');
    await tspodOk(['rm', name]);
  });

  it('takes further options by $OPT1 to $OPT3, keeps words in quotes, and hands the names on', async () => {
    const image = await labelled(
      `podman run --rm --network none $OPT1 -e OPT1 -e T="a  b" IMAGE sh -c 'env | grep -E "^(OPT1|T|WORD)=" | sort' $OPT2`,
    );
    const words = ['container', 'runlabel', '--opt1', '-e WORD=x -i', 'RUN', image];
    assert.equal(await tspodOk(words), 'OPT1=-e WORD=x -i\nT=a  b\nWORD=x');
  });

  it('runs no other program of the host, and no label that is not there', async () => {
    const image = await labelled('touch /tmp/tspod-must-not-be');
    const foreign = await tspod(['container', 'runlabel', '-q', 'RUN', image]);
    assert.equal(foreign.code, 125);
    assert.match(foreign.stderr, /label RUN of .* runs "touch": only tspod itself is run/);
    const none = await tspod(['container', 'runlabel', 'INSTALL', image]);
    assert.equal(none.code, 125);
    assert.match(none.stderr, /cannot find the value of label: INSTALL in image/);
    assert.equal(await exists('tspod-must-not-be'), false);
  });
});

'use strict';

/**
 * Flag files: what the commands `import`, `export` and `diff` make of them, and what SDKs make of that.
 */

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');

const { FINE, run } = require('../contract/command-line/command');
const { DEFAULT, flag } = require('../support/flags');
const { sdkNamed } = require('../support/sdks');
const { ready, stages } = require('../support/stage');
const { generate } = require('./generated');
const { assertSameResults } = require('../support/results');

const newStage = stages();

/** Flags in the short form, with values of every type. */
const FLAG_VALUES = {
  'short-text': 'Grüße "quoted"',
  'short-number': -1.5e-7,
  'short-yes': true,
  'short-no': false,
  'short-nothing': null,
  'short-list': [1, null, { a: null }],
  'short-structure': { 'a.b:c$d/e': [], nothing: null },
};

/** The file data source of an SDK, for its option `updateProcessor`. */
const SOURCES = {
  'launchdarkly-node-server-sdk-7': (folder, file) =>
    require(path.join(folder, 'integrations')).FileDataSource({ paths: [file] }),
  'node-server-sdk-9': (folder, file) => {
    const { FileDataSourceFactory } = require(path.join(folder, 'dist', 'src', 'integrations'));
    return new FileDataSourceFactory({ paths: [file] }).getFactory();
  },
};

/** Runs a command that must succeed. */
async function command(stage, ...args) {
  const result = await run([...args, '--endpoint', stage.scene.engine]);
  assert.strictEqual(result.code, FINE, result.stdout + result.stderr);
  return result;
}

/** Makes a name for a file. */
function fileFor(t) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'feature-store-transfer-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  return path.join(folder, 'flags.json');
}

for (const [alias, source] of Object.entries(SOURCES)) {
  const sdk = sdkNamed(alias);
  test(`${sdk.title}: evaluates an imported file as its file data source does`, async (t) => {
    const stage = await newStage(t, sdk);
    const data = generate({ seed: 20261127, flagCount: 300, subjectCount: 20, contexts: true });
    const file = fileFor(t);
    const { flags, segments, subjects } = data;
    fs.writeFileSync(file, JSON.stringify({ flags, flagValues: FLAG_VALUES, segments }));
    await command(stage, 'import', stage.scene.table, file, '--prefix', 'imported');
    const reference = await ready(
      stage.client(undefined, { updateProcessor: source(sdk.folder, file) })
    );
    const client = await stage.daemonClient(stage.scene.value({ prefix: 'imported' }));
    const both = { flags: { ...flags, ...FLAG_VALUES }, subjects };
    const results = await assertSameResults(both, reference, [['daemon', client]]);
    assert.ok(new Set(results.map(({ reason }) => reason.kind)).size >= 5);
  });
}

test('readers see imported flags of lower versions', async (t) => {
  const stage = await newStage(t, sdkNamed('node-server-sdk-9'));
  const file = fileFor(t);
  const write = (content) => fs.writeFileSync(file, JSON.stringify(content));
  write({ flags: { f: { ...flag('f', { variations: ['old'] }), version: 7 } } });
  await command(stage, 'import', stage.scene.table, file);
  const client = await stage.daemonClient();
  await stage.sees(client, 'old', 'f');
  write({ flagValues: { f: 'new' } });
  await command(stage, 'import', stage.scene.table, file);
  await stage.sees(client, 'new', 'f');
  write({ flagValues: { g: 'other' } });
  await command(stage, 'import', stage.scene.table, file);
  await stage.sees(client, DEFAULT, 'f');
});

test('what SDK 9 wrote can be exported, imported elsewhere and is then equal', async (t) => {
  const stage = await newStage(t, sdkNamed('node-server-sdk-9'));
  const size = { seed: 7, flagCount: 1000, subjectCount: 1, contexts: true, nulls: true };
  const { flags, segments } = generate(size);
  const server = await stage.startServer({ flags, segments });
  await stage.streamingClient(server, stage.scene.value({ prefix: 'written' }));
  const { table } = stage.scene;
  const file = fileFor(t);
  await command(stage, 'export', table, '--prefix', 'written', '-o', file);
  await command(stage, 'import', table, file, '--prefix', 'copied');
  const prefixes = ['--prefix', 'written', '--other-prefix', 'copied'];
  const { stdout } = await command(stage, 'diff', table, table, ...prefixes);
  assert.match(stdout, /^They are equal: /);
  const live = Object.values({ ...flags }).filter(({ deleted }) => !deleted).length;
  assert.strictEqual(Object.keys(JSON.parse(fs.readFileSync(file, 'utf8')).flags).length, live);
});

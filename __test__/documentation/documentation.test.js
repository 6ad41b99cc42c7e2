'use strict';

/**
 * What the documentation says of the package and a program can check.
 */

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const { FEATURES, SEGMENTS } = require('../support/data');
const { scenes } = require('../support/scene');
const { kindsOfStats } = require('./stats-table');

const newScene = scenes();

const ROOT = path.join(__dirname, '..', '..');
const read = (page) => fs.readFileSync(path.join(ROOT, page), 'utf8');

test('each option is documented', () => {
  const types = read('index.d.ts');
  const [, shared] = /interface BigSegmentOptions \{(.*?)\n {2}\}/s.exec(types);
  const [, own] = /interface Options extends BigSegmentOptions \{(.*?)\n {2}\}/s.exec(types);
  const names = [...`${shared}${own}`.matchAll(/^ {4}(\w+)\?:/gm)].map(([, name]) => name);
  assert.ok(names.length > 10);
  const page = read('docs/options.md');
  assert.deepStrictEqual(
    names.filter((name) => !page.includes(`| \`${name}\` |`)),
    []
  );
});

test('each field of stats() is documented, as a counter or a gauge', () => {
  const [, stats] = /interface Stats \{(.*?)\n {2}\}/s.exec(read('index.d.ts'));
  const fields = [...stats.matchAll(/^ {4}(\w+):/gm)].map(([, name]) => name);
  assert.ok(fields.length > 10);
  assert.deepStrictEqual(Object.keys(kindsOfStats()).sort(), fields.sort());
});

/** The actions that a policy in docs/table.md allows. */
function actionsOf(policy) {
  const [, json] = new RegExp(`<!-- policy: ${policy} -->\n\`\`\`json\n(.*?)\`\`\``, 's').exec(
    read('docs/table.md')
  );
  const [{ Action: actions }] = JSON.parse(json).Statement;
  return actions.map((action) => action.replace('dynamodb:', '')).sort();
}

const flag = (key, version = 1) => ({ key, version });

test('the policy for reading allows what reading takes, and no more', async (t) => {
  const scene = await newScene(t);
  const store = scene.open({ preload: true });
  await store.initialized();
  await store.all(FEATURES);
  const other = scene.value({ cacheTTL: 0 });
  await new Promise((resolve) => other.get(FEATURES, 'a', resolve));
  await new Promise((resolve) => other.isStoreAvailable(resolve));
  await scene.bigSegmentStore().getMetadata();
  await scene.bigSegmentStore().getUserMembership('hash');
  assert.deepStrictEqual(Object.keys(scene.proxy.requests).sort(), actionsOf('read'));
});

test('the policy for writing allows what writing takes', async (t) => {
  const scene = await newScene(t);
  const store = scene.open();
  await store.init({ features: { a: flag('a'), b: flag('b') }, segments: { s: flag('s') } });
  // Deletes within a batch.
  await store.init({ features: { a: flag('a', 2) }, segments: {} });
  await store.upsert(FEATURES, flag('a', 3));
  await store.delete(SEGMENTS, 's', 2);
  await store.all(FEATURES);
  await scene.open({ cacheTTL: 0 }).get(FEATURES, 'a');
  const expected = actionsOf('write').filter((action) => action !== 'DeleteItem');
  assert.deepStrictEqual(Object.keys(scene.proxy.requests).sort(), expected);
});

'use strict';

/** Processes that end, or are ended, while they write. */

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { test } = require('node:test');

const { AWS_ENVIRONMENT } = require('../support/environment');
const { FEATURES, flagReferringTo, itemRow } = require('../support/data');
const { randomNumbers } = require('../support/faults');
const { waitFor } = require('../support/wait');
const { byKey, faultScenes, itemsInTable } = require('./scene');
const { watch } = require('./watch');

const newScene = faultScenes();
const v = (key, version, more = {}) => ({ key, version, ...more });

/**
 * @param {any} scene
 * @param {object} input
 */
function start(scene, input) {
  const given = {
    table: scene.table,
    ...input,
    options: { ...input.options, clientOptions: { endpoint: scene.proxy.endpoint } },
  };
  const env = { ...process.env, ...AWS_ENVIRONMENT, NODE_TEST_CONTEXT: undefined };
  const script = path.join(__dirname, 'children', 'write.js');
  const child = spawn(process.execPath, [script, JSON.stringify(given)], { env });
  child.stdout.setEncoding('utf8');
  let printed = '';
  child.stdout.on('data', (text) => {
    printed += text;
  });
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, printed }));
  return { child, ended };
}

function dataSet(version) {
  const segments = Array.from({ length: 30 }, (_, i) => v(`segment-${i}`, version));
  const flags = Array.from({ length: 150 }, (_, i) =>
    flagReferringTo(`flag-${i}`, {
      segments: [`segment-${i % 30}`],
      prerequisites: i > 0 ? [`flag-${Math.floor(i / 2)}`].filter((k) => k !== `flag-${i}`) : [],
      version,
    })
  );
  return { features: byKey(...flags), segments: byKey(...segments) };
}

test('of an init that is killed nobody sees a flag without what it refers to', async (t) => {
  const random = randomNumbers(5);
  for (let round = 0; round < 5; round += 1) {
    const scene = await newScene(t);
    await scene.put(itemRow('features', v('old', 1)), itemRow('features', v('older', 1)));
    // It can't come to its end before it is killed, however slow this process is.
    const end = { fault: 'hang', operations: ['BatchWriteItem'], containing: '$inited' };
    await scene.proxy.set([end, { delay: 20 }]);
    const data = dataSet(2);
    const ended = watch(scene, { whole: Object.keys(data.features) });
    const { child, ended: killed } = start(scene, { calls: [['init', data]], options: {} });
    const rows = 2 + Math.floor(random() * 175);
    await waitFor(async () => (await scene.rows()).length >= rows, `${rows} rows`);
    child.kill('SIGKILL');
    assert.strictEqual((await killed).signal, 'SIGKILL');

    await scene.proxy.set([]);
    const next = start(scene, { calls: [['init', data]], options: {} });
    assert.strictEqual((await next.ended).code, 0);
    const { looks, faults } = await ended();
    assert.ok(looks > 1, 'somebody looked');
    assert.deepStrictEqual(faults, []);
    assert.deepStrictEqual(await itemsInTable(scene, 'features'), data.features);
    assert.deepStrictEqual(await itemsInTable(scene, 'segments'), data.segments);
    assert.ok(await scene.row('$inited', '$inited'));
  }
});

for (const [what, begin] of Object.entries({
  'is away': (proxy) => proxy.leave(),
  'is silent': (proxy) => proxy.set([{ fault: 'hang' }]),
  'denies all': (proxy) => proxy.set([{ fault: 'denied' }]),
})) {
  test(`a store that is closed while DynamoDB ${what} says what it gives up`, async (t) => {
    const scene = await newScene(t);
    await begin(scene.proxy);
    const calls = [
      ['init', { features: byKey(v('a', 1)) }],
      ['upsert', FEATURES, v('b', 1)],
      ['delete', FEATURES, 'a', 2],
    ];
    const { ended } = start(scene, { calls, options: { writeTimeout: 60 }, close: true });
    const { code, printed } = await ended;
    assert.strictEqual(code, 0);
    const { callbacks, lines } = JSON.parse(printed);
    assert.deepStrictEqual(callbacks, [1, 1, 1]);
    const givenUp = lines.filter(({ message }) => message.includes('given up'));
    assert.strictEqual(givenUp.length, 1, JSON.stringify(lines));
    assert.strictEqual(givenUp[0].level, 'error');
    for (const name of ['2 items', '"a" in "features"', '"b" in "features"']) {
      assert.ok(givenUp[0].message.includes(name), givenUp[0].message);
    }
  });
}

test('a store that is closed writes what it can', async (t) => {
  const scene = await newScene(t);
  const calls = [
    ['init', { features: byKey(v('a', 1)) }],
    ['upsert', FEATURES, v('b', 1)],
  ];
  const { ended } = start(scene, { calls, options: {}, close: true });
  const { code, printed } = await ended;
  assert.deepStrictEqual([code, JSON.parse(printed).lines], [0, []]);
  assert.deepStrictEqual(await itemsInTable(scene, 'features'), byKey(v('a', 1), v('b', 1)));
});

test('a store with writes that wait lets its process end', async (t) => {
  const scene = await newScene(t);
  await scene.proxy.leave();
  const calls = [['upsert', FEATURES, v('a', 1)]];
  const { ended } = start(scene, { calls, options: { writeTimeout: 0.2 } });
  const { code, printed } = await ended;
  assert.strictEqual(code, 0);
  const { lines } = JSON.parse(printed);
  assert.strictEqual(lines.length, 1);
  assert.ok(lines[0].message.includes('"a" in "features"'), lines[0].message);
});

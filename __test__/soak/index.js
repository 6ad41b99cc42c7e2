'use strict';

/**
 * Random calls of one store under random faults, for a while: nothing may be lost, every callback has
 * to come once, and memory must not grow.
 *
 *     node __test__/soak/index.js [--minutes 10] [--seed 1]
 */

require('../support/environment');

const assert = require('node:assert');
const { fork } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { parseArgs } = require('node:util');

const { DynamoDBFeatureStore } = require('../..');
const { FEATURES, SEGMENTS } = require('../support/data');
const dynamodb = require('../support/dynamodb');
const { randomNumbers } = require('../support/faults');
const { recordingLogger } = require('../support/logger');
const { promised, waitFor } = require('../support/wait');
const { startFaultProxy } = require('../support/fault-proxy');
const { FAULTS } = require('../support/fault-proxy/rules');
const { Model } = require('./model');

/** How long faults last before all must be well, in milliseconds. */
const ROUND_MS = 15_000;
/** How long one kind of fault lasts at most. */
const FAULT_MS = 3000;
const CALLS_AT_ONCE = 20;
/** What is refused is tried again minutes later. */
const REFUSALS = ['denied', 'refused'];
/** How much resident memory may grow from the end of the first third to that of the last. */
const MEMORY_GROWTH = 50 * 1024 * 1024;

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string' } },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed ?? Date.now() % 1e6);

/**
 * @param {any} proxy
 * @param {() => number} random
 * @param {() => boolean} isOver
 */
async function makeFaults(proxy, random, isOver) {
  const names = Object.keys(FAULTS).filter((name) => !REFUSALS.includes(name));
  for (let n = 0; !isOver(); n += 1) {
    const dice = random();
    const fault = names[Math.floor(random() * names.length)];
    const time = random() * FAULT_MS;
    if (dice < 0.2) {
      await proxy.leave();
      await sleep(time);
      await proxy.comeBack();
    } else if (dice < 0.9) {
      const rate = random() < 0.3 ? 1 : random() / 2;
      const withheld = { operations: ['BatchWriteItem'], share: random() / 2 };
      await proxy.set([{ fault, rate }, withheld], seed + n);
      await sleep(time);
    } else {
      await proxy.reset();
      await sleep(time);
    }
  }
  await proxy.set([]);
}

/**
 * @param {any} store
 * @param {Model} model
 * @param {() => boolean} isOver
 */
async function makeCalls(store, model, isOver) {
  let calls = 0;
  while (!isOver()) {
    // In one go: the order of the calls is that of the model.
    const made = Array.from({ length: CALLS_AT_ONCE }, () => model.nextCall());
    await Promise.all(made.map(([method, ...args]) => store[method](...args)));
    calls += made.length;
  }
  return calls;
}

/**
 * Asserts that two have the same items.
 *
 * @param {string} what
 * @param {Record<string, any> | null} actual
 * @param {Record<string, any>} expected
 * @param {any} proxy
 */
async function assertSame(what, actual, expected, proxy) {
  const has = (items, key) => JSON.stringify(items?.[key]) ?? 'nothing';
  const keys = new Set([...Object.keys(actual || {}), ...Object.keys(expected)]);
  const wrong = [...keys].filter((key) => has(actual, key) !== has(expected, key));
  for (const key of wrong.slice(0, 3)) {
    console.error(`${what}: ${key} is ${has(actual, key)}, not ${has(expected, key)}`);
    console.error((await proxy.writesOf(key)).slice(-20));
  }
  assert.strictEqual(wrong.length, 0, `${what}: ${wrong.length} items are wrong`);
}

/** Asserts that the table and the store have what the model says. */
async function check(store, model, endpoint, table, proxy) {
  for (const kind of [FEATURES, SEGMENTS]) {
    const rows = await dynamodb.rowsOf(endpoint, table, kind.namespace);
    const inTable = Object.fromEntries(rows.map((row) => [row.key.S, JSON.parse(row.item.S)]));
    const { namespace } = kind;
    await assertSame(`${namespace} in the table`, inTable, model.items[namespace], proxy);
    // Its time-outs are short, and the machine may be busy.
    const all = await waitFor(() => store.all(kind), `all ${namespace} to be read`);
    await assertSame(`all ${namespace}`, all, model.live(namespace), proxy);
  }
}

async function main() {
  console.log(`seed ${seed}, ${minutes} minutes`);
  const random = randomNumbers(seed);
  const engine = fork(path.join(__dirname, 'engine.js'));
  const [{ endpoint }] = await once(engine, 'message');
  const table = await dynamodb.createTable(endpoint);
  const proxy = await startFaultProxy(endpoint);
  const logger = recordingLogger();
  const value = DynamoDBFeatureStore(table, {
    cacheTTL: 0.5,
    readTimeout: 1,
    writeTimeout: 1,
    logger,
    clientOptions: { endpoint: proxy.endpoint, httpOptions: { timeout: 400 } },
  });
  const store = promised(value);
  const model = new Model(random);
  await store.init(model.newData());

  const end = Date.now() + minutes * 60_000;
  const memory = [];
  while (Date.now() < end) {
    const roundEnd = Date.now() + ROUND_MS;
    const isOver = () => Date.now() > roundEnd;
    const [calls] = await Promise.all([
      makeCalls(store, model, isOver),
      makeFaults(proxy, random, isOver),
    ]);
    // A read that works again shows that writes may be tried.
    await waitFor(async () => {
      await store.get(FEATURES, 'key-1');
      return store.stats().unsaved === 0;
    }, 'all to be in the table');
    await check(store, model, endpoint, table, proxy);
    global.gc?.();
    memory.push(process.memoryUsage().rss);
    const rss = Math.round(memory[memory.length - 1] / 1024 / 1024);
    const { errors, throttles } = store.stats();
    console.log(
      `${calls} calls, all there; so far ${errors} failed requests, ${throttles} throttled, ` +
        `${logger.lines.length} lines; ${rss} MB`
    );
    logger.lines.length = 0;
  }
  const growth = memory[memory.length - 1] - memory[Math.floor(memory.length / 3)];
  assert.ok(growth < MEMORY_GROWTH, `memory grew by ${growth} bytes`);
  value.close();
  await proxy.close();
  engine.disconnect();
  console.log(`nothing lost, seed ${seed}`);
}

main().catch((error) => {
  console.error(error);
  console.error(`failed with seed ${seed}`);
  process.exit(1);
});

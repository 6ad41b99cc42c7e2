'use strict';

/**
 * Callbacks, and requests through a client of the application's, run in the asynchronous context of
 * whoever made the call, so that traces stay whole.
 */

const assert = require('node:assert');
const { AsyncLocalStorage } = require('node:async_hooks');
const { test } = require('node:test');

const { FEATURES, itemRow } = require('../../support/data');
const { scenes } = require('../../support/scene');
const { answered, promised, waitFor } = require('../../support/wait');

const newScene = scenes();

const CALLS = {
  get: [FEATURES, 'a'],
  all: [FEATURES],
  initialized: [],
  init: [{ features: { a: { key: 'a', version: 1 } } }],
  upsert: [FEATURES, { key: 'a', version: 2 }],
  delete: [FEATURES, 'a', 3],
};

for (const [method, args] of Object.entries(CALLS)) {
  test(`callbacks of ${method} keep their context`, async (t) => {
    const scene = await newScene(t);
    await scene.put(itemRow('features', { key: 'a', version: 1 }));
    const store = scene.value();
    const storage = new AsyncLocalStorage();
    /** @returns {Promise<any>} the context in which the callback came */
    const call = (context) =>
      new Promise((resolve) => {
        const callback = () => resolve(storage.getStore());
        storage.run(context, () => store[method](...args, callback));
      });
    // Cold, where those that come later join the first, and then fresh where there is such a thing.
    for (let round = 0; round < 2; round += 1) {
      const contexts = ['one', 'two', 'three'];
      assert.deepStrictEqual(await Promise.all(contexts.map(call)), contexts);
    }
    const outside = await answered(method, (callback) =>
      store[method](...args, () => callback(storage.getStore()))
    );
    assert.deepStrictEqual(outside, [undefined]);
  });
}

const OUTPUTS = {
  GetItem: ({ Key }) => ({
    Item: { ...itemRow('features', { key: Key.key.S, version: 1 }), ...Key },
  }),
  Query: ({ ExpressionAttributeValues: values }) => ({
    Items: [itemRow(values[':namespace'].S, { key: 'a', version: 1 })],
  }),
  PutItem: () => ({}),
  BatchWriteItem: () => ({ UnprocessedItems: {} }),
};

/** A client that remembers in which context it was called for what. */
function recordingClient(storage) {
  /** @type {[string, any][]} */
  const calls = [];
  const fail = new Set();
  const method = (operation) => async (params) => {
    calls.push([operation, storage.getStore()]);
    await new Promise(setImmediate);
    if (fail.has(operation)) throw Object.assign(new Error('no'), { name: 'InternalServerError' });
    return OUTPUTS[operation](params);
  };
  const client = {
    getItem: method('GetItem'),
    query: method('Query'),
    putItem: method('PutItem'),
    batchWriteItem: method('BatchWriteItem'),
  };
  return { client, calls, fail };
}

/** A store with such a client, which is made in a context of its own. */
async function traced(t, options = {}) {
  const scene = await newScene(t);
  const storage = new AsyncLocalStorage();
  const { client, calls, fail } = recordingClient(storage);
  const value = storage.run('who made the store', () =>
    scene.value({ dynamoDBClient: client, ...options })
  );
  const within = (context, method, ...args) =>
    storage.run(context, () => promised(value)[method](...args));
  return { value, storage, calls, fail, within };
}

for (const cacheTTL of [0, 30]) {
  for (const [method, args] of Object.entries(CALLS)) {
    test(`with a cacheTTL of ${cacheTTL}, requests of ${method} are made in the context of the call`, async (t) => {
      const { calls, within } = await traced(t, { cacheTTL });
      await within('one', method, ...args);
      assert.ok(calls.length > 0);
      for (const [operation, context] of calls) assert.strictEqual(context, 'one', operation);
    });
  }

  test(`with a cacheTTL of ${cacheTTL}, calls at the same time keep their contexts apart`, async (t) => {
    const { calls, within } = await traced(t, { cacheTTL });
    const contexts = Array.from({ length: 20 }, (_, index) => `call ${index}`);
    await Promise.all(contexts.map((each) => within(each, 'get', FEATURES, each)));
    assert.deepStrictEqual(calls.map(([, context]) => context).sort(), contexts.sort());
  });
}

test('a request for several calls is made in the context of the first', async (t) => {
  const { calls, within } = await traced(t);
  await Promise.all(['one', 'two'].map((each) => within(each, 'get', FEATURES, 'a')));
  assert.deepStrictEqual(calls, [['GetItem', 'one']]);
});

test('requests in the background are made in no context', async (t) => {
  const { calls, fail, within } = await traced(t, { preload: true });
  await waitFor(() => calls.length >= 2, 'the preload');
  fail.add('PutItem');
  await within('one', 'upsert', FEATURES, { key: 'b', version: 1 });
  const isRetried = () => calls.some(([operation, context]) => operation === 'PutItem' && !context);
  await waitFor(isRetried, 'the write to be tried again in no context');
  const contexts = new Set(calls.map(([, context]) => context));
  assert.deepStrictEqual(contexts, new Set([undefined, 'one']));
});

test('a read that nobody waits for is made in no context', async (t) => {
  const { calls, within } = await traced(t, { cacheTTL: 0.05, staleWhileRevalidate: 600 });
  await within('one', 'get', FEATURES, 'a');
  const isRead = async () => {
    await within('two', 'get', FEATURES, 'a');
    return calls.length > 1;
  };
  await waitFor(isRead, 'the item to be read again');
  assert.deepStrictEqual(calls[1], ['GetItem', undefined]);
});

test('a client is called in the context of a call about big segments', async (t) => {
  const scene = await newScene(t);
  const storage = new AsyncLocalStorage();
  const { client, calls } = recordingClient(storage);
  const store = storage.run('who made it', () => scene.bigSegmentStore({ dynamoDBClient: client }));
  const ask = (context) => storage.run(context, () => store.getUserMembership(context));
  await Promise.all(['one', 'two'].map(ask));
  const expected = [
    ['GetItem', 'one'],
    ['GetItem', 'two'],
  ];
  assert.deepStrictEqual(calls.sort(), expected);
});

test('credentials are for all calls, and requested in the context of none', async (t) => {
  const scene = await newScene(t);
  const storage = new AsyncLocalStorage();
  const contexts = [];
  const credentials = async () => {
    contexts.push(storage.getStore());
    return { accessKeyId: 'id', secretAccessKey: 'key' };
  };
  const store = storage.run('who made it', () =>
    scene.open({ clientOptions: { endpoint: scene.proxy.endpoint, credentials } })
  );
  await storage.run('one', () => store.get(FEATURES, 'a'));
  assert.deepStrictEqual(new Set(contexts), new Set([undefined]));
});

'use strict';

/** Callbacks run in the asynchronous context of whoever passed them, so that traces stay whole. */

const assert = require('node:assert');
const { AsyncLocalStorage } = require('node:async_hooks');
const { test } = require('node:test');

const { FEATURES, itemRow } = require('../helpers/data');
const { scenes } = require('../helpers/scene');
const { answered } = require('../helpers/wait');

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

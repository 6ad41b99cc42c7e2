'use strict';

/** What a close waits for, and what it lets go of. */

const assert = require('node:assert');
const { createHook } = require('node:async_hooks');
const path = require('node:path');
const { test } = require('node:test');

const { FEATURES, largeDataSet } = require('../../support/data');
const { hang, holdBack } = require('../../support/faults');
const { recordingLogger } = require('../../support/logger');
const { scenes, withinTheSecond } = require('../../support/scene');
const { ENDLESS, gate, promised, waitFor } = require('../../support/wait');

const newScene = scenes();

const SDK_9 = path.join(__dirname, '../../sdk-suites/v8-v9/node_modules/node-server-sdk-9');
const CHANGES = 20;
const flag = (index, version = 1) => ({ key: `flag-${index}`, version });

/** What each generation of the SDK calls a store value with. */
const CONFIGS = {
  'SDK 7': (logger) => ({ logger }),
  'SDK 9': (logger) => ({ basicConfiguration: { logger } }),
};

/** How an SDK hands over a change: each write follows from the end of the one before. */
const CHAINS = {
  callbacks: (view, onWritten) =>
    new Promise((resolve) => {
      const next = (index) => {
        if (index > CHANGES) return resolve(undefined);
        view.upsert(FEATURES, flag(index), () => {
          onWritten(index);
          next(index + 1);
        });
      };
      next(1);
    }),
  promises: async (view, onWritten) => {
    for (let index = 1; index <= CHANGES; index += 1) {
      await new Promise((resolve) => view.upsert(FEATURES, flag(index), resolve));
      onWritten(index);
    }
  },
  'callbacks, each after a read': (view, onWritten) =>
    new Promise((resolve) => {
      const next = (index) => {
        if (index > CHANGES) return resolve(undefined);
        view.get(FEATURES, flag(index).key, () => {
          view.upsert(FEATURES, flag(index), () => {
            onWritten(index);
            next(index + 1);
          });
        });
      };
      next(1);
    }),
};

for (const [generation, configWith] of Object.entries(CONFIGS)) {
  for (const [how, handOver] of Object.entries(CHAINS)) {
    for (const others of [0, 1]) {
      const beside = others === 1 ? ' beside another client' : '';
      test(`a change that ${generation} hands over by ${how} goes on when its client${beside} is closed`, async (t) => {
        await withinTheSecond(
          () => newScene(t),
          async (scene) => {
            const value = scene.value({ logger: undefined, sdk: require(SDK_9) });
            const logger = recordingLogger();
            const view = value(configWith(logger));
            if (others === 1) value(configWith(recordingLogger()));
            let closedAt;
            let closed;
            await handOver(view, (index) => {
              if (index !== CHANGES - 5) return;
              closedAt = Date.now();
              closed = view.close();
            });
            await closed;
            const verify = async () => {
              assert.strictEqual((await scene.rows()).length, CHANGES);
              assert.deepStrictEqual(logger.lines, []);
              assert.strictEqual(await promised(view).get(FEATURES, 'flag-1'), null);
            };
            return { closedAt, verify };
          }
        );
      });
    }
  }
}

test('a client whose writes never end is closed all the same', async (t) => {
  const scene = await newScene(t);
  const logger = recordingLogger();
  const view = scene.value({ logger })(CONFIGS['SDK 9'](logger));
  let written = 0;
  const ended = new Promise((resolve) => {
    const writeOn = (failure) => {
      if (failure) return resolve(failure);
      written += 1;
      view.upsert(FEATURES, flag(1, written), writeOn);
    };
    writeOn(undefined);
  });
  await view.close();
  assert.match((await ended).message, /closed/i);
  assert.ok(written > 1);
});

for (const how of ['value', 'view']) {
  test(`the ${how}'s close ends when its last write is in the table`, async (t) => {
    const scene = await newScene(t);
    const value = scene.value();
    const store = how === 'value' ? value : value({});
    const held = gate();
    scene.proxy.intercept(holdBack(held, 'PutItem'));
    let [isWritten, isClosed] = [false, false];
    store.upsert(FEATURES, flag(1), () => {
      isWritten = true;
    });
    await waitFor(() => scene.proxy.count('PutItem') === 1, 'the write to be sent');
    const closed = store.close().then((result) => {
      assert.strictEqual(result, undefined);
      assert.ok(isWritten);
      isClosed = true;
    });
    await new Promise(setImmediate);
    assert.strictEqual(isClosed, false);
    held.open();
    await closed;
    assert.deepStrictEqual(await scene.item('features', 'flag-1'), flag(1));
    assert.deepStrictEqual(scene.logger.lines, []);
  });

  test(`the ${how}'s close gives the same promise each time`, async (t) => {
    const value = (await newScene(t)).value();
    const store = how === 'value' ? value : value({});
    const closed = store.close();
    assert.ok(closed instanceof Promise);
    assert.strictEqual(store.close(), closed);
    assert.strictEqual(await closed, undefined);
    assert.strictEqual(store.close(), closed);
  });

  test(`the ${how}'s close ends while DynamoDB hangs, and so do all callbacks`, async (t) => {
    const scene = await newScene(t);
    const value = scene.value(ENDLESS);
    const store = how === 'value' ? value : value({});
    scene.proxy.intercept(hang());
    const { get, all, initialized, upsert } = promised(store);
    const answers = [get(FEATURES, 'a'), all(FEATURES), initialized()];
    const written = upsert(FEATURES, flag(1));
    assert.strictEqual(await store.close(), undefined);
    assert.deepStrictEqual(await Promise.all(answers), [null, null, false]);
    await written;
    // Of what is lost, but not of reads.
    assert.strictEqual(scene.logger.linesWith('given up').length, 1);
    assert.deepStrictEqual(scene.logger.linesWith('reading'), []);
  });
}

test("a view's close does not wait for what others write", async (t) => {
  const scene = await newScene(t);
  const value = scene.value();
  const [one, other] = [value({}), value({})];
  const held = gate();
  scene.proxy.intercept(holdBack(held, 'PutItem'));
  let isWritten = false;
  const written = promised(other)
    .upsert(FEATURES, flag(1))
    .then(() => {
      isWritten = true;
    });
  await one.close();
  assert.strictEqual(isWritten, false);
  held.open();
  await written;
});

test('an init that is on its way when its client is closed is in the table, without a line', async (t) => {
  await withinTheSecond(
    () => newScene(t),
    async (scene) => {
      // It is handed over in several turns: a part of at most 16 KiB each.
      const data = largeDataSet({ flags: 60, segments: 1 });
      const view = scene.value()({});
      const written = promised(view).init(data);
      const closedAt = Date.now();
      await view.close();
      await written;
      const verify = async () => {
        assert.strictEqual((await scene.rows()).length, 62);
        assert.deepStrictEqual(scene.logger.lines, []);
      };
      return { closedAt, verify };
    }
  );
});

test("what is logged after a close goes to the logger of the client's configuration", async (t) => {
  const scene = await newScene(t);
  const consoleError = t.mock.method(console, 'error', () => {});
  const logger = recordingLogger();
  const value = scene.value({ ...ENDLESS, logger: undefined });
  const view = value({ logger });
  scene.proxy.intercept(hang());
  const written = promised(view).upsert(FEATURES, flag(1));
  await view.close();
  await written;
  assert.strictEqual(logger.linesWith('given up').length, 1);
  await promised(view).get(FEATURES, 'a');
  assert.strictEqual(logger.linesWith('the store is closed').length, 1);
  assert.strictEqual(consoleError.mock.callCount(), 0);
});

test('a close lets go of all that native code could call', async (t) => {
  const open = new Set();
  const hook = createHook({
    init: (id, type) => {
      if (type === 'napi_rs_threadsafe_function') open.add(id);
    },
    destroy: (id) => open.delete(id),
  }).enable();
  t.after(() => hook.disable());
  const scene = await newScene(t);
  const view = scene.value()({});
  await promised(view).upsert(FEATURES, flag(1));
  const segments = scene.bigSegmentStore()({});
  await segments.getUserMembership('a hash');
  assert.ok(open.size > 0);
  await Promise.all([view.close(), segments.close()]);
  await waitFor(() => open.size === 0, 'them to be freed');
});

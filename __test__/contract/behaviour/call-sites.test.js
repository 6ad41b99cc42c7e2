'use strict';

/** Whatever the application does to the stacks of errors, the SDK that calls is found. */

const assert = require('node:assert');
const path = require('node:path');
const { test } = require('node:test');
const vm = require('node:vm');

require('../../support/environment');

const { DynamoDBFeatureStore } = require('../../..');
const { recordingLogger } = require('../../support/logger');

const SDK_9 = path.join(__dirname, '../../sdk-suites/v8-v9/node_modules/node-server-sdk-9');

const revoked = () => {
  const { proxy, revoke } = Proxy.revocable([], {});
  revoke();
  return proxy;
};

/** What an application may have as `Error.prepareStackTrace`. */
const PREPARING = {
  'call sites': (_error, sites) => sites,
  'names of files': (_error, sites) => sites.map((site) => site.getFileName()),
  'sites of another machine': () => [{ getFileName: () => 'file://elsewhere/x.js' }],
  'sites without a path': () => [{ getFileName: () => 'file:///%2f' }],
  'sites that throw': () => [
    {
      getFileName() {
        throw null;
      },
    },
  ],
  nothing: () => undefined,
  'a number': () => 5,
  'a revoked proxy': revoked,
  'an exception': () => {
    throw new Error('no stack');
  },
};

/** Calls with this, and puts everything back. */
function preparing(prepare, limit, call) {
  const { prepareStackTrace, stackTraceLimit } = Error;
  Object.assign(Error, { prepareStackTrace: prepare, stackTraceLimit: limit });
  try {
    return call();
  } finally {
    assert.strictEqual(Error.prepareStackTrace, prepare);
    assert.strictEqual(Error.stackTraceLimit, limit);
    Object.assign(Error, { prepareStackTrace, stackTraceLimit });
  }
}

for (const [what, prepare] of Object.entries(PREPARING)) {
  for (const limit of [10, 0]) {
    test(`SDK 9 is found where stacks are ${what}, at most ${limit} frames`, (t) => {
      const logger = recordingLogger();
      const { init } = require(SDK_9);
      const value = DynamoDBFeatureStore('my-table', { logger, readOnly: true });
      t.after(() => value.close());
      const config = { featureStore: value, offline: true, logger };
      const client = preparing(prepare, limit, () => init('an SDK key', config));
      client.close();
      // Only the stack tells where this comes from.
      const filename = path.join(SDK_9, 'called-from-here.js');
      const callFromThere = vm.runInThisContext('(call) => call()', { filename });
      const context = { basicConfiguration: { logger }, platform: {} };
      const view = preparing(prepare, limit, () => callFromThere(() => value(context)));
      assert.strictEqual(typeof view.get, 'function');
      view.close();
    });
  }
}

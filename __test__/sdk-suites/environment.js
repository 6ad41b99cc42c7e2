'use strict';

/**
 * What the suites run in: jest's Node environment, and outside of its sandbox an engine, a table and
 * a proxy that counts. The suites find these as the global `dynamodb`.
 */

const dynamodb = require('../support/dynamodb');
const { startEngine } = require('../support/engine');
const { startProxy } = require('../support/engine-proxy');

/**
 * @param {any} NodeEnvironment the one of the jest that is used
 */
function suiteEnvironment(NodeEnvironment) {
  return class SuiteEnvironment extends NodeEnvironment {
    constructor(config, context) {
      super(config, context);
      this.passed = 0;
    }

    async setup() {
      await super.setup();
      this.engine = await startEngine();
      this.table = await dynamodb.createTable(this.engine.endpoint);
      this.proxy = await startProxy(this.engine.endpoint);
      this.hooked = await startProxy(this.proxy.endpoint);
      this.global.dynamodb = {
        table: this.table,
        proxy: this.proxy,
        hookedEndpoint: (hook) => this.hookedEndpoint(hook),
        rows: () => dynamodb.rows(this.engine.endpoint, this.table),
        put: (row) => dynamodb.putRows(this.engine.endpoint, this.table, [row]),
        clear: (beginning) => dynamodb.clear(this.engine.endpoint, this.table, beginning),
      };
    }

    /**
     * @param {(callback: () => void) => void} hook called before each update
     * @returns {string} an endpoint
     */
    hookedEndpoint(hook) {
      this.hooked.intercept(async ({ operation }) => {
        if (operation === 'PutItem') await new Promise((resolve) => hook(resolve));
        return undefined;
      });
      return this.hooked.endpoint;
    }

    handleTestEvent(event) {
      if (event.name === 'test_fn_success') this.passed += 1;
    }

    async teardown() {
      const saw = Object.entries(this.proxy.requests).map((entry) => entry.join(' '));
      const { suiteName } = this.global.dynamodb;
      process.stderr.write(`${suiteName}: ${this.passed} passed; engine saw ${saw.join(', ')}\n`);
      await this.hooked.close();
      await this.proxy.close();
      await dynamodb.deleteTable(this.engine.endpoint, this.table);
      await this.engine.close();
      await super.teardown();
    }
  };
}

module.exports = { suiteEnvironment };

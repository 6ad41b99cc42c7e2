'use strict';

/**
 * The DynamoDB engine for tests: the one at `DYNAMODB_ENDPOINT`, else a dynalite in this process.
 */

require('./environment');

const dynalite = require('dynalite');

/**
 * @typedef {object} Engine
 * @property {string} endpoint
 * @property {() => Promise<void>} close
 */

/**
 * @returns {Promise<Engine>}
 */
async function startEngine() {
  const running = process.env.DYNAMODB_ENDPOINT;
  if (running) return { endpoint: running, close: async () => {} };

  const server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const close = () =>
    new Promise((resolve, reject) => {
      server.close((error) => (error ? reject(error) : resolve()));
      server.closeAllConnections();
    });
  return { endpoint: `http://127.0.0.1:${server.address().port}`, close };
}

module.exports = { startEngine };

'use strict';

/** Ports for programs that can't choose one themselves. */

const { randomInt } = require('node:crypto');
const net = require('node:net');

/** The lower end of the range. */
const FIRST_PORT = 10_000;
const LAST_PORT = 32_767;

/**
 * Finds a free port below the range that the system uses for port 0. Otherwise a test's proxy could get the
 * same port meanwhile and respond in the program's place.
 *
 * @returns {Promise<number>}
 */
function freePort() {
  return new Promise((resolve) => {
    const server = net.createServer();
    const tryOne = () => server.listen(randomInt(FIRST_PORT, LAST_PORT + 1), '127.0.0.1');
    server.on('error', tryOne);
    server.on('listening', () => {
      const { port } = /** @type {net.AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
    tryOne();
  });
}

module.exports = { freePort };

'use strict';

/**
 * The service that LaunchDarkly's harness tests: it starts SDK clients and lets them evaluate flags as the harness
 * demands over HTTP (docs/service_spec.md of the harness).
 *
 * As a program, it takes its setting as JSON, tells its parent process its address, and ends with the parent:
 *
 *     node __test__/contract-service/service.js '{"name": "9", "stores": "store", …}'
 */

require('../support/environment');

const http = require('node:http');

const { startClient } = require('./client');
const { COMMANDS } = require('./commands');
const { SUBJECTS } = require('./sdks');

/** The table that the harness makes for its tests of persistent stores. It doesn't tell the service its name. */
const REQUESTED_TABLE = 'sdk-contract-tests';

class BadRequest extends Error {}

/**
 * @param {{name: string, stores: import('./client').Stores, endpoint: string, table: string,
 *   requestedTable?: string}} setting `name` is the subject's
 * @returns {Promise<{url: string, close: () => Promise<void>}>}
 */
async function startService({ name, requestedTable = REQUESTED_TABLE, ...others }) {
  const { sdk, capabilities } = SUBJECTS[name];
  const setting = { sdk, requestedTable, ...others };
  /** @type {Map<string, import('./client').Parts>} */
  const clients = new Map();
  let count = 0;

  /** @returns {Promise<{status?: number, location?: string, body?: any}>} */
  const respond = async (method, path, text) => {
    if (path === '/') {
      if (method === 'GET') return { body: { name: sdk.name, capabilities } };
      const client = await startClient(setting, parsed(text).configuration);
      count += 1;
      const location = `/clients/${count}`;
      clients.set(location, client);
      return { status: 201, location };
    }
    const client = clients.get(path);
    if (!client) return { status: 404 };
    if (method === 'DELETE') {
      clients.delete(path);
      await client.close();
      return { status: 204 };
    }
    const request = parsed(text);
    const command = COMMANDS[request.command];
    if (!command) throw new BadRequest(`unknown command ${request.command}`);
    const body = await command(client, request[request.command]);
    return body === undefined ? { status: 204 } : { body };
  };

  const server = http.createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    try {
      const { status = 200, location, body } = await respond(request.method, request.url, text);
      const headers = location ? { location } : {};
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(body === undefined ? undefined : JSON.stringify(body));
    } catch (error) {
      const isBad = error instanceof BadRequest;
      if (!isBad) console.log(error);
      response.writeHead(isBad ? 400 : 500, { 'content-type': 'text/plain' });
      response.end(error.message);
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const close = async () => {
    await Promise.all([...clients.values()].map((client) => client.close()));
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${port}`, close };
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new BadRequest(error.message);
  }
}

if (require.main === module) {
  process.on('disconnect', () => process.exit());
  startService(JSON.parse(process.argv[2])).then(({ url }) => process.send?.({ url }));
}

module.exports = { startService };

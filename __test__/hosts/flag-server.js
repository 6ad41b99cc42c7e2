'use strict';

/**
 * A server that answers every request as DynamoDB does when the row that is read is there.
 */

const http = require('node:http');
const https = require('node:https');

const FLAG = { key: 'a', version: 1 };
const ATTRIBUTES = { version: { N: '1' }, item: { S: JSON.stringify(FLAG) } };

/**
 * @param {object} [tls] a key and a certificate for `localhost`
 * @returns {Promise<{port: number, endpoint: string, close: () => void}>}
 */
async function startServer(tls) {
  const listener = async (incoming, response) => {
    let text = '';
    for await (const chunk of incoming) text += chunk;
    const { Key } = text ? JSON.parse(text) : {};
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(JSON.stringify({ Item: { ...Key, ...ATTRIBUTES } }));
  };
  const server = tls ? https.createServer(tls, listener) : http.createServer(listener);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { port, endpoint: tls ? `https://localhost:${port}` : `http://127.0.0.1:${port}`, close };
}

module.exports = { FLAG, startServer };

'use strict';

/**
 * The part of Lambda's Runtime API that a runtime interface client calls, for one invocation at a time.
 */

const http = require('node:http');

const VERSION = '/2018-06-01/runtime';

/**
 * @typedef {object} RuntimeApi
 * @property {string} address host and port
 * @property {(event: object) => Promise<any>} invoke queues an event and returns the function's response
 * @property {() => void} close
 */

/**
 * @returns {Promise<RuntimeApi>}
 */
async function startRuntimeApi() {
  /** @type {{event: object, resolve: (response: any) => void, reject: (failure: Error) => void} | undefined} */
  let invocation;
  /** @type {http.ServerResponse | undefined} the client's request for the next event */
  let waiting;

  const sendEvent = () => {
    if (!invocation || !waiting) return;
    // The client crashes without a content type.
    waiting.setHeader('Content-Type', 'application/json');
    waiting.setHeader('Lambda-Runtime-Aws-Request-Id', 'request');
    waiting.setHeader('Lambda-Runtime-Deadline-Ms', Date.now() + 60_000);
    waiting.setHeader('Lambda-Runtime-Invoked-Function-Arn', 'arn:aws:lambda:function');
    waiting.end(JSON.stringify(invocation.event));
    waiting = undefined;
  };

  const server = http.createServer(async (request, response) => {
    if (request.url === `${VERSION}/invocation/next`) {
      waiting = response;
      sendEvent();
      return;
    }
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const ended = invocation;
    invocation = undefined;
    if (request.url?.endsWith('/response')) ended?.resolve(JSON.parse(body));
    // The function's error, or one of its initialization.
    else ended?.reject(new Error(body));
    response.writeHead(202).end();
  });
  // The real one does not end connections either.
  server.keepAliveTimeout = 0;
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());

  return {
    address: `127.0.0.1:${port}`,
    invoke: (event) =>
      new Promise((resolve, reject) => {
        invocation = { event, resolve, reject };
        sendEvent();
      }),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

module.exports = { startRuntimeApi };

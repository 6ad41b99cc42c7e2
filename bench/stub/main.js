'use strict';

/**
 * Stands in for DynamoDB in a separate process. Writes its port to standard output and ends when its standard
 * input ends. Paths other than DynamoDB's operations:
 *
 *     POST /control/seed    {"flags": 1000, "delayMs": 0}   creates a table; empty without `flags`
 *     POST /control/reset                                   resets the counts
 *     POST /control/counts                                  returns the counts since the reset
 */

const { dataSet } = require('../data');
const { DynamoDBStub } = require('./dynamodb');
const { createHttpServer, response } = require('./http');

const stub = new DynamoDBStub();
let delayMs = 0;

/** @type {Record<string, (body: any) => object>} */
const controls = {
  seed: (body) => {
    stub.seed(body.flags > 0 ? dataSet(body.flags) : undefined);
    delayMs = body.delayMs ?? 0;
    return {};
  },
  reset: () => {
    stub.reset();
    return {};
  },
  counts: () => stub.counts,
};

const server = createHttpServer((request, respond) => {
  const control = /^POST \/control\/(\w+)/.exec(request.head)?.[1];
  if (control !== undefined) {
    const result = JSON.stringify(controls[control](JSON.parse(request.body.toString())));
    respond(response(200, { 'content-type': 'application/json' }, result));
    return;
  }
  const answer = stub.answer(request);
  if (delayMs === 0) respond(answer);
  else setTimeout(respond, delayMs, answer);
});

server.listen(0, '127.0.0.1', () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  process.stdout.write(`${port}\n`);
});
process.stdin.resume().once('end', () => process.exit());

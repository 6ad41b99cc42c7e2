'use strict';

/** Answers to another request, answers without end, and servers that speak another protocol. */

const assert = require('node:assert');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const path = require('node:path');
const { test } = require('node:test');

const { certificates } = require('../support/receiver');
const { childResult } = require('../support/child');
const { OF_OWN_CLIENT } = require('../support/connection');
const { FEATURES, itemRow } = require('../support/data');
const { failure } = require('../support/faults');
const { scenes } = require('../support/scene');
const { ENDLESS, gate, promised, waitFor } = require('../support/wait');
const { allSaved, byKey, itemsInTable } = require('./scene');
const { DynamoDBFeatureStore } = require('../..');

const newScene = scenes();
const v = (key, version) => ({ key, version });
/** Gives up soon, but no sooner than a busy machine answers. */
const SOON = { readTimeout: 3, writeTimeout: 3, cacheTTL: 0 };
/** The most memory that a process may take for an answer without end, in KB. */
const MOST_MEMORY_KB = 200 * 1024;

/** Lets this hold for the first requests of an operation. */
const first = (count, operation, answer) => (request, forward) =>
  request.operation === operation && request.call <= count ? answer(request, forward) : undefined;

test('a row that was not requested makes the read repeat', async (t) => {
  const scene = await newScene(t);
  await scene.put(itemRow('features', v('a', 1)), itemRow('features', v('b', 2)));
  const other = ({ body }, forward) => forward({ ...body, Key: { ...body.Key, key: { S: 'b' } } });
  scene.proxy.intercept(first(1, 'GetItem', other));
  const store = scene.open({ cacheTTL: 0 });
  const read = async () => (await store.get(FEATURES, 'a')) || (await store.get(FEATURES, 'a'));
  assert.deepStrictEqual(await read(), v('a', 1));

  scene.proxy.intercept(first(Infinity, 'GetItem', other));
  const impatient = scene.open(SOON);
  assert.strictEqual(await impatient.get(FEATURES, 'a'), null);
  assert.strictEqual(scene.logger.linesWith('another row').length > 0, true);
});

test('rows of another namespace are no answer', async (t) => {
  const scene = await newScene(t);
  await scene.put(itemRow('features', v('a', 1)), itemRow('segments', v('s', 1)));
  scene.proxy.intercept(
    first(Infinity, 'Query', ({ body }, forward) =>
      forward({ ...body, ExpressionAttributeValues: { ':namespace': { S: 'segments' } } })
    )
  );
  const store = scene.open(SOON);
  assert.strictEqual(await store.all(FEATURES), null);
  assert.strictEqual(scene.logger.linesWith('another namespace').length, 1);
  scene.proxy.reset();
  assert.deepStrictEqual(await store.all(FEATURES), byKey(v('a', 1)));
});

for (const [what, left] of Object.entries({
  'a row that was not sent': (table) => ({
    [table]: [{ PutRequest: { Item: itemRow('features', v('other', 1)) } }],
  }),
  'rows of another table': (table) => ({
    [`${table}-other`]: [{ PutRequest: { Item: itemRow('features', v('a', 1)) } }],
  }),
})) {
  test(`a batch that is said to leave ${what} is written again`, async (t) => {
    const scene = await newScene(t);
    const answer = ({ body }) => {
      const [table] = Object.keys(body.RequestItems);
      return { status: 200, body: { UnprocessedItems: left(table) } };
    };
    scene.proxy.intercept(first(2, 'BatchWriteItem', answer));
    const store = scene.open();
    await store.init({ features: byKey(v('a', 1), v('b', 1)) });
    await allSaved(store);
    assert.deepStrictEqual(await itemsInTable(scene, 'features'), byKey(v('a', 1), v('b', 1)));
  });
}

test(
  'a put that another row is said to be in the way of is sent again',
  OF_OWN_CLIENT,
  async (t) => {
    const scene = await newScene(t);
    const reject = () => {
      const answer = failure(400, 'ConditionalCheckFailedException');
      return { ...answer, body: { ...answer.body, Item: itemRow('features', v('other', 9)) } };
    };
    scene.proxy.intercept(first(1, 'PutItem', reject));
    const store = scene.open();
    await store.upsert(FEATURES, v('a', 1));
    await allSaved(store);
    assert.deepStrictEqual(await itemsInTable(scene, 'features'), byKey(v('a', 1)));
  }
);

/** A page that has so many rows before it. */
function page(number, last) {
  const key = `flag-${String(number).padStart(9, '0')}`;
  const LastEvaluatedKey = { namespace: { S: 'features' }, key: { S: last || key } };
  return { Items: [itemRow('features', v(key, 1))], Count: 1, LastEvaluatedKey };
}

test('a page that repeats ends a Query with one line', async (t) => {
  const scene = await newScene(t);
  scene.proxy.intercept(
    first(Infinity, 'Query', ({ call }) => ({ status: 200, body: page(call, 'same') }))
  );
  const store = scene.open(SOON);
  assert.strictEqual(await store.all(FEATURES), null);
  assert.strictEqual(scene.logger.linesWith('pages repeat').length, 1);
  assert.strictEqual(scene.logger.lines.length, 1);
});

test('pages without end are given up, and end with the store', async (t) => {
  const scene = await newScene(t);
  scene.proxy.intercept(
    first(Infinity, 'Query', ({ call }) => ({ status: 200, body: page(call) }))
  );
  const store = scene.open({ ...SOON, readTimeout: 2 });
  assert.strictEqual(await store.all(FEATURES), null);
  assert.strictEqual(scene.logger.linesWith('came to no end').length, 1);

  const before = scene.proxy.count('Query');
  const endless = scene.open({ ...ENDLESS, cacheTTL: 0 });
  const read = endless.all(FEATURES);
  await waitFor(() => scene.proxy.count('Query') > before + 3, 'some pages');
  endless.close();
  assert.strictEqual(await read, null);
});

test('an answer without end takes little memory', OF_OWN_CLIENT, async (t) => {
  const block = Buffer.alloc(1024 * 1024, ' ');
  let sent = 0;
  const server = http.createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' });
    const more = () => {
      while (!response.destroyed && response.write(block)) sent += 1;
      sent += 1;
    };
    response.on('drain', more);
    response.on('error', () => {});
    more();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const endpoint = `http://127.0.0.1:${server.address().port}`;
  const { results, peak } = await childResult('operate.js', {
    table: 'flags',
    options: { readTimeout: 3, writeTimeout: 3, clientOptions: { endpoint } },
    calls: [
      ['get', FEATURES, 'a'],
      ['all', FEATURES],
      ['upsert', FEATURES, v('a', 1)],
      ['init', { features: byKey(v('a', 1)) }],
    ],
    close: true,
  });
  assert.deepStrictEqual(results.slice(0, 2), [null, null]);
  assert.ok(sent > 4, 'the server has sent much');
  assert.ok(peak < MOST_MEMORY_KB, `it took ${peak} KB`);
  t.diagnostic(`peak ${Math.round(peak / 1024)} MB while the server sent ${sent} MB`);
});

const READS = 3000;
/** What docs/client-options.md says. */
const CONNECTIONS = 50;

test(
  'a server that never answers gets no more connections than documented',
  OF_OWN_CLIENT,
  async (t) => {
    const server = http.createServer(() => {});
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => {
      server.close();
      server.closeAllConnections();
    });
    const clientOptions = { endpoint: `http://127.0.0.1:${server.address().port}` };
    const script = path.join(__dirname, 'children', 'many-reads.js');
    if (fs.existsSync('/proc/self/fd')) {
      const options = { readTimeout: 1, clientOptions };
      const input = { table: 'flags', options, reads: READS };
      const { answered, empty, most } = await childResult(script, input);
      assert.deepStrictEqual([answered, empty], [READS, READS]);
      assert.ok(most > 0 && most <= CONNECTIONS, `${most} sockets`);
      t.diagnostic(`${most} sockets for ${READS} reads`);
    }
  }
);

test('reads beyond the number of connections wait for their turn', OF_OWN_CLIENT, async (t) => {
  const scene = await newScene(t);
  const keys = Array.from({ length: 4 * CONNECTIONS }, (_, at) => `flag-${at}`);
  await scene.put(...keys.map((key) => itemRow('features', v(key, 1))));
  let underWay = 0;
  let most = 0;
  const { opened, open } = gate();
  scene.proxy.intercept(async (_request, forward) => {
    underWay += 1;
    most = Math.max(most, underWay);
    if (underWay === CONNECTIONS) open();
    await opened;
    const answer = await forward();
    underWay -= 1;
    return answer;
  });
  const store = scene.open();
  const items = await Promise.all(keys.map((key) => store.get(FEATURES, key)));
  assert.ok(items.every((item) => item !== null));
  assert.strictEqual(most, CONNECTIONS);
});

const certified = certificates();
for (const [what, makeServer, scheme] of [
  ['TLS where HTTP is expected', (on) => https.createServer(certified, on), 'http'],
  ['HTTP where TLS is expected', (on) => http.createServer(on), 'https'],
]) {
  const skip = certified ? OF_OWN_CLIENT.skip || false : 'there is no openssl';
  test(`a request to a server that speaks ${what} is sent again`, { skip }, async (t) => {
    const server = makeServer(() => {});
    let connections = 0;
    server.on('connection', (socket) => {
      connections += 1;
      socket.on('error', () => {});
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const endpoint = `${scheme}://127.0.0.1:${server.address().port}`;
    const value = DynamoDBFeatureStore('flags', {
      writeTimeout: 60,
      clientOptions: { endpoint },
      logger: { error() {}, warn() {}, info() {}, debug() {} },
    });
    promised(value).upsert(FEATURES, v('a', 1));
    await waitFor(() => connections > 3, 'it to be sent again and again');
    value.close();
    server.closeAllConnections();
  });
}

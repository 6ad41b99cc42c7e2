'use strict';

/**
 * How often a request is sent, and with which time.
 */

const assert = require('node:assert');
const { test } = require('node:test');

require('../../support/environment');

const { FEATURES, FLAG, openStore, read, receiver, row } = require('../../support/receiver');

const FAILURE = { status: 500, body: { __type: 'x#InternalServerError', message: 'no' } };

/** How often a read is sent while DynamoDB fails. */
async function attempts(t, clientOptions, options = {}) {
  const server = await receiver(t, { answer: () => FAILURE });
  const { item, requests, lines } = await read(t, clientOptions, { server, options });
  assert.strictEqual(item, null);
  return { count: requests.length, warnings: lines.filter(({ level }) => level === 'warn') };
}

test('a read is sent for as long as readTimeout when nothing is configured', async (t) => {
  const { count } = await attempts(t, {}, { readTimeout: 5 });
  assert.ok(count > 5, `${count} requests`);
});

row('maxRetries', 'a read is sent once more for each', async (t) => {
  for (const maxRetries of [0, 1, 4]) {
    const { count } = await attempts(t, { maxRetries, retryDelayOptions: { base: 1 } });
    assert.strictEqual(count, maxRetries + 1);
  }
});

row('maxAttempts', 'a read is sent so often; it wins over maxRetries', async (t) => {
  for (const maxAttempts of [1, 2, 5, async () => 4]) {
    const { count } = await attempts(t, { maxAttempts, maxRetries: 7 });
    assert.strictEqual(count, typeof maxAttempts === 'number' ? maxAttempts : 4);
  }
});

row('maxAttempts', 'a read that succeeds is not sent again', async (t) => {
  const server = await receiver(t, { answer: (_, number) => (number < 3 ? FAILURE : undefined) });
  const { item, requests } = await read(t, { maxAttempts: 9 }, { server });
  assert.deepStrictEqual([item, requests.length], [FLAG, 3]);
});

row('retryMode', 'all of them send again', async (t) => {
  for (const retryMode of ['standard', 'adaptive', 'legacy', async () => 'adaptive']) {
    assert.strictEqual((await attempts(t, { retryMode, maxAttempts: 2 })).count, 2);
  }
  assert.throws(() => openStore(t, { retryMode: 'never' }), /clientOptions.retryMode/);
});

row('retryDelayOptions', 'the pauses grow from the base', async (t) => {
  const times = [];
  const answer = () => {
    times.push(Date.now());
    return FAILURE;
  };
  const server = await receiver(t, { answer });
  const retryDelayOptions = { base: 0 };
  // Otherwise these pauses would take longer than anybody waits.
  await read(t, { maxRetries: 20, retryDelayOptions }, { server });
  assert.strictEqual(times.length, 21);
});

row('retryDelayOptions', 'customBackoff is a warning', async (t) => {
  const { count, warnings } = await attempts(t, {
    maxRetries: 1,
    retryDelayOptions: { customBackoff: () => 1 },
  });
  assert.strictEqual(count, 2);
  assert.ok(warnings[0].message.includes('retryDelayOptions.customBackoff'));
});

row('retryStrategy', 'its attempts are used, with a warning', async (t) => {
  const strategies = [
    { maxAttempts: 2, retry() {} },
    { maxAttemptsProvider: async () => 2, mode: 'standard' },
    async () => ({ maxAttempts: 2 }),
  ];
  for (const retryStrategy of strategies) {
    const { count, warnings } = await attempts(t, { retryStrategy });
    assert.strictEqual(count, 2);
    if (typeof retryStrategy === 'object') {
      assert.strictEqual(warnings.length, 1);
      assert.ok(warnings[0].message.includes('clientOptions.retryStrategy'));
    }
  }
});

/** A server whose clock is an hour ahead, and which says so. */
function ahead() {
  const body = { __type: 'x#RequestTimeTooSkewed', message: 'Signature expired' };
  const hour = 3_600_000;
  const isRight = ({ headers }) => {
    const [, y, mo, d, h, mi, s] = /(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)/.exec(
      headers['x-amz-date']
    );
    const signed = Date.UTC(+y, +mo - 1, +d, +h, +mi, +s);
    return Math.abs(signed - (Date.now() + hour)) < 300_000;
  };
  return {
    answer: (request) => (isRight(request) ? undefined : { status: 403, body }),
    date: () => new Date(Date.now() + hour).toUTCString(),
  };
}

/** What becomes of a read whose time is wrong. */
async function readAhead(t, clientOptions) {
  const { answer, date } = ahead();
  const server = await receiver(t, { answer, headers: () => ({ date: date() }) });
  const { item } = await read(t, { maxAttempts: 3, ...clientOptions }, { server });
  return item;
}

test('a clock that is wrong is put right when nothing is configured', async (t) => {
  assert.deepStrictEqual(await readAhead(t, {}), FLAG);
});
row('correctClockSkew', 'it decides whether a wrong clock is put right', async (t) => {
  assert.deepStrictEqual(await readAhead(t, { correctClockSkew: true }), FLAG);
  assert.strictEqual(await readAhead(t, { correctClockSkew: false }), null);
});
row('disableClockSkewCorrection', 'the opposite, and it wins', async (t) => {
  assert.strictEqual(await readAhead(t, { disableClockSkewCorrection: true }), null);
  const both = { disableClockSkewCorrection: false, correctClockSkew: false };
  assert.deepStrictEqual(await readAhead(t, both), FLAG);
});
row('systemClockOffset', 'requests are signed with the time that it makes', async (t) => {
  const clientOptions = { systemClockOffset: 3_600_000, disableClockSkewCorrection: true };
  assert.deepStrictEqual(await readAhead(t, clientOptions), FLAG);
  assert.throws(() => openStore(t, { systemClockOffset: 'x' }), /clientOptions.systemClockOffset/);
});

test('writes are tried until they are taken, whatever is configured for reads', async (t) => {
  const taken = { status: 200, body: {} };
  const server = await receiver(t, { answer: (_, number) => (number < 4 ? FAILURE : taken) });
  const store = openStore(t, { endpoint: server.endpoint, maxRetries: 0 }, { cacheTTL: 15 });
  await store.upsert(FEATURES, FLAG);
  assert.deepStrictEqual(store.lines, []);
  assert.strictEqual(server.requests.length, 4);
});

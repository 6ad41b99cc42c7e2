'use strict';

/**
 * Tests around an SDK's suite that it was DynamoDB that answered: a `Map` would pass the suite too.
 */

/* global dynamodb */

/**
 * How many conditional puts one run of any generation's suite makes: its upserts and deletes, but for one
 * that it hands over right behind a newer one of the same flag.
 */
const PUTS_PER_RUN = 9;
/** How many one run of the tests of concurrent updates makes: two by each of two stores. */
const PUTS_PER_RACE = 4;
/** How many items one run of any generation's suite reads singly. */
const READS_PER_RUN = 10;

/**
 * @param {string} suite the SDK's name and version
 * @param {{runs: number, uncachedRuns: number, races?: number}} counts how often `defineTests` runs
 *   the suite, how many of these are with a store that doesn't cache, and how often it runs the tests of
 *   concurrent updates
 * @param {() => void} defineTests
 */
function testThroughDynamoDB(suite, { runs, uncachedRuns, races = 0 }, defineTests) {
  let tests = 0;
  let start;

  describe(suite, () => {
    beforeAll(() => {
      start = dynamodb.proxy.history.length;
    });
    beforeEach(() => {
      tests += 1;
    });
    afterEach(expectInitializedTable);
    defineTests();
  });

  it(`${suite}: DynamoDB has seen what the tests did`, () => {
    const history = dynamodb.proxy.history.slice(start);
    const count = (operation) =>
      history.filter((request) => request.operation === operation).length;
    expect(tests).toBeGreaterThanOrEqual(runs * 13);
    expect(count('PutItem')).toBe(runs * PUTS_PER_RUN + races * PUTS_PER_RACE);
    expect(count('Query')).toBeGreaterThanOrEqual(tests);
    expect(count('BatchWriteItem')).toBeGreaterThanOrEqual(tests);
    const reads = history.filter(isItemRead).length;
    expect(reads).toBeGreaterThanOrEqual(uncachedRuns * READS_PER_RUN);
    if (uncachedRuns === 0) expect(reads).toBeLessThan(runs * READS_PER_RUN);
    expect(history.every(({ answer }) => isExpected(answer))).toBe(true);
  });
}

function isItemRead({ operation, body }) {
  return operation === 'GetItem' && !body.Key.key.S.endsWith('$inited');
}

function isExpected({ status, body }) {
  return status === 200 || String(body.__type).endsWith('#ConditionalCheckFailedException');
}

/** Each test of the suites initialises a store; its rows are in the table, and no others. */
async function expectInitializedTable() {
  const rows = await dynamodb.rows();
  const isMarker = ({ namespace, key }) => namespace.S.endsWith('$inited') && namespace.S === key.S;
  const names = rows.map((row) => [row.namespace.S, Object.keys(row).sort().join()]);
  expect(rows.filter(isMarker).length).toBeGreaterThanOrEqual(1);
  for (const [namespace, attributes] of names) {
    expect(namespace).toMatch(/^((testprefix|a|b):)?(features|segments|\$inited)$/);
    expect(attributes).toBe(
      namespace.endsWith('$inited') ? 'key,namespace' : 'item,key,namespace,version'
    );
  }
}

module.exports = { testThroughDynamoDB };

'use strict';

/**
 * Writes or reads a large data set, and prints in how many turns of the event loop that was turned
 * into JSON, or parsed, and how many characters there were in all and in one turn at most.
 *
 * Input: `table`, `options`, `method` (`init` or `all`), `data` for an init.
 */

const { DynamoDBFeatureStore } = require('../../../..');

const { table, options, method, data } = JSON.parse(process.argv[2]);
const { parse, stringify } = JSON;

let turn = 0;
/** @type {Map<number, number>} characters by turn */
const characters = new Map();

function note(text) {
  characters.set(turn, (characters.get(turn) || 0) + (text === undefined ? 0 : text.length));
}

function countTurns() {
  turn += 1;
  setImmediate(countTurns).unref();
}

/** @returns {Record<string, any>} flags of about 300 characters each */
function makeFlags({ flags, text }) {
  const keys = Array.from({ length: flags }, (_, i) => `flag-${i}`);
  return Object.fromEntries(keys.map((key) => [key, { key, version: 1, text }]));
}

const store = DynamoDBFeatureStore(table, options);
const features = data && makeFlags(data);
countTurns();
JSON.parse = (text, ...rest) => {
  if (method === 'all') note(text);
  return parse(text, ...rest);
};
JSON.stringify = (...args) => {
  const text = stringify(...args);
  if (method === 'init') note(text);
  return text;
};

function print(answer) {
  const counts = [...characters.values()];
  const all = counts.reduce((sum, count) => sum + count, 0);
  const result = { turns: counts.length, all, most: Math.max(...counts) };
  const items = answer ? Object.keys(answer).length : 0;
  process.stdout.write(stringify({ ...result, items }));
}

if (method === 'init') store.init({ features }, print);
else store.all({ namespace: 'features' }, print);

'use strict';

/**
 * Answers made at random: status lines, headers, bodies, error types and pages. Each comes of the seed and
 * its number. `FUZZ_SEED` sets the seed, `FUZZ_ANSWERS` how many there are.
 */

const assert = require('node:assert');
const { test } = require('node:test');

const { DynamoDBFeatureStore } = require('../..');
const { OF_OWN_CLIENT } = require('../support/connection');
const { FEATURES } = require('../support/data');
const { recordingLogger } = require('../support/logger');
const { promised, waitFor } = require('../support/wait');
const { FLAG_TEXT, SECRETS, answerFor, goodAnswer, startServer } = require('./fuzzed-answers');

const SEED = Number(process.env.FUZZ_SEED || 1);
const ANSWERS = Number(process.env.FUZZ_ANSWERS || 10_000);
const CALLERS = 60;
const ANSWERS_PER_STORE = 200;
const KEYS = 20;
const LONGEST_LINE = 2000;
/** Above what the process has before, the server and what it sends included. */
const MOST_MEMORY = 400 * 1024 * 1024;

const v = (key, version) => ({ key, version, text: FLAG_TEXT });

test('no answer does harm', OF_OWN_CLIENT, async (t) => {
  t.diagnostic(`seed ${SEED}, ${ANSWERS} answers`);
  let number = 0;
  let mostMemory = 0;
  const server = await startServer((request) => {
    number += 1;
    return number <= ANSWERS ? answerFor(SEED, number, request) : goodAnswer(request);
  });
  t.after(() => server.close());
  const before = process.memoryUsage().rss;
  const sampling = setInterval(() => {
    mostMemory = Math.max(mostMemory, process.memoryUsage().rss - before);
  }, 20);
  t.after(() => clearInterval(sampling));

  const logger = recordingLogger();
  const open = (cacheTTL) =>
    DynamoDBFeatureStore('flags', {
      cacheTTL,
      readTimeout: 1,
      writeTimeout: 1,
      logger,
      clientOptions: {
        endpoint: server.endpoint,
        region: 'eu-west-1',
        credentials: {
          accessKeyId: SECRETS.accessKeyId,
          secretAccessKey: SECRETS.secretAccessKey,
          sessionToken: SECRETS.sessionToken,
        },
      },
    });
  /** Stores in use. What DynamoDB refuses they don't ask for again soon, so others take their places. */
  let values = [];
  const close = () => {
    for (const value of values) value.close();
  };
  let renewed = -Infinity;
  const renew = () => {
    if (number - renewed < ANSWERS_PER_STORE) return;
    renewed = number;
    close();
    values = [open(0), open(1), open(0)];
  };
  t.after(close);

  let version = 0;
  let calls = 0;
  const caller = async (own) => {
    while (number < ANSWERS) {
      calls += 1;
      renew();
      const store = promised(values[(own + calls) % values.length]);
      const key = `flag-${calls % KEYS}`;
      version += 1;
      // A second callback, or none, fails the test.
      const call = [
        () => store.get(FEATURES, key),
        () => store.get(FEATURES, key),
        () => store.all(FEATURES),
        () => store.upsert(FEATURES, v(key, version)),
        () => store.delete(FEATURES, key, version),
        () => store.initialized(),
        () =>
          own === 0 ? store.init({ features: { [key]: v(key, version) } }) : store.all(FEATURES),
      ][(own + Math.floor(calls / KEYS)) % 7];
      await call();
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, (_, own) => caller(own)));
  t.diagnostic(
    `${calls} calls, ${logger.lines.length} lines, ${Math.round(mostMemory / 2 ** 20)} MB`
  );
  assert.ok(mostMemory < MOST_MEMORY, `it took ${mostMemory} bytes`);

  const good = promised(open(0));
  await waitFor(() => good.get(FEATURES, 'flag-1'), 'reads to work again');
  await good.upsert(FEATURES, v('flag-2', version + 1));
  await waitFor(() => good.stats().unsaved === 0, 'writes to work again');
  good.close();
  close();
  for (const { message } of logger.lines) checkLine(message);
});

/** A line is one, short and printable, and has no secret. */
function checkLine(line) {
  const shown = JSON.stringify(line.slice(0, LONGEST_LINE));
  for (const [name, secret] of Object.entries(SECRETS)) {
    assert.ok(!line.includes(secret), `${name} is in ${shown}`);
  }
  assert.ok(!line.includes(FLAG_TEXT), `a flag is in ${shown}`);
  assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/u, shown);
  assert.ok(line.length <= LONGEST_LINE, `${line.length} characters: ${shown}`);
}

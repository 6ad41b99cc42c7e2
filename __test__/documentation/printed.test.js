'use strict';

/**
 * The code in README.md and docs does what the pages say, as it is printed there: in an application outside any
 * project, with the packages as they are published. A block that can't be run says why, in a comment before it.
 */

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');

const { Unavailable } = require('../support/unavailable');
const { Application } = require('./application');
const { blocksOf } = require('./printed');
const { checkJson, checkYaml } = require('./run/data');
const { runChange, runJavaScript } = require('./run/javascript');
const { runShell } = require('./run/shell');
const { checkTypeScript } = require('./run/typescript');
const { kindsOfStats } = require('./stats-table');

const ROOT = path.join(__dirname, '..', '..');
const PAGES = [
  'README.md',
  ...fs.readdirSync(path.join(ROOT, 'docs')).map((name) => `docs/${name}`),
];
/** How a block of each language is run or checked. */
const RUNNERS = {
  diff: runChange,
  js: runJavaScript,
  json: checkJson,
  sh: runShell,
  ts: checkTypeScript,
  yaml: checkYaml,
};

const application = new Application();
before(() => application.prepare());
after(() => application.close());

/** @returns {ReturnType<typeof blocksOf>} */
const blocksIn = (page) => blocksOf(fs.readFileSync(path.join(ROOT, page), 'utf8'));

for (const page of PAGES.filter((name) => name.endsWith('.md'))) {
  for (const block of blocksIn(page)) {
    const { language, line, notRun } = block;
    const title = `${page}, line ${line}: ${language}`;
    test(title, { skip: notRun }, async (t) => {
      assert.ok(RUNNERS[language], `${language} can't be run; a comment before the block says why`);
      try {
        await RUNNERS[language](block, application);
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        t.skip(error.message);
      }
    });
  }
}

test('the metrics in docs/monitoring.md are the fields of stats(), each of its kind', async () => {
  const block = blocksIn('docs/monitoring.md').find(({ text }) => text.includes('prom-client'));
  const printed = await runJavaScript(block, application);
  const { '/': metrics } = JSON.parse(printed.trim().split('\n').pop());
  const kinds = metrics.matchAll(/^# TYPE flag_store_(\w+?)(?:_total)? (\w+)$/gm);
  const expected = Object.entries(kindsOfStats()).map(([name, kind]) => [
    name.replace('Units', '_units'),
    kind,
  ]);
  assert.deepStrictEqual([...kinds].map(([, ...pair]) => pair).sort(), expected.sort());
  // The harness has read one flag.
  assert.match(metrics, /^flag_store_misses_total 1$/m);
  assert.match(metrics, /^flag_store_requests_total\{operation="GetItem"\} 1$/m);
});

/** Blocks that are wrong, and what is said of each. */
const WRONG = [
  ['js', "require('dynamodb-feature-store').featureStore('YOUR TABLE NAME');", /not a function/],
  ['js', "DynamoDBFeatureStore('another-table');", /another-table/],
  ['js', "DynamoDBFeatureStore('YOUR TABLE NAME', { cacheTtl: 30 });", /cacheTtl/],
  ['diff', '-DynamoDBFeatureStore();\n+DynamoDBFeatureStore(;', /SyntaxError/],
  [
    'ts',
    "import { Store } from 'dynamodb-feature-store';\nexport const wrong: Store = 5;",
    /TS2322/,
  ],
  ['json', '{ "Statement": [{ "Action": ["dynamodb:GetItems"] }] }', /GetItems/],
  ['yaml', 'Resources:\n  FeatureFlags:\n    Type: AWS::DynamoDB::Tabel', /E3006|Python/],
  ['sh', 'npx dynamodb-feature-store check another-table', /another-table/],
];

for (const [language, text, said] of WRONG) {
  test(`a wrong block fails: ${language}, ${said}`, async () => {
    const block = { line: 0, language, text, notRun: undefined, inClone: false };
    await assert.rejects(async () => RUNNERS[language](block, application), said);
  });
}

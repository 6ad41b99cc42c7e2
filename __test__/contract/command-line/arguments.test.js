'use strict';

/**
 * Arguments, help and the version, which need no addon.
 */

const assert = require('node:assert');
const { test } = require('node:test');

const { version } = require('../../../package.json');
const { FAILED, FINE, MISUSED, run } = require('./command');

const { COMMANDS: KNOWN } = require('../../../lib/cli/arguments');

const COMMANDS = Object.keys(KNOWN);
/** An addon that can't be loaded. */
const NO_ADDON = { NAPI_RS_NATIVE_LIBRARY_PATH: '/no/such/addon.node' };

for (const [args, message] of [
  [[], ''],
  [['chekc', 'table'], 'unknown command chekc. Did you mean check?'],
  [['create', 'table'], 'unknown command create. Did you mean create-table?'],
  [['snyc', 'table'], 'unknown command snyc. Did you mean sync?'],
  [['toString'], 'unknown command toString.'],
  [['help', 'chekc'], 'unknown command chekc. Did you mean check?'],
  [['check'], "check: the table's name is missing."],
  [['get', 'table'], "get: the key's name is missing."],
  [['import', 'table'], "import: the file's name is missing."],
  [['diff', 'table'], "diff: the other table's name is missing."],
  [['export', 'table', '-o'], '--output takes a value.'],
  [['check', 'one', 'two'], 'check: "two" is one argument too many.'],
  [['sync', 'table', 'sdk-0123'], 'sync: an SDK key is one argument too many.'],
  [['check', 'table', '--prefxi', 'x'], 'unknown option --prefxi. Did you mean --prefix?'],
  [['check', 'table', '--prefxi=x'], 'unknown option --prefxi. Did you mean --prefix?'],
  [['check', 'table', '-p', 'x'], 'unknown option -p.'],
  [['check', '-table'], 'unknown option -table.'],
  [['check', 'table', '--colour'], 'unknown option --colour.'],
  [['check', 'table', '--\u202e'], 'unknown option "--\\u{202e}".'],
  [['check', 'table', '--toString'], 'unknown option --toString.'],
  [
    ['create-table', 'table', '--point'],
    'unknown option --point. Did you mean --point-in-time-recovery?',
  ],
  [['check', 'table', '--prefix'], '--prefix takes a value.'],
  [['check', 'table', '--json=yes'], '--json takes no value.'],
  [['check', 'table', '--region', ''], '--region must not be empty.'],
  [['list', 'table', '--kind', 'users'], '--kind is flags or segments, not "users".'],
  [['create-table', 'table', '--provisioned', '1'], '--provisioned takes 2 values.'],
  [
    ['create-table', 'table', '--provisioned', '1', '0'],
    '--provisioned takes two whole numbers above 0, not "0".',
  ],
  [['create-table', 'table', '--tag', 'team'], '--tag takes KEY=VALUE, not "team".'],
]) {
  test(`wrong arguments are an error: ${args.join(' ')}`, async () => {
    const { code, stdout, stderr } = await run(args, NO_ADDON);
    assert.strictEqual(code, MISUSED);
    if (args.length === 0) {
      assert.deepStrictEqual([stdout.split('\n')[0].slice(0, 6), stderr], ['Usage:', '']);
      return;
    }
    const known = COMMANDS.includes(args[0]) ? `${args[0]} ` : '';
    const help = `See: npx dynamodb-feature-store ${known}--help\n`;
    assert.ok(stderr.startsWith(message.replace(/\.$/, '')), stderr);
    assert.ok(stderr.endsWith(` ${help}`), stderr);
    assert.strictEqual(stderr.split('\n').length, 2);
  });
}

test('help and the version need no addon', async () => {
  const helps = COMMANDS.map((command) => [command, '--help']);
  for (const args of [['--help'], ['-h'], ['help'], ['help', 'check'], ['get', '-h'], ...helps]) {
    const { code, stdout, stderr } = await run(args, NO_ADDON);
    assert.deepStrictEqual([code, stderr], [FINE, '']);
    assert.match(stdout, /^Usage: npx dynamodb-feature-store /);
    assert.deepStrictEqual(
      stdout.split('\n').filter((line) => line.length > 80),
      []
    );
  }
  for (const args of [['--version'], ['version']]) {
    const expected = { code: FINE, stdout: `${version}\n`, stderr: '' };
    assert.deepStrictEqual(await run(args, NO_ADDON), expected);
  }
});

test('the help of each command has all its options, and examples', async () => {
  for (const [command, { options }] of Object.entries(KNOWN)) {
    const { stdout } = await run([command, '--help']);
    if (command === 'version') continue;
    const missing = Object.keys(options).filter((name) => !stdout.includes(`  --${name}`));
    assert.deepStrictEqual(missing, [], command);
    assert.match(stdout, new RegExp(`^Examples\n  npx dynamodb-feature-store ${command} `, 'm'));
  }
});

test('without the addon, a command fails in one line', async () => {
  const { code, stdout, stderr } = await run(['check', 'table'], NO_ADDON);
  assert.deepStrictEqual([code, stdout], [FAILED, '']);
  assert.match(stderr, /^dynamodb-feature-store: .*\n$/);
});

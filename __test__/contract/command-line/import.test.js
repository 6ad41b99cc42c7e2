'use strict';

/**
 * `import` on a real engine.
 */

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');

const { itemRow, markerRow } = require('../../support/data');
const dynamodb = require('../../support/dynamodb');
const { startProxy } = require('../../support/engine-proxy');
const { answerWith, failure } = require('../../support/faults');
const {
  FAILED,
  FINE,
  MISUSED,
  flag,
  noTerminal,
  run,
  runOnTerminal,
  useEngine,
} = require('./command');

const engine = useEngine();

/** Writes a file with this content. */
function fileWith(t, content, name = 'flags.json') {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'feature-store-import-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const file = path.join(folder, name);
  const isRaw = typeof content === 'string' || Buffer.isBuffer(content);
  fs.writeFileSync(file, isRaw ? content : JSON.stringify(content, undefined, 2));
  return file;
}

/** The rows of a table as `namespace key item`. */
async function itemsIn(table) {
  const rows = await dynamodb.rows(engine.endpoint, table);
  return rows.map(({ namespace, key, item }) =>
    [namespace.S, key.S, ...(item ? [item.S] : [])].join(' ')
  );
}

/** A text without its line breaks. */
const oneLine = (text) => text.trim().replace(/\s+/g, ' ');

const segment = { key: 's', version: 4, included: ['x'] };
const CONTENT = {
  flags: { same: flag('same'), changed: flag('changed', { version: 1 }) },
  flagValues: { short: { a: [1, null] } },
  segments: { s: segment },
};
const existing = () =>
  engine.tableWith([
    markerRow('p'),
    itemRow('p:features', { on: true, version: 2, key: 'same' }),
    itemRow('p:features', flag('changed', { version: 7, on: false })),
    itemRow('p:features', flag('gone')),
    itemRow('p:features', { key: 'tombstone', version: 3, deleted: true }),
    itemRow('features', flag('elsewhere')),
    itemRow('q:features', flag('elsewhere')),
  ]);
const SHORT =
  '{"key":"short","on":true,"fallthrough":{"variation":0},"variations":[{"a":[1,null]}],"version":1}';

test('import replaces what is under a prefix, and says so before it writes', async (t) => {
  const table = await existing();
  const file = fileWith(t, CONTENT);
  const { code, stdout, stderr } = await engine.run('import', table, file, '--prefix', 'p');
  assert.strictEqual(code, FINE, stderr);
  assert.strictEqual(
    oneLine(stderr),
    `Writes to the table "${table}" in eu-west-1 (${engine.endpoint}), under the prefix "p": ` +
      '3 puts, 2 deletes, 1 row unchanged.'
  );
  assert.strictEqual(oneLine(stdout), '3 rows put, 2 deleted, 1 unchanged.');
  assert.deepStrictEqual(await itemsIn(table), [
    `features elsewhere ${JSON.stringify(flag('elsewhere'))}`,
    'p:$inited p:$inited',
    `p:features changed ${JSON.stringify(CONTENT.flags.changed)}`,
    'p:features same {"on":true,"version":2,"key":"same"}',
    `p:features short ${SHORT}`,
    `p:segments s ${JSON.stringify(segment)}`,
    `q:features elsewhere ${JSON.stringify(flag('elsewhere'))}`,
  ]);
  const again = await engine.run('import', table, file, '--prefix', 'p', '--json');
  assert.strictEqual(again.code, FINE);
  assert.match(oneLine(again.stderr), /: 0 puts, 0 deletes, 4 rows unchanged\.$/);
  assert.deepStrictEqual(JSON.parse(again.stdout), {
    table,
    prefix: 'p',
    region: 'eu-west-1',
    endpoint: engine.endpoint,
    put: 0,
    deleted: 0,
    unchanged: 4,
  });
});

test('import into an empty table initialises it', async (t) => {
  const table = await engine.newTable();
  const { code, stderr } = await engine.run('import', table, fileWith(t, CONTENT));
  assert.strictEqual(code, FINE, stderr);
  assert.match(oneLine(stderr), /: 4 puts, 0 deletes, 0 rows unchanged, and the init marker\.$/);
  const checked = await engine.run('check', table);
  assert.strictEqual(checked.code, FINE, checked.stdout);
});

test('on a terminal, import shows paragraphs and a mark', { skip: noTerminal }, async (t) => {
  const table = await existing();
  const args = ['import', table, fileWith(t, CONTENT), '--prefix', 'p'];
  const { code, text } = await runOnTerminal([...args, '--endpoint', engine.endpoint], {
    NO_COLOR: '1',
  });
  assert.strictEqual(code, FINE, text);
  assert.match(text, /^Writes to the table "\S+" in eu-west-1\n/);
  assert.match(text, /^.*✓ 3 rows put, 2 deleted, 1 unchanged\.$/m);
  assert.ok(
    text.split('\n').every((line) => line.length <= 80),
    text
  );
});

test('--dry-run shows each row and writes nothing', async (t) => {
  const table = await existing();
  const before = await itemsIn(table);
  const file = fileWith(t, CONTENT);
  const proxy = await startProxy(engine.endpoint);
  t.after(() => proxy.close());
  const args = ['import', table, file, '--prefix', 'p', '--dry-run'];
  const { code, stdout, stderr } = await run([...args, '--endpoint', proxy.endpoint]);
  assert.deepStrictEqual([code, stderr], [FINE, '']);
  assert.deepStrictEqual(Object.keys(proxy.requests).sort(), ['GetItem', 'Query']);
  const [announced, list] = stdout.split('\n\n');
  assert.match(oneLine(announced), /^Would write to .*: 3 puts, 2 deletes, 1 row unchanged\.$/);
  assert.deepStrictEqual(
    list
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ {2,}/)),
    [
      ['write', 'kind', 'key', 'in the table', 'new'],
      ['put', 'segment', 's', '-', '4'],
      ['put', 'flag', 'changed', '7', '1'],
      ['put', 'flag', 'short', '-', '1'],
      ['delete', 'flag', 'gone', '2', '-'],
      ['delete', 'flag', 'tombstone', '3', '-'],
    ]
  );
  const json = await engine.run(...args, '--json');
  const { puts, deletes, unchanged, dryRun } = JSON.parse(json.stdout);
  assert.deepStrictEqual([puts.length, deletes.length, unchanged, dryRun], [3, 2, 1, true]);
  assert.deepStrictEqual(puts[1], { namespace: 'p:features', key: 'changed', version: 1, was: 7 });
  assert.deepStrictEqual(await itemsIn(table), before);
});

test('import stores the text of items without loss, and compact', async (t) => {
  const text =
    '{ "flags": { "__proto__": {"key": "__proto__",\n "variations": [9007199254740993, 1.0, "\\ud800"],' +
    ' "__proto__": { "a": 1 } } } }';
  const table = await engine.newTable();
  const { code, stderr } = await engine.run('import', table, fileWith(t, `\ufeff${text}`));
  assert.strictEqual(code, FINE, stderr);
  const [, item] = (await itemsIn(table)).sort();
  assert.strictEqual(
    item,
    'features __proto__ {"key":"__proto__","variations":[9007199254740993,1.0,"\\ud800"],' +
      '"__proto__":{"a":1},"version":1}'
  );
});

for (const [content, message] of [
  ['', 'it is not JSON: line 1, column 1: expected a value, not the end'],
  [
    '{\n  "flags": {},\n}',
    `it is not JSON: line 3, column 1: expected a member's name in double quotes, not "}"`,
  ],
  [
    '{"flags": {"a": {"key": "a"} "b"',
    'it is not JSON: line 1, column 30: expected a comma or }, not "\\""',
  ],
  ['{"flags": nul}', 'it is not JSON: line 1, column 11: expected a value, not "nul"'],
  ['{} {}', 'it is not JSON: line 1, column 4: expected the end, not "{"'],
  [
    '{"flags": {"a": {"key": "a", "x": 01}}}',
    'it is not JSON: line 1, column 35: expected a value, not "01"',
  ],
  ['['.repeat(100_000), 'it is not JSON: line 1, column 502: it is nested too deep'],
  [
    '{"flags": {"a": {"key": "a"}, "a": {}}}',
    'it is not JSON: line 1, column 31: the member "a" is there twice',
  ],
  [
    '{"flags": {"a": {"key": "a", "version": 1, "version": 2}}}',
    'it is not JSON: line 1, column 44: the member "version" is there twice',
  ],
  [Buffer.from('{}', 'utf16le'), 'it is not JSON: '],
  [Buffer.from([0x22, 0xff, 0x22]), 'it is not UTF-8'],
  [[], 'the content must be an object, not an array'],
  [{}, 'it has no flags and no segments, and an import would delete all'],
  [
    { flags: {}, segments: null },
    'it has no flags and no segments, and an import would delete all',
  ],
  [{ flagvalues: { a: 1 } }, 'there is no member "flagvalues": did you mean flagValues'],
  [{ flags: [] }, 'flags must be an object, not an array'],
  [{ flags: { a: 1 } }, 'flags.a must be an object, not a number'],
  [{ flags: { a: {} } }, 'flags.a.key is missing: it must be "a"'],
  [{ flags: { 'a b': { key: 'a' } } }, 'flags["a b"].key is "a": it must be "a b"'],
  [{ flags: { '': { key: '' } } }, 'flags[""]: the key is empty'],
  [{ flags: { '\ud800': 1 } }, 'flags["\\ud800"]: the key has half of a surrogate pair'],
  [{ flagValues: { ['x'.repeat(1025)]: 1 } }, 'flagValues.x'],
  [{ flags: { a: { key: 'a', version: '1' } } }, 'flags.a.version must be a whole number from 0'],
  [{ flags: { a: { key: 'a', version: null } } }, 'flags.a.version must be a whole number from 0'],
  [{ flags: { a: { key: 'a', on: 'yes' } } }, 'flags.a.on must be a boolean, not a string'],
  [
    { flags: { a: { key: 'a', rules: [{ clauses: [] }, { clauses: [{ values: 'x' }] }] } } },
    'flags.a.rules[1].clauses[0].values must be an array, not a string',
  ],
  [
    { segments: { s: { key: 's', included: {} } } },
    'segments.s.included must be an array, not an object',
  ],
  [{ flags: { a: { key: 'a' } }, flagValues: { a: 1 } }, 'flagValues.a is also in flags'],
]) {
  const title = Buffer.isBuffer(content) ? content.toString('hex') : JSON.stringify(content);
  test(`a bad file is an error in one line: ${title.slice(0, 60)}`, async (t) => {
    const file = fileWith(t, content);
    // Nothing listens there: the file is read first.
    const { code, stdout, stderr } = await run([
      'import',
      't',
      file,
      '--endpoint',
      'http://127.0.0.1:1',
    ]);
    assert.deepStrictEqual([code, stdout], [FAILED, '']);
    assert.ok(stderr.startsWith(`file ${JSON.stringify(file)}: ${message}`), stderr);
    assert.strictEqual(stderr.split('\n').length, 2);
  });
}

test('a file that is not there, and one in YAML, are errors in one line', async (t) => {
  const missing = await run(['import', 't', '/no/such/file']);
  assert.strictEqual(missing.code, MISUSED);
  assert.match(missing.stderr, /^can't read the file "\/no\/such\/file": ENOENT.*\n$/);
  const yaml = await run(['import', 't', fileWith(t, 'flags:\n  a: 1\n', 'flags.yaml')]);
  assert.strictEqual(yaml.code, FAILED);
  assert.match(
    yaml.stderr,
    /: it is not JSON: .*YAML is not supported: convert the file to JSON\n$/
  );
});

test('a file that is too large for a text is an error in one line', async (t) => {
  const file = fileWith(t, '');
  fs.truncateSync(file, 600 * 2 ** 20);
  const { code, stderr } = await run(['import', 't', file]);
  assert.strictEqual(code, MISUSED);
  assert.match(stderr, /^can't read the file ".*": it is larger than \d+ MiB\. See: .*\n$/);
});

test('an item that is too large is an error before anything is written', async (t) => {
  const table = await existing();
  const before = await itemsIn(table);
  const large = { flags: { ...CONTENT.flags, large: flag('large', { x: 'x'.repeat(400_000) }) } };
  const { code, stderr } = await engine.run('import', table, fileWith(t, large), '--prefix', 'p');
  assert.strictEqual(code, FAILED);
  assert.match(
    stderr,
    /^file ".*": the flag "large" would be over the size limit\. Use segments .*\n$/
  );
  assert.deepStrictEqual(await itemsIn(table), before);
});

test('without the permission to write, import says which one is missing', async (t) => {
  const table = await existing();
  const proxy = await startProxy(engine.endpoint);
  t.after(() => proxy.close());
  proxy.intercept(answerWith(failure(400, 'AccessDeniedException'), 'BatchWriteItem'));
  const args = ['import', table, fileWith(t, CONTENT), '--endpoint', proxy.endpoint];
  const { code, stdout, stderr } = await run([...args, '--prefix', 'p']);
  assert.deepStrictEqual([code, stdout], [FAILED, '']);
  const [announced, message] = stderr.split(/\n(?=table )/);
  assert.match(oneLine(announced), /^Writes to .*unchanged\.$/);
  assert.match(
    message,
    /^table "\S+": dynamodb:BatchWriteItem .* Import again to write the rest.*\n$/
  );
});

'use strict';

/**
 * The codes of log lines and errors are the same in the code, the types and docs/operating.md. TypeScript checks the
 * codes that JavaScript uses. Needs no addon.
 */

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const { codeWithoutTests, textsIn } = require('./source-texts');

const ROOT = path.join(__dirname, '..', '..');
const read = (name) => fs.readFileSync(path.join(ROOT, name), 'utf8');
const CODE = /^[A-Z]+(_[A-Z]+)*$/;

const native = textsIn(read('src/error/codes.rs'), 'rs').filter((text) => CODE.test(text));
const used = codeWithoutTests(ROOT, ['lib']).flatMap((file) => textsIn(file.code, 'js'));

/** @returns {string[]} the codes of a type, each of which has a description */
function declared(type) {
  const [, members] = new RegExp(`\\n  type ${type} =\\n([^;]*);`).exec(read('index.d.ts')) || [];
  assert.ok(members, type);
  const described = [...members.matchAll(/\/\*\* \S[^*]*\. \*\/\n +\| '(\w+)'/g)];
  const codes = described.map(([, code]) => code);
  assert.strictEqual(
    codes.length,
    members.match(/\| '/g)?.length,
    `${type}: not all are described`
  );
  return codes;
}

const types = [...declared('ErrorCode'), ...declared('LogCode')];
const [, section] = read('docs/operating.md').split(/\n### Codes\n|\n### Every line\n/);
const documented = [...section.matchAll(/^\| `(\w+)`/gm)].map(([, code]) => code);

test('the page lists the codes of the types, in the same order', () => {
  assert.deepStrictEqual(documented, types);
  assert.strictEqual(new Set(types).size, types.length);
});

test('the types have each code of native code', () => {
  assert.ok(native.length > 20, `${native.length}`);
  assert.deepStrictEqual(
    native.filter((code) => !types.includes(code)),
    []
  );
});

test('each code of the types is in native code or JavaScript', () => {
  assert.deepStrictEqual(
    types.filter((code) => !native.includes(code) && !used.includes(code)),
    []
  );
});

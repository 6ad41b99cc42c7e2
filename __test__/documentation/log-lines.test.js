'use strict';

/**
 * docs/operating.md has each line that the package logs, and each cause that a line gives; docs/sync.md has the errors of
 * a sync. They have no others. Texts are compared by their longest fixed piece: what stands between placeholders. Needs
 * no addon.
 */

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const {
  callsOf,
  codeWithoutTests,
  declaredTexts,
  fixedPieces,
  textsIn,
} = require('./source-texts');

const ROOT = path.join(__dirname, '..', '..');

/** What takes a line, or a warning that becomes one. */
const LOGS = [
  'log_failure',
  'Line::error',
  'Line::warn',
  'Line::request',
  'Line::failed',
  'logs.log',
  'logs.defect',
  'warnings.push',
  // Whose panics are logged by this name.
  'Task::new',
];
/** What takes a cause: the text behind `failed:` in a line. */
const CAUSES = [
  'Error::new',
  'foreign_answer',
  'not_in_time',
  'mixed_up',
  'invalid',
  'unreadable',
  'new CallError',
];
/** What a line says was being done stands in a text of its own, which begins like this. */
const OPERATION = /^(checking|closing|deleting|initialising|reading|saving|writing) /;
/** Only the command line fails with these causes. It prints them, and logs nothing. */
const COMMAND_LINE = /^(src\/inspection|src\/dynamodb\/aws\/administration|lib\/cli)\b/;
/** A shorter piece says nothing of which line it is. */
const SHORTEST_PIECE = 9;

const files = codeWithoutTests(ROOT, ['src', 'lib']);
const logged = files.filter(({ name }) => !COMMAND_LINE.test(name));

const operating = fs.readFileSync(path.join(ROOT, 'docs', 'operating.md'), 'utf8');
const sync = fs.readFileSync(path.join(ROOT, 'docs', 'sync.md'), 'utf8');
const page = operating.split('\n## Log lines\n')[1] + sync.split('\n## Errors\n')[1];
/** The texts in the first columns of its tables. */
const listed = [...page.matchAll(/^\|(.*?)\|/gm)].flatMap(([, cell]) =>
  [...cell.matchAll(/`(.+?)`/g)].map(([, text]) => text)
);

const longest = (text) => {
  const [piece = ''] = fixedPieces(text).sort((a, b) => b.length - a.length);
  return piece;
};

/** The texts of calls, of variables that they name, and of what was being done. */
function textsOf(file) {
  const calls = callsOf(file, [...LOGS, ...CAUSES]);
  const texts = calls.flatMap((call) => [
    ...textsIn(call, file.language),
    ...declaredTexts(call, file),
  ]);
  const isRust = file.language === 'rs';
  return isRust
    ? [...texts, ...textsIn(file.code, 'rs').filter((each) => OPERATION.test(each))]
    : texts;
}

test('each line that is logged, and each cause, is on the page', () => {
  const texts = logged.flatMap(textsOf);
  assert.ok(texts.length > 100, `${texts.length}`);
  const missing = new Set(
    texts.filter((text) => {
      const piece = longest(text);
      // One without a space is the name of an option or of an error.
      return piece.length >= SHORTEST_PIECE && piece.includes(' ') && !page.includes(piece);
    })
  );
  assert.deepStrictEqual([...missing], []);
});

test('each text on the page is in the code', () => {
  assert.ok(listed.length > 100, `${listed.length}`);
  const code = files.flatMap((file) => textsIn(file.code, file.language));
  const unknown = listed.filter((line) => {
    // What was being done stands in a text of its own.
    const piece = longest(line.replace(/( failed)?: …$/, ''));
    return !piece || !code.some((text) => text.includes(piece));
  });
  assert.deepStrictEqual(unknown, []);
});

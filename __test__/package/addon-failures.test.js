'use strict';

/** Where the addon can't be loaded, an error says why, and what to do about it. */

const assert = require('node:assert');
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');

const { buildSync } = require('esbuild');

const { layOutPublished } = require('../support/node-modules');

const NAME = 'dynamodb-feature-store';
const VARIABLE = 'NAPI_RS_NATIVE_LIBRARY_PATH';
const REQUIRE = `require('${NAME}');\n`;
/** Opens files until no more can be opened. */
const EXHAUST = `
  const held = [];
  try {
    for (;;) held.push(require('fs').openSync(__filename));
  } catch {}
  try {
    ${REQUIRE}
  } finally {
    for (const file of held) require('fs').closeSync(file);
  }`;

/** @type {string} an application with the published package */
let application;
before(() => {
  application = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'addon-failures-')));
  layOutPublished(path.join(application, 'node_modules'));
});
after(() => fs.rmSync(application, { recursive: true }));

/** @returns {string} its path in the application */
function write(name, text) {
  const file = path.join(application, name);
  fs.writeFileSync(file, text);
  return file;
}

/** @returns {string} a file of the application with the package and this code in it, next to the addon */
function bundled(name, code) {
  buildSync({
    stdin: { contents: code, resolveDir: application },
    outfile: path.join(application, name),
    bundle: true,
    platform: 'node',
    loader: { '.node': 'copy' },
    logLevel: 'error',
  });
  return path.join(application, name);
}

/** @returns {Promise<string>} the error with which the program ends */
function failureOf(program, args, variables = {}) {
  const { NODE_OPTIONS: _, NODE_TEST_CONTEXT: __, ...own } = process.env;
  const options = { cwd: application, env: { ...own, ...variables } };
  return new Promise((resolve, reject) => {
    execFile(program, args, options, (failure, _stdout, stderr) => {
      const [line] = /^Error: .*$/m.exec(stderr) || [];
      if (failure && line) resolve(line);
      else reject(new Error(`no failure: ${stderr}`));
    });
  });
}

const inNode = (args, variables) => failureOf(process.execPath, args, variables);

test(`${VARIABLE} that names nothing`, async () => {
  const missing = path.join(application, 'missing.node');
  const error = await inNode(['-e', REQUIRE], { [VARIABLE]: missing });
  const named = JSON.stringify(missing);
  assert.ok(
    error.includes(`the variable ${VARIABLE} names ${named}, which does not exist. `),
    error
  );
  assert.match(error, /\. Correct or remove the variable\.$/);
});

test(`${VARIABLE} that names something else`, async () => {
  const error = await inNode(['-e', REQUIRE], { [VARIABLE]: write('text.node', 'no library') });
  assert.match(error, /names ".*text\.node", which can't be loaded: ./);
  assert.match(error, /\. Correct or remove the variable\.$/);
});

test('a Node.js that loads no addons', async () => {
  const error = await inNode(['--no-addons', '-e', REQUIRE]);
  assert.match(error, /: Node\.js does not load addons here\. Start it without --no-addons /);
  assert.doesNotMatch(error, /install/i);
});

test('a startup snapshot', async () => {
  const file = bundled('snapshot.js', REQUIRE);
  const blob = path.join(application, 'snapshot.blob');
  const error = await inNode(['--snapshot-blob', blob, '--build-snapshot', file]);
  assert.match(
    error,
    /: require loads only modules of Node\.js here, as in .* a startup snapshot\. /
  );
  assert.match(error, /load it with createRequire /);
  assert.doesNotMatch(error, /install/i);
});

test('no file descriptors', { skip: process.platform === 'win32' }, async () => {
  const file = bundled('exhaust.js', EXHAUST);
  const limited = ['-c', 'ulimit -n 64; exec "$0" "$1"', process.execPath, file];
  const error = await failureOf('bash', limited);
  assert.match(error, /: the process can open no more files \(EMFILE\)\. Raise its limit /);
  assert.doesNotMatch(error, /install/i);
});

test('a bundle without the .node file', async () => {
  const file = bundled('alone.js', REQUIRE);
  const folder = fs.mkdtempSync(path.join(application, 'alone-'));
  const copy = path.join(folder, 'alone.js');
  fs.copyFileSync(file, copy);
  const error = await inNode([copy]);
  assert.match(error, /: it is not installed\. .*in a bundle, .*have its \.node file copied/);
});

'use strict';

/**
 * Applications of SDK 9 that a bundler has put into one file, in a folder with nothing else.
 */

const assert = require('node:assert');
const fs = require('node:fs');
const { createRequire } = require('node:module');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');

const { SCRIPTS, runChild } = require('../helpers/child');
const { FEATURES } = require('../helpers/data');
const { scenes } = require('../helpers/scene');
const { clauseFlag } = require('../end-to-end/flags');

const newScene = scenes();
const load = createRequire(path.join(__dirname, 'package.json'));

const ENTRY = path.join(__dirname, 'app.js');
const NAME = 'dynamodb-feature-store';
const PACKAGE = path.join(__dirname, '..', '..');

/** Each bundles the application into a folder. */
const BUNDLERS = {
  async esbuild(folder) {
    await load('esbuild').build({
      entryPoints: [ENTRY],
      outfile: path.join(folder, 'app.js'),
      alias: { [NAME]: PACKAGE },
      bundle: true,
      platform: 'node',
      minify: true,
      loader: { '.node': 'copy' },
      logLevel: 'silent',
    });
  },

  async webpack(folder) {
    const webpack = load('webpack');
    const configuration = {
      mode: 'production',
      target: 'node',
      entry: ENTRY,
      output: { path: folder, filename: 'app.js' },
      resolve: { alias: { [NAME]: PACKAGE } },
      module: { rules: [{ test: /\.node$/, loader: load.resolve('node-loader') }] },
      node: { __dirname: false },
    };
    const stats = await new Promise((resolve, reject) => {
      webpack(configuration, (failure, result) => (failure ? reject(failure) : resolve(result)));
    });
    assert.deepStrictEqual(stats.toJson({ all: false, errors: true }).errors, []);
  },
};

for (const [name, bundle] of Object.entries(BUNDLERS)) {
  test(`a bundle made by ${name} runs with the option sdk, and asks for it without`, async (t) => {
    const scene = await newScene(t);
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bundle-'));
    t.after(() => fs.rmSync(folder, { recursive: true }));
    const flag = clauseFlag('by-country', { attribute: 'country', op: 'in', values: ['DE'] });
    await scene.open().upsert(FEATURES, flag);
    await bundle(folder);

    const app = path.relative(SCRIPTS, path.join(fs.realpathSync(folder), 'app.js'));
    const input = { table: scene.table, endpoint: scene.engine };
    const { code, stdout, stderr } = await runChild(app, { ...input, withSdk: true });
    assert.deepStrictEqual({ code, stdout }, { code: 0, stdout: 'true\n' }, stderr);
    const without = await runChild(app, { ...input, withSdk: false });
    assert.strictEqual(without.code, 1);
    assert.match(without.stderr, /can't be found, as in a bundle.*the option sdk/);
  });
}

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

const { SCRIPTS, runChild } = require('../../support/child');
const { FEATURES } = require('../../support/data');
const { scenes } = require('../../support/scene');
const { clauseFlag } = require('../../support/flags');

const newScene = scenes();
const load = createRequire(path.join(__dirname, 'package.json'));

const ENTRY = path.join(__dirname, 'app.js');
const NAME = 'dynamodb-feature-store';
const PACKAGE = path.join(__dirname, '..', '..', '..');

/**
 * Each bundles the application into a folder, with the package in it or left out.
 *
 * @type {Record<string, (folder: string, isLeftOut: boolean) => Promise<void>>}
 */
const BUNDLERS = {
  async esbuild(folder, isLeftOut) {
    const inside = { alias: { [NAME]: PACKAGE }, loader: { '.node': 'copy' } };
    await load('esbuild').build({
      entryPoints: [ENTRY],
      outfile: path.join(folder, 'app.js'),
      bundle: true,
      platform: 'node',
      minify: true,
      logLevel: 'silent',
      ...(isLeftOut ? { external: [NAME] } : inside),
    });
  },

  async webpack(folder, isLeftOut) {
    const webpack = load('webpack');
    const inside = {
      resolve: { alias: { [NAME]: PACKAGE } },
      module: { rules: [{ test: /\.node$/, loader: load.resolve('node-loader') }] },
      node: { __dirname: false },
    };
    const configuration = {
      mode: 'production',
      target: 'node',
      entry: ENTRY,
      output: { path: folder, filename: 'app.js' },
      ...(isLeftOut ? { externals: { [NAME]: `commonjs ${NAME}` } } : inside),
    };
    const stats = await new Promise((resolve, reject) => {
      webpack(configuration, (failure, result) => (failure ? reject(failure) : resolve(result)));
    });
    assert.deepStrictEqual(stats.toJson({ all: false, errors: true }).errors, []);
  },
};

for (const [name, bundle] of Object.entries(BUNDLERS)) {
  for (const isLeftOut of [false, true]) {
    const what = isLeftOut ? 'without the package' : 'with the package in it';
    test(`a bundle made by ${name}, ${what}, needs the option sdk and runs with it`, async (t) => {
      const scene = await newScene(t);
      const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'bundle-')));
      t.after(() => fs.rmSync(folder, { recursive: true }));
      const flag = clauseFlag('by-country', { attribute: 'country', op: 'in', values: ['DE'] });
      await scene.open().upsert(FEATURES, flag);
      await bundle(folder, isLeftOut);
      if (isLeftOut) installIn(folder);

      const app = path.relative(SCRIPTS, path.join(folder, 'app.js'));
      const input = { table: scene.table, endpoint: scene.engine };
      const { code, stdout, stderr } = await runChild(app, { ...input, withSdk: true });
      assert.deepStrictEqual({ code, stdout }, { code: 0, stdout: 'true\n' }, stderr);
      const without = await runChild(app, { ...input, withSdk: false });
      assert.strictEqual(without.code, 1);
      assert.match(without.stderr, /can't be found, as in a bundle.*the option sdk/);
    });
  }

  test(`a bundle made by ${name} without the package says that it is missing`, async (t) => {
    const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'bundle-')));
    t.after(() => fs.rmSync(folder, { recursive: true }));
    await bundle(folder, true);
    const app = path.relative(SCRIPTS, path.join(folder, 'app.js'));
    const { code, stderr } = await runChild(app, {});
    assert.notStrictEqual(code, 0);
    assert.match(stderr, new RegExp(`Cannot find module '${NAME}'`));
  });
}

/**
 * Puts a copy of the package next to a bundle, with nothing beside it from which an SDK could be found.
 *
 * @param {string} folder
 */
function installIn(folder) {
  const copy = path.join(folder, 'node_modules', NAME);
  fs.mkdirSync(copy, { recursive: true });
  const files = fs
    .readdirSync(PACKAGE)
    .filter((name) => /^(binding|index)\.js$|\.node$/.test(name));
  for (const name of files) fs.copyFileSync(path.join(PACKAGE, name), path.join(copy, name));
  fs.cpSync(path.join(PACKAGE, 'lib'), path.join(copy, 'lib'), { recursive: true });
}

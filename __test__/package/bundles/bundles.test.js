'use strict';

/**
 * Applications of SDK 9 that a bundler has put into one file, with the packages as they are published, in a
 * folder with nothing else.
 */

const assert = require('node:assert');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const { createRequire } = require('node:module');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');

const { SCRIPTS, runChild } = require('../../support/child');
const { FEATURES } = require('../../support/data');
const { scenes } = require('../../support/scene');
const { clauseFlag } = require('../../support/flags');

const newScene = scenes();
const load = createRequire(path.join(__dirname, 'package.json'));

const ENTRY = path.join(__dirname, 'app.js');
const NAME = 'dynamodb-feature-store';
const ROOT = path.join(__dirname, '..', '..', '..');

/** @type {string} a node_modules folder with the package and that of this platform, and nothing else */
let modules;
before(() => {
  modules = path.join(newFolder('packages-'), 'node_modules');
  const script = path.join(ROOT, 'scripts', 'packages.js');
  execFileSync(process.execPath, [script, '--addons', ROOT, '--out', modules], { stdio: 'pipe' });
  for (const name of fs.readdirSync(modules)) {
    const inside = path.join(modules, name);
    const manifest = JSON.parse(fs.readFileSync(path.join(inside, 'package.json'), 'utf8'));
    fs.renameSync(inside, path.join(modules, manifest.name));
  }
});

after(() => {
  fs.rmSync(path.dirname(modules), { recursive: true });
});

/** @returns {string} */
function newFolder(prefix) {
  return fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), prefix)));
}

/**
 * Each bundles the application into a folder, with the package in it or left out.
 *
 * @type {Record<string, (folder: string, isLeftOut: boolean) => Promise<void>>}
 */
const BUNDLERS = {
  async esbuild(folder, isLeftOut) {
    const inside = { alias: { [NAME]: path.join(modules, NAME) }, loader: { '.node': 'copy' } };
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
      resolve: { alias: { [NAME]: path.join(modules, NAME) } },
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
      const folder = newFolder('bundle-');
      t.after(() => fs.rmSync(folder, { recursive: true }));
      const flag = clauseFlag('by-country', { attribute: 'country', op: 'in', values: ['DE'] });
      await scene.open().upsert(FEATURES, flag);
      await bundle(folder, isLeftOut);
      // Nothing beside it from which an SDK could be found.
      if (isLeftOut) fs.cpSync(modules, path.join(folder, 'node_modules'), { recursive: true });

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
    const folder = newFolder('bundle-');
    t.after(() => fs.rmSync(folder, { recursive: true }));
    await bundle(folder, true);
    const app = path.relative(SCRIPTS, path.join(folder, 'app.js'));
    const { code, stderr } = await runChild(app, {});
    assert.notStrictEqual(code, 0);
    assert.match(stderr, new RegExp(`Cannot find module '${NAME}'`));
  });
}

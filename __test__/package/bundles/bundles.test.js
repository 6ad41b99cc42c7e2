'use strict';

/**
 * The application in docs/bundlers.md, bundled as the page says, in a folder that has nothing but what is deployed.
 */

const assert = require('node:assert');
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const { createRequire } = require('node:module');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { promisify } = require('node:util');

const { runChild } = require('../../support/child');
const { FEATURES } = require('../../support/data');
const { codeOf, runCommand } = require('../../support/documented');
const { clauseFlag } = require('../../support/flags');
const { copyPackages, layOutPublished, linkPackages } = require('../../support/node-modules');
const { scenes } = require('../../support/scene');

const run = promisify(execFile);
const newScene = scenes();

const NAME = 'dynamodb-feature-store';
const SDK = '@launchdarkly/node-server-sdk';
/** The bundlers, and the SDK. */
const TOOLS = path.join(__dirname, 'node_modules');
const load = createRequire(path.join(TOOLS, 'package.json'));
const { files, commands } = codeOf('docs/bundlers.md');
const skip = process.platform === 'win32' && 'the commands are for other shells';

/** @type {string} has this package as it is published */
let published;
before(() => {
  published = path.join(newFolder('packages-'), 'node_modules');
  layOutPublished(published);
});
after(() => fs.rmSync(path.dirname(published), { recursive: true }));

/** @returns {string} */
function newFolder(prefix) {
  return fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), prefix)));
}

/** Bundles with the command of the page that contains all these words. */
const command =
  (...words) =>
  (project) =>
    runCommand(commands, words, project);

/** Bundles with webpack or Rspack. */
const webpack = (name, configuration) => async (project) => {
  const bundler = load(name);
  const stats = await promisify(bundler)({
    ...require(path.join(project, configuration)),
    context: project,
  });
  const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
  assert.deepStrictEqual([errors, warnings], [[], []]);
};

/** Bundles with Rollup. */
async function rollup(project) {
  const program = path.join(TOOLS, 'rollup', 'dist', 'bin', 'rollup');
  const args = [program, '--config', 'rollup.config.mjs'];
  const { stderr } = await run(process.execPath, args, { cwd: project });
  assert.doesNotMatch(stderr, /warn|\(!\)/i);
}

/**
 * What bundles the application in a project's folder, and what is left out of the bundle.
 *
 * @type {Record<string, {file: string, bundle: (project: string) => Promise<void>, leftOut?: string[]}>}
 */
const BUNDLES = {
  esbuild: { file: 'app.js', bundle: command('esbuild', 'dist/app.js') },
  'esbuild, as an ES module': { file: 'app.mjs', bundle: command('esbuild', '--banner') },
  'esbuild, without both packages': {
    file: 'app.mjs',
    bundle: command('esbuild', `--external:${SDK}`),
    leftOut: [NAME, SDK],
  },
  webpack: { file: 'app.js', bundle: webpack('webpack', 'webpack.config.js') },
  'webpack, without the package': {
    file: 'app.js',
    bundle: webpack('webpack', 'webpack.external.config.js'),
    leftOut: [NAME],
  },
  Rspack: { file: 'app.js', bundle: webpack('@rspack/core', 'webpack.config.js') },
  'Rspack, without the package': {
    file: 'app.js',
    bundle: webpack('@rspack/core', 'webpack.external.config.js'),
    leftOut: [NAME],
  },
  ncc: { file: 'index.js', bundle: command('ncc') },
  'Rollup, without the package': { file: 'app.mjs', bundle: rollup, leftOut: [NAME] },
};

/** A folder in which all packages are installed, with the files of the page. */
function newProject(table) {
  const project = newFolder('project-');
  const modules = path.join(project, 'node_modules');
  fs.cpSync(published, modules, { recursive: true });
  linkPackages(TOOLS, modules);
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(project, name)), { recursive: true });
    fs.writeFileSync(path.join(project, name), text.replace('YOUR TABLE NAME', table));
  }
  return project;
}

/**
 * Bundles the application, and moves the bundle to a folder of its own.
 *
 * @param {import('node:test').TestContext} t
 * @param {(typeof BUNDLES)[string]} how
 * @param {{withSdk?: boolean}} [options] whether the application passes the SDK
 */
async function deploy(t, { file, bundle, leftOut = [] }, { withSdk = true } = {}) {
  const scene = await newScene(t);
  const flag = clauseFlag('my-flag', { attribute: 'country', op: 'in', values: ['DE'] });
  await scene.open().upsert(FEATURES, flag);
  const project = newProject(scene.table);
  if (!withSdk) {
    const text = fs.readFileSync(path.join(project, 'app.js'), 'utf8');
    fs.writeFileSync(path.join(project, 'app.js'), text.replace('sdk: LaunchDarkly', 'sdk: null'));
  }
  await bundle(project);
  const folder = newFolder('deployed-');
  t.after(() => fs.rmSync(folder, { recursive: true }));
  fs.cpSync(path.join(project, 'dist'), folder, { recursive: true });
  fs.rmSync(project, { recursive: true });
  const modules = path.join(folder, 'node_modules');
  if (leftOut.includes(NAME)) fs.cpSync(published, modules, { recursive: true });
  if (leftOut.includes(SDK)) copyPackages(TOOLS, modules, [SDK]);
  const env = { AWS_ENDPOINT_URL_DYNAMODB: scene.engine };
  return { folder, run: () => runChild(path.join(folder, file), {}, env) };
}

for (const [name, how] of Object.entries(BUNDLES)) {
  test(`a bundle made by ${name} runs`, { skip }, async (t) => {
    const deployed = await deploy(t, how);
    const { code, stdout, stderr } = await deployed.run();
    assert.deepStrictEqual({ code, stdout }, { code: 0, stdout: 'true\n' }, stderr);
    assert.doesNotMatch(stderr, /warn/i);
  });
}

test('a bundle with the SDK in it needs the option sdk', { skip }, async (t) => {
  const deployed = await deploy(t, BUNDLES.esbuild, { withSdk: false });
  const { code, stderr } = await deployed.run();
  assert.strictEqual(code, 1);
  assert.match(stderr, /can't be found, as in a bundle.*the option sdk/);
});

test('a bundle that finds another copy of the SDK warns of it once', { skip }, async (t) => {
  const deployed = await deploy(t, BUNDLES.esbuild, { withSdk: false });
  copyPackages(TOOLS, path.join(deployed.folder, 'node_modules'), [SDK]);
  const { code, stdout, stderr } = await deployed.run();
  assert.deepStrictEqual({ code, stdout }, { code: 0, stdout: 'true\n' }, stderr);
  const warnings = stderr.split('\n').filter((line) => line.startsWith('warn: '));
  assert.strictEqual(warnings.length, 1, stderr);
  const file = path.join(deployed.folder, 'app.js');
  assert.ok(warnings[0].includes(`The copy that ${file} loads takes its place`), stderr);
});

test('SDKs that are left out need no option', { skip }, async (t) => {
  const how = BUNDLES['esbuild, without both packages'];
  const deployed = await deploy(t, how, { withSdk: false });
  const { code, stdout, stderr } = await deployed.run();
  assert.deepStrictEqual({ code, stdout }, { code: 0, stdout: 'true\n' }, stderr);
  assert.doesNotMatch(stderr, /warn/i);
});

test('a bundle without the package says that it is missing', { skip }, async (t) => {
  const deployed = await deploy(t, { ...BUNDLES['webpack, without the package'], leftOut: [] });
  const { code, stderr } = await deployed.run();
  assert.notStrictEqual(code, 0);
  assert.match(stderr, new RegExp(`Cannot find module '${NAME}'`));
});

'use strict';

/**
 * The packages as they are published, in applications that have nothing else: no Rust, no network.
 */

const assert = require('node:assert');
const { execFile, execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { promisify } = require('node:util');

const { SDKS } = require('../end-to-end/sdks');
const { FEATURES, itemRow, markerRow } = require('../helpers/data');
const { AWS_ENVIRONMENT } = require('../helpers/environment');
const { scenes } = require('../helpers/scene');
const { flag } = require('../end-to-end/flags');

const newScene = scenes();

const ROOT = path.join(__dirname, '..', '..');
const NAME = 'dynamodb-feature-store';
const { version } = require('../../package.json');
/** What this package consists of besides the addon. */
const FILES = [
  /^CHANGELOG\.md$/,
  /^LICENSE$/,
  /^README\.md$/,
  /^bin\/dynamodb-feature-store\.js$/,
  /^binding\.js$/,
  /^docs\/[\w-]+\.(md|svg)$/,
  /^index\.(js|d\.ts)$/,
  /^lib\/([\w-]+\/)?[\w-]+\.js$/,
  /^package\.json$/,
];
const LARGEST = 400_000;
/** The addon, with a margin; what is published is smaller than what `npm run build` makes. */
const LARGEST_ADDON = 20_000_000;

let folder;
/** @type {string} the platform's package */
let platform;
/** @type {Record<string, string>} tarballs */
const tarballs = {};

before(() => {
  folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'package-')));
  const out = path.join(folder, 'packages');
  const script = path.join(ROOT, 'scripts', 'packages.js');
  execFileSync(process.execPath, [script, '--addons', ROOT, '--out', out], { stdio: 'pipe' });
  [platform] = fs.readdirSync(out).filter((name) => name !== 'main');
  for (const name of ['main', platform]) {
    const args = ['pack', path.join(out, name), '--json', '--pack-destination', folder];
    const [{ filename }] = JSON.parse(run('npm', args, folder));
    tarballs[name] = path.join(folder, filename);
  }
});

after(() => fs.rmSync(folder, { recursive: true }));

/** Whoever installs it has no Rust, and none of our settings. */
function environment(more = {}) {
  const programs = path.join(folder, 'programs');
  if (!fs.existsSync(programs)) {
    fs.mkdirSync(programs);
    fs.symlinkSync(process.execPath, path.join(programs, 'node'));
  }
  const PATH = [programs, path.dirname(process.execPath), '/usr/bin', '/bin'].join(path.delimiter);
  const { NODE_TEST_CONTEXT: _, CARGO_HOME: __, RUSTUP_HOME: ___, ...env } = process.env;
  return { ...env, ...AWS_ENVIRONMENT, PATH, npm_config_loglevel: 'error', ...more };
}

/** @returns {string} what it printed */
function run(command, args, cwd) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    env: environment(),
  });
  assert.strictEqual(status, 0, `${command} ${args.join(' ')}: ${stderr}${stdout}`);
  return stdout;
}

/** An application's empty folder. */
function newApplication() {
  const application = fs.mkdtempSync(path.join(folder, 'application-'));
  fs.writeFileSync(path.join(application, 'package.json'), '{"private": true}\n');
  return application;
}

function install(application, ...packages) {
  const quiet = ['--offline', '--no-audit', '--no-fund'];
  run('npm', ['install', ...quiet, ...packages], application);
}

/** An application with the package, and that of this platform, installed by npm. */
function installed() {
  const application = newApplication();
  install(application, tarballs.main, tarballs[platform]);
  return application;
}

function runScript(application, name, text) {
  fs.writeFileSync(path.join(application, name), text);
  return run(process.execPath, [name], application);
}

/** @returns {{status: number | null, stderr: string}} */
function failing(application, text) {
  const args = ['-e', text];
  const options = { cwd: application, encoding: /** @type {const} */ ('utf8'), env: environment() };
  return spawnSync(process.execPath, args, options);
}

test('the package has what it needs, and nothing else', () => {
  const args = ['pack', '--dry-run', '--json', tarballs.main];
  const [{ files, unpackedSize }] = JSON.parse(run('npm', args, folder));
  const paths = files.map((file) => file.path);
  const strange = paths.filter((file) => !FILES.some((allowed) => allowed.test(file)));
  assert.deepStrictEqual(strange, []);
  for (const allowed of FILES) {
    assert.ok(
      paths.some((file) => allowed.test(file)),
      String(allowed)
    );
  }
  assert.ok(unpackedSize < LARGEST, `${unpackedSize} bytes`);
});

test("a platform's package has the addon and the licences of what is in it", () => {
  const args = ['pack', '--dry-run', '--json', tarballs[platform]];
  const [{ name, files, unpackedSize }] = JSON.parse(run('npm', args, folder));
  assert.strictEqual(name, `${NAME}-${platform}`);
  assert.deepStrictEqual(files.map((file) => file.path).sort(), [
    'LICENSE',
    'README.md',
    'THIRD-PARTY-LICENCES.txt',
    `${NAME}.${platform}.node`,
    'package.json',
  ]);
  assert.ok(unpackedSize < LARGEST_ADDON, `${unpackedSize} bytes`);
});

test('the package depends on those for platforms, each of the same version', () => {
  const json = JSON.parse(
    fs.readFileSync(path.join(folder, 'packages', 'main', 'package.json'), 'utf8')
  );
  assert.deepStrictEqual(json.optionalDependencies, { [`${NAME}-${platform}`]: version });
  assert.strictEqual(json.dependencies, undefined);
  assert.strictEqual(json.scripts, undefined);
});

test('it can be required and imported in every way', () => {
  const application = installed();
  const names = fs.readdirSync(path.join(application, 'node_modules')).filter((n) => n[0] !== '.');
  assert.deepStrictEqual(names.sort(), [NAME, `${NAME}-${platform}`]);
  const check = `
    for (const make of [direct, named, byDefault]) {
      if (typeof make('my-table').get !== 'function') throw new Error('no store');
    }
    if (typeof segments('my-table').getMetadata !== 'function') throw new Error('no big segments');`;
  runScript(
    application,
    'required.cjs',
    `const direct = require('${NAME}');
     const { DynamoDBFeatureStore: named, default: byDefault } = direct;
     const { DynamoDBBigSegmentStore: segments } = direct;${check}`
  );
  runScript(
    application,
    'imported.mjs',
    `import direct from '${NAME}';
     import { DynamoDBFeatureStore as named, DynamoDBBigSegmentStore as segments } from '${NAME}';
     import * as all from '${NAME}';
     const byDefault = all.default;${check}`
  );
  assert.strictEqual(run('npx', ['--offline', NAME, 'version'], application), `${version}\n`);
});

for (const sdk of SDKS.filter(({ cached, dataSystem }) => cached && !dataSystem)) {
  test(`${sdk.title}: evaluates a flag with the installed package`, async (t) => {
    const scene = await newScene(t);
    await scene.put(markerRow(), itemRow(FEATURES.namespace, flag('f')));
    const application = installed();
    const subject = sdk.contexts ? { kind: 'user', key: 'ada' } : { key: 'ada' };
    const script = path.join(application, 'five-lines.js');
    fs.writeFileSync(
      script,
      `const LaunchDarkly = require(${JSON.stringify(sdk.folder)});
       const { DynamoDBFeatureStore } = require('${NAME}');
       const featureStore = DynamoDBFeatureStore('${scene.table}');
       const client = LaunchDarkly.init('key', { featureStore, useLdd: true, sendEvents: false });
       client.waitForInitialization({ timeout: 60 })
         .then(() => client.variation('f', ${JSON.stringify(subject)}, 'none'))
         .then((value) => { process.stdout.write('the flag is ' + value); client.close(); });`
    );
    // The engine may be in this process.
    const env = environment({ AWS_ENDPOINT_URL_DYNAMODB: scene.engine });
    const { stdout } = await promisify(execFile)(process.execPath, [script], { env });
    assert.match(stdout, /the flag is true$/);
  });
}

test('under the name of the package that it replaces, the old line works', () => {
  const application = newApplication();
  const old = 'ldclient-node-dynamodb-store';
  install(application, tarballs.main, tarballs[platform]);
  // What npm makes of old@npm:new, for which a registry is needed.
  const modules = path.join(application, 'node_modules');
  fs.renameSync(path.join(modules, NAME), path.join(modules, old));
  runScript(
    application,
    'old.js',
    `const DynamoDBFeatureStore = require('${old}');
     const store = DynamoDBFeatureStore('my-table', { prefix: 'p', cacheTTL: 30 });
     if (typeof store.get !== 'function') throw new Error('no store');`
  );
});

test('without the addon, an error says which one is missing and what to do', () => {
  const application = newApplication();
  install(application, '--omit=optional', tarballs.main);
  const { status, stderr } = failing(application, `require('${NAME}')`);
  assert.strictEqual(status, 1);
  const expected = new RegExp(
    `^Error: ${NAME}: no addon for ${platform}: it is not installed\\. .*optional dependency ${NAME}-${platform}\\.`,
    'm'
  );
  assert.match(stderr, expected);
  assert.match(stderr, /code: 'ERR_DYNAMODB_FEATURE_STORE_ADDON'/);
});

test('an addon that the system does not take is told with what the system says', () => {
  const application = installed();
  const addon = path.join(application, `node_modules/${NAME}-${platform}/${NAME}.${platform}.node`);
  fs.writeFileSync(addon, 'no library');
  const { status, stderr } = failing(application, `require('${NAME}')`);
  assert.strictEqual(status, 1);
  assert.match(
    stderr,
    new RegExp(`^Error: ${NAME}: no addon for ${platform}: it can't be loaded: `, 'm')
  );
  assert.match(stderr, /file too short|invalid ELF header|not a mach-o|is not a valid Win32/i);
});

test('something else in the place of the addon is told, too', () => {
  const application = installed();
  const binding = path.join(application, 'node_modules', NAME, 'binding.js');
  for (const text of ['module.exports = undefined;', 'module.exports = { NativeStore: 5 };']) {
    fs.writeFileSync(binding, text);
    const { status, stderr } = failing(application, `require('${NAME}')`);
    assert.strictEqual(status, 1);
    assert.match(stderr, /what was loaded in its place has no NativeBigSegmentStore and no /);
  }
});

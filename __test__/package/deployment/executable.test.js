'use strict';

/** The single executable in docs/bundlers.md. */

const assert = require('node:assert');
const { execFile, execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { promisify } = require('node:util');

const { buildSync } = require('esbuild');

const { FEATURES } = require('../../support/data');
const { codeOf } = require('../../support/documented');
const { AWS_ENVIRONMENT } = require('../../support/environment');
const { clauseFlag } = require('../../support/flags');
const { install } = require('../../support/install');
const { copyPackages, layOutPublished } = require('../../support/node-modules');
const { scenes } = require('../../support/scene');

const newScene = scenes();

const NAME = 'dynamodb-feature-store';
/** Has the SDK. */
const TOOLS = path.join(__dirname, '..', 'bundles', 'node_modules');
const FOLDER = path.join(__dirname, 'executable');
const POSTJECT = path.join(FOLDER, 'node_modules', 'postject', 'dist', 'cli.js');
/** Marks the place in the program of Node.js. */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';
const skip = process.platform !== 'linux' && 'other systems want executables to be signed';

install(FOLDER);

/** @type {string} */
let temporary;
before(() => {
  temporary = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'executable-')));
  layOutPublished(path.join(temporary, 'node_modules'));
});
after(() => fs.rmSync(temporary, { recursive: true }));

/**
 * @param {string} main the main script
 * @returns {string} an executable in a folder of its own
 */
function makeExecutable(main) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'executable-'));
  const blob = path.join(temporary, 'executable.blob');
  const configuration = path.join(temporary, 'configuration.json');
  const settings = { main, output: blob, disableExperimentalSEAWarning: true };
  fs.writeFileSync(configuration, JSON.stringify(settings));
  const run = (...args) => execFileSync(process.execPath, args, { stdio: 'pipe' });
  run('--experimental-sea-config', configuration);
  const program = path.join(folder, 'application');
  fs.copyFileSync(process.execPath, program);
  run(POSTJECT, program, 'NODE_SEA_BLOB', blob, '--sentinel-fuse', FUSE);
  return program;
}

/** @returns {Promise<string>} what it printed */
async function execute(program, endpoint) {
  const { NODE_OPTIONS: _, ...own } = process.env;
  const env = { ...own, ...AWS_ENVIRONMENT, AWS_ENDPOINT_URL_DYNAMODB: endpoint };
  const { stdout } = await promisify(execFile)(program, { env });
  return stdout;
}

test('a single executable loads both packages from the folder next to it', { skip }, async (t) => {
  const scene = await newScene(t);
  const flagOfPage = clauseFlag('my-flag', { attribute: 'country', op: 'in', values: ['DE'] });
  await scene.open().upsert(FEATURES, flagOfPage);
  const main = path.join(temporary, 'executable.js');
  const { files } = codeOf('docs/bundlers.md');
  fs.writeFileSync(main, files['executable.js'].replace('YOUR TABLE NAME', scene.table));
  const program = makeExecutable(main);
  const folder = path.dirname(program);
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const modules = path.join(folder, 'node_modules');
  fs.cpSync(path.join(temporary, 'node_modules'), modules, { recursive: true });
  copyPackages(TOOLS, modules, ['@launchdarkly/node-server-sdk']);
  assert.strictEqual(await execute(program, scene.engine), 'true\n');
});

test('an executable with the package in it says how to load it', { skip }, async (t) => {
  const main = path.join(temporary, 'bundle.js');
  buildSync({
    stdin: { contents: `require('${NAME}');`, resolveDir: temporary },
    outfile: main,
    bundle: true,
    platform: 'node',
    loader: { '.node': 'copy' },
    logLevel: 'error',
  });
  const program = makeExecutable(main);
  t.after(() => fs.rmSync(path.dirname(program), { recursive: true }));
  await assert.rejects(
    execute(program, ''),
    /: require loads only modules of Node\.js here, as in a single executable .* with createRequire /
  );
});

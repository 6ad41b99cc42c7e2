'use strict';

/** The application in docs/bundlers.md for Next.js, deployed as its standalone output. */

const assert = require('node:assert');
const { execFile, spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');

const { FEATURES } = require('../../support/data');
const { codeOf } = require('../../support/documented');
const { AWS_ENVIRONMENT } = require('../../support/environment');
const { flag } = require('../../support/flags');
const { freePort } = require('../../support/free-port');
const { install } = require('../../support/install');
const { layOutPublished } = require('../../support/node-modules');
const { scenes } = require('../../support/scene');
const { waitFor } = require('../../support/wait');

const newScene = scenes();

const FOLDER = path.join(__dirname, 'next');
const TOOLS = path.join(FOLDER, 'node_modules');
/** Only for images, and large. */
const UNUSED = ['@img', 'sharp'].map((name) => path.join(TOOLS, name));
const { files } = codeOf('docs/bundlers.md');
const ROUTE = 'app/flag/route.js';
const CONFIGURATION = 'next.config.js';

install(FOLDER);

/** @type {string} */
let project;
before(() => {
  project = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'next-')));
  const modules = path.join(project, 'node_modules');
  // Copies, because Next.js follows no links out of its project.
  fs.cpSync(TOOLS, modules, { recursive: true, filter: (file) => !UNUSED.includes(file) });
  layOutPublished(modules);
  fs.writeFileSync(path.join(project, 'package.json'), '{"private": true}\n');
});
after(() => fs.rmSync(project, { recursive: true }));

function environment(more) {
  const { NODE_OPTIONS: _, NODE_TEST_CONTEXT: __, ...own } = process.env;
  return { ...own, ...AWS_ENVIRONMENT, NEXT_TELEMETRY_DISABLED: '1', ...more };
}

/**
 * Builds the application of the page.
 *
 * @param {string} table
 * @param {string} configuration
 * @param {string[]} args
 * @returns {Promise<{code: number, output: string}>}
 */
function build(table, configuration, args = []) {
  fs.mkdirSync(path.dirname(path.join(project, ROUTE)), { recursive: true });
  fs.writeFileSync(path.join(project, ROUTE), files[ROUTE].replace('YOUR TABLE NAME', table));
  fs.writeFileSync(path.join(project, CONFIGURATION), configuration);
  const program = path.join(project, 'node_modules', 'next', 'dist', 'bin', 'next');
  const options = { cwd: project, env: environment({}), maxBuffer: 2 ** 26 };
  return new Promise((resolve) => {
    const command = [program, 'build', ...args];
    execFile(process.execPath, command, options, (failure, stdout, stderr) => {
      resolve({ code: failure ? Number(failure.code) : 0, output: stdout + stderr });
    });
  });
}

test('the standalone output evaluates a flag outside of the project', async (t) => {
  const scene = await newScene(t);
  await scene.open().upsert(FEATURES, flag('my-flag'));
  const { code, output } = await build(scene.table, files[CONFIGURATION]);
  assert.strictEqual(code, 0, output);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'standalone-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  fs.cpSync(path.join(project, '.next', 'standalone'), folder, {
    recursive: true,
    verbatimSymlinks: true,
  });
  // Nothing of the project may be used.
  const away = `${project}-away`;
  fs.renameSync(project, away);
  t.after(() => fs.renameSync(away, project));

  const port = await freePort();
  const variables = { PORT: String(port), HOSTNAME: '127.0.0.1' };
  const server = spawn(process.execPath, ['server.js'], {
    cwd: folder,
    env: environment({ ...variables, AWS_ENDPOINT_URL_DYNAMODB: scene.engine }),
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  t.after(() => server.kill('SIGKILL'));
  const ask = () => fetch(`http://127.0.0.1:${port}/flag`).catch(() => undefined);
  const response = await waitFor(ask, 'the server answers');
  assert.deepStrictEqual([response.status, await response.text()], [200, 'true']);
});

for (const [bundler, args, message] of [
  ['Turbopack', [], 'is not placeable in ESM chunks'],
  ['webpack', ['--webpack'], 'Module parse failed: Unexpected character'],
]) {
  test(`without serverExternalPackages, ${bundler} says what the page says`, async () => {
    const { code, output } = await build('t', "module.exports = { output: 'standalone' };", args);
    assert.notStrictEqual(code, 0);
    assert.ok(output.includes(message), output);
    const page = fs.readFileSync(path.join(__dirname, '../../../docs/bundlers.md'), 'utf8');
    assert.ok(page.includes(`\`${message}\``));
  });
}

'use strict';

/**
 * The function in docs/aws-lambda.md, deployed as the documentation says, under AWS's runtime interface clients.
 */

const assert = require('node:assert');
const { createHmac } = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');

const { FEATURES } = require('../../support/data');
const { codeOf, runCommand } = require('../../support/documented');
const { AWS_ENVIRONMENT } = require('../../support/environment');
const { flag } = require('../../support/flags');
const { installClient } = require('../../support/lambda/client');
const { deploy } = require('../../support/lambda/environment');
const { plainClient } = require('../../support/lambda/plain-client');
const { VERSIONS, nodeProgram } = require('../../support/node-program');
const { copyPackages, layOutPublished, linkPackages } = require('../../support/node-modules');
const { scenes } = require('../../support/scene');
const syncEvents = require('../../sync/events');
const { SDK_KEY, startPollingServer } = require('../../sync/polling-server');
const { leaveOut } = require('../../support/unavailable');

const newScene = scenes();

const SDK = '@launchdarkly/node-server-sdk';
/** Packages to bundle, and a bundler. */
const TOOLS = path.join(__dirname, '..', 'bundles', 'node_modules');
const { files, commands } = codeOf('docs/aws-lambda.md');
const { commands: bundling } = codeOf('docs/bundlers.md');
const { files: syncFiles } = codeOf('docs/sync.md');
/** Lambda turns these features off. */
const FLAGS = ['--no-experimental-require-module', '--no-experimental-detect-module'];

/** @type {string} */
let temporary;
/** @type {string} a node_modules folder with this package as it is published */
let published;
before(() => {
  temporary = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'functions-')));
  published = path.join(temporary, 'published', 'node_modules');
  layOutPublished(published);
});
after(() => fs.rmSync(temporary, { recursive: true }));

/**
 * How the function is deployed into a folder.
 *
 * @type {Record<string, (project: string, folder: string) => Promise<void>>}
 */
const DEPLOYMENTS = {
  async 'all in an ES module'(project, folder) {
    await runCommand(commands, ['esbuild', 'handler.ts'], project);
    fs.cpSync(path.join(project, 'dist'), folder, { recursive: true });
  },

  async 'both packages next to an ES module'(project, folder) {
    const change = (text) => text.replace('app.js', 'handler.ts').replace('app.mjs', 'handler.mjs');
    await runCommand(bundling, ['esbuild', `--external:${SDK}`], project, change);
    fs.cpSync(path.join(project, 'dist'), folder, { recursive: true });
    installPackages(folder);
  },

  async 'no bundle'(project, folder) {
    fs.copyFileSync(path.join(project, 'handler.js'), path.join(folder, 'handler.js'));
    installPackages(folder);
  },
};

function installPackages(folder) {
  const modules = path.join(folder, 'node_modules');
  fs.cpSync(published, modules, { recursive: true });
  copyPackages(TOOLS, modules, [SDK]);
}

/**
 * The programs that run a function. Each is found when a test needs it.
 *
 * @type {Record<string, () => {client: string, node?: string, flags?: string[]} | {unavailable: string}>}
 */
const RUNTIMES = { "AWS's client": installClient };
for (const version of VERSIONS.filter((each) => /^2[24]\./.test(each))) {
  RUNTIMES[`AWS's client without its native part, Node.js ${version}`] = () => {
    const folder = fs.mkdtempSync(path.join(temporary, 'client-'));
    return { client: plainClient(folder), node: nodeProgram(version), flags: FLAGS };
  };
}

/** Finds a runtime, or skips the test. */
function findRuntime(t, name) {
  let found;
  try {
    found = RUNTIMES[name]();
  } catch (error) {
    if (leaveOut(name, error) === 'failed') throw error;
    found = { unavailable: error.message };
  }
  if (!('unavailable' in found)) return found;
  console.log(`NOTICE: ${found.unavailable}`);
  t.skip(found.unavailable);
  return undefined;
}

/** @returns {Promise<string>} the folder of the deployed function, outside of any project */
async function layOut(how, change = (text) => text) {
  const project = fs.mkdtempSync(path.join(temporary, 'project-'));
  const modules = path.join(project, 'node_modules');
  fs.cpSync(published, modules, { recursive: true });
  linkPackages(TOOLS, modules);
  for (const [name, text] of Object.entries(files)) {
    // Events would go to LaunchDarkly.
    const offline = text.replace('useLdd: true,', 'useLdd: true, sendEvents: false,');
    fs.writeFileSync(path.join(project, name), change(offline));
  }
  const folder = fs.mkdtempSync(path.join(temporary, 'function-'));
  await DEPLOYMENTS[how](project, folder);
  fs.rmSync(project, { recursive: true });
  return folder;
}

/** Starts the function for the length of a test. */
async function start(t, runtime, folder, stderr) {
  const scene = await newScene(t);
  await scene.open().upsert(FEATURES, flag('my-flag'));
  const variables = {
    ...AWS_ENVIRONMENT,
    AWS_ENDPOINT_URL_DYNAMODB: scene.engine,
    FLAG_TABLE: scene.table,
    LAUNCHDARKLY_SDK_KEY: 'an SDK key',
  };
  const environment = (
    await deploy({ ...runtime, folder, handler: 'handler', variables, stderr })
  )();
  t.after(() => environment.end());
  return environment;
}

for (const how of Object.keys(DEPLOYMENTS)) {
  for (const name of Object.keys(RUNTIMES)) {
    test(`${name}: ${how}`, async (t) => {
      const runtime = findRuntime(t, name);
      if (!runtime) return;
      const environment = await start(t, runtime, await layOut(how), 'inherit');
      for (let i = 0; i < 2; i += 1) {
        assert.deepStrictEqual(await environment.invoke({ user: 'joe' }), { isOn: true });
      }
    });
  }
}

test('a bundled function that does not pass the SDK says so', async (t) => {
  const name = Object.keys(RUNTIMES)[1];
  const runtime = findRuntime(t, name);
  if (!runtime) return;
  const folder = await layOut('all in an ES module', (text) =>
    text.replace('sdk: LaunchDarkly,', '')
  );
  const environment = await start(t, runtime, folder, 'ignore');
  await assert.rejects(environment.invoke({ user: 'joe' }), /can't be found, as in a bundle/);
});

/** The sync function of docs/sync.md, without a bundle, with LaunchDarkly replaced by a local server. */
async function startSync(t, runtime) {
  const scene = await newScene(t);
  const server = await startPollingServer(t, { flags: { a: { key: 'a', version: 1 } } });
  const folder = fs.mkdtempSync(path.join(temporary, 'function-'));
  const local = syncFiles['sync.js'].replace(
    'webhookSecret:',
    'baseUri: process.env.BASE_URI,\n  webhookSecret:'
  );
  fs.writeFileSync(path.join(folder, 'sync.js'), local);
  fs.cpSync(published, path.join(folder, 'node_modules'), { recursive: true });
  const variables = {
    ...AWS_ENVIRONMENT,
    AWS_ENDPOINT_URL_DYNAMODB: scene.engine,
    BASE_URI: server.url,
    FLAG_TABLE: scene.table,
    LAUNCHDARKLY_SDK_KEY: SDK_KEY,
    LAUNCHDARKLY_WEBHOOK_SECRET: 'the secret',
  };
  const deployment = { ...runtime, folder, handler: 'sync', variables };
  const environment = (await deploy(deployment))();
  t.after(() => environment.end());
  return { scene, server, environment };
}

for (const name of Object.keys(RUNTIMES)) {
  test(`${name}: a sync for schedules and webhooks, cold and warm`, async (t) => {
    const runtime = findRuntime(t, name);
    if (!runtime) return;
    const { scene, server, environment } = await startSync(t, runtime);
    const first = await environment.invoke(syncEvents.schedule());
    assert.deepStrictEqual([first.put, first.notModified], [1, false]);
    const second = await environment.invoke(syncEvents.schedule());
    assert.deepStrictEqual([second.put, second.notModified], [0, true]);

    server.put('flags', { key: 'a', version: 2 });
    const body = '{"kind":"flag"}';
    const webhook = syncEvents.HTTP['a function URL with a base64 body'];
    const signed = (secret) => ({
      'X-LD-Signature': createHmac('sha256', secret).update(body).digest('hex'),
    });
    const refused = await environment.invoke(webhook(body, signed('another')));
    assert.strictEqual(refused.statusCode, 401);
    assert.strictEqual((await scene.item('features', 'a')).version, 1);
    const accepted = await environment.invoke(webhook(body, signed('the secret')));
    assert.strictEqual(accepted.statusCode, 200);
    assert.strictEqual(JSON.parse(accepted.body).put, 1);
    assert.strictEqual((await scene.item('features', 'a')).version, 2);

    server.instead = (_request, response) => response.writeHead(401).end();
    await assert.rejects(environment.invoke(syncEvents.schedule()), /BAD_SDK_KEY/);
  });
}

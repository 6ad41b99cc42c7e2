'use strict';

/**
 * The function in docs/aws-lambda.md, deployed as the documentation says, under AWS's runtime interface clients.
 */

const assert = require('node:assert');
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
const { leaveOut } = require('../../support/unavailable');

const newScene = scenes();

const SDK = '@launchdarkly/node-server-sdk';
/** Packages to bundle, and a bundler. */
const TOOLS = path.join(__dirname, '..', 'bundles', 'node_modules');
const { files, commands } = codeOf('docs/aws-lambda.md');
const { commands: bundling } = codeOf('docs/bundlers.md');
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

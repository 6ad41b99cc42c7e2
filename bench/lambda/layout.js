'use strict';

/**
 * Lays out the functions as they are deployed: once with `node_modules`, once bundled by esbuild.
 */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { build } = require('esbuild');

const { layOutPublished } = require('../../__test__/support/node-modules');
const { FUNCTIONS } = require('./functions');

const BENCH = path.join(__dirname, '..');
const THEIRS = [
  '@aws-sdk/client-dynamodb',
  '@launchdarkly/node-server-sdk',
  'launchdarkly-node-server-sdk',
  'launchdarkly-node-server-sdk-dynamodb',
];

/**
 * @typedef {object} Layout
 * @property {string} unbundled the folder of all functions
 * @property {string} bundled a folder with a folder for each function
 * @property {() => void} remove
 */

/**
 * @returns {Promise<Layout>}
 */
async function layOut() {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'lambda-')));
  const layout = {
    unbundled: path.join(folder, 'unbundled'),
    bundled: path.join(folder, 'bundled'),
    remove: () => fs.rmSync(folder, { recursive: true }),
  };
  try {
    fs.cpSync(path.join(__dirname, 'handlers'), layout.unbundled, { recursive: true });
    installPackagesIn(path.join(layout.unbundled, 'node_modules'));
    await bundleInto(layout);
  } catch (failure) {
    layout.remove();
    throw failure;
  }
  return layout;
}

/**
 * Copies this repository's packages as they are published, and links the others.
 *
 * @param {string} modules
 */
function installPackagesIn(modules) {
  layOutPublished(modules);
  for (const name of THEIRS) {
    const link = path.join(modules, name);
    fs.mkdirSync(path.dirname(link), { recursive: true });
    fs.symlinkSync(path.join(BENCH, 'node_modules', name), link);
  }
}

/**
 * @param {Layout} layout
 */
async function bundleInto({ unbundled, bundled }) {
  for (const { name, bundledName = name } of FUNCTIONS) {
    await build({
      entryPoints: [path.join(unbundled, `${bundledName}.js`)],
      outfile: path.join(bundled, name, `${name}.js`),
      bundle: true,
      minify: true,
      platform: 'node',
      loader: { '.node': 'copy' },
      logLevel: 'error',
    });
  }
}

module.exports = { layOut };

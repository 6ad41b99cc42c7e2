'use strict';

/**
 * Puts the JavaScript of the published package into one file, because loading many takes longer.
 */

const fs = require('node:fs');
const path = require('node:path');

const { buildSync } = require('esbuild');

const { engines, name } = require('../package.json');

const ROOT = path.join(__dirname, '..');

/**
 * Bundles index.js and what it requires. Nothing is minified, so that the file can be read.
 *
 * @param {string} folder receives index.js and its source map
 * @returns {string[]} the files that are in the bundle, relative to the repository
 */
function bundle(folder) {
  const [oldest] = /** @type {string[]} */ (/[\d.]+/.exec(engines.node));
  const { metafile, outputFiles } = buildSync({
    absWorkingDir: ROOT,
    entryPoints: ['index.js'],
    // Only written below. The source map gets the paths of the sources relative to this file.
    outfile: 'index.js',
    allowOverwrite: true,
    write: false,
    bundle: true,
    external: [`${name}-*`],
    format: 'cjs',
    logLevel: 'warning',
    metafile: true,
    platform: 'node',
    sourcemap: 'linked',
    target: `node${oldest}`,
  });
  for (const file of outputFiles) {
    fs.writeFileSync(path.join(folder, path.basename(file.path)), file.contents);
  }
  return Object.keys(metafile.inputs);
}

/**
 * Bundles into a folder with the addon that `npm run build` has made, for use without an installation.
 *
 * @param {string} folder an existing one
 */
function bundleWithAddon(folder) {
  bundle(folder);
  for (const addon of fs.readdirSync(ROOT).filter((file) => file.endsWith('.node'))) {
    fs.copyFileSync(path.join(ROOT, addon), path.join(folder, addon));
  }
}

module.exports = { bundle, bundleWithAddon };

'use strict';

/**
 * Lays out the packages for publication, each in a folder: this package in `main`, with its JavaScript in one
 * file, and one package with the addon for each platform.
 *
 *     node scripts/packages.js --addons folder --out folder [--complete]
 *
 * `--addons` names the folder that is searched for .node files. A platform without one is left out. With
 * `--complete`, as for a release, it is an error, and so is an unknown repository.
 */

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');

const { bundle } = require('./bundle');
const { thirdPartyLicences } = require('./licences');
const { makeLinksAbsolute, nameRepository, repositoryAddress } = require('./repository');

const ROOT = path.join(__dirname, '..');
const NAPI = path.join(ROOT, 'node_modules', '@napi-rs', 'cli', 'dist', 'cli.js');
const LICENCES = 'THIRD-PARTY-LICENCES.txt';

function main() {
  const { values } = parseArgs({
    options: {
      addons: { type: 'string' },
      out: { type: 'string' },
      complete: { type: 'boolean', default: false },
    },
  });
  if (!values.addons || !values.out) throw new Error('--addons and --out are needed');
  const repository = repositoryAddress();
  if (values.complete && !repository) {
    throw new Error(
      '--complete needs GITHUB_SERVER_URL and GITHUB_REPOSITORY: npm rejects the provenance statement of a package ' +
        'that does not name its repository'
    );
  }
  const out = path.resolve(values.out);
  const main = path.join(out, 'main');
  fs.mkdirSync(main, { recursive: true });
  copyPackedFiles(main, bundle(main));
  if (repository) {
    // Before the folders of the platforms, which inherit it.
    nameRepository(main, repository);
    makeLinksAbsolute(main, repository);
  }
  createPlatformFolders(main, out);
  const addons = addonsIn(path.resolve(values.addons));
  for (const platform of platformsIn(out)) {
    const folder = path.join(out, platform);
    const addon = addons.find((file) => path.basename(file).endsWith(`.${platform}.node`));
    if (addon) {
      fs.copyFileSync(addon, path.join(folder, path.basename(addon)));
      addLicences(folder);
    } else if (values.complete) {
      throw new Error(`there is no addon for ${platform} in ${values.addons}`);
    } else {
      fs.rmSync(folder, { recursive: true });
    }
  }
  addOptionalDependencies(main, out, values.complete);
  for (const name of ['main', ...platformsIn(out)]) console.log(path.join(out, name));
}

/**
 * @param {string} folder receives the package's files
 * @param {string[]} bundled files that are left out
 */
function copyPackedFiles(folder, bundled) {
  const args = ['pack', '--ignore-scripts', '--dry-run', '--json', '--loglevel=error'];
  const [{ files }] = JSON.parse(
    execFileSync('npm', args, { cwd: ROOT, encoding: 'utf8', shell: process.platform === 'win32' })
  );
  for (const { path: file } of files) {
    if (bundled.includes(file)) continue;
    fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    fs.copyFileSync(path.join(ROOT, file), path.join(folder, file));
  }
}

/**
 * @param {string} main the folder of this package
 * @param {string} out receives a folder for each platform
 */
function createPlatformFolders(main, out) {
  const args = [NAPI, 'create-npm-dirs', '--cwd', main, '--npm-dir', 'npm'];
  execFileSync(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const inside = path.join(main, 'npm');
  for (const platform of fs.readdirSync(inside)) {
    fs.renameSync(path.join(inside, platform), path.join(out, platform));
  }
  fs.rmdirSync(inside);
}

/**
 * @param {string} folder
 * @returns {string[]} the addons in the folder and in its `addon-*` subfolders
 */
function addonsIn(folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory() && entry.name.startsWith('addon-')) return addonsIn(file);
    return entry.name.endsWith('.node') ? [file] : [];
  });
}

/**
 * @param {string} out
 * @returns {string[]}
 */
function platformsIn(out) {
  return fs.readdirSync(out).filter((name) => name !== 'main');
}

/**
 * @param {string} folder the folder of a platform's package
 */
function addLicences(folder) {
  fs.writeFileSync(path.join(folder, LICENCES), thirdPartyLicences());
  fs.copyFileSync(path.join(ROOT, 'LICENSE'), path.join(folder, 'LICENSE'));
  const file = path.join(folder, 'package.json');
  const json = JSON.parse(fs.readFileSync(file, 'utf8'));
  json.files.push(LICENCES);
  fs.writeFileSync(file, `${JSON.stringify(json, undefined, 2)}\n`);
}

/**
 * @param {string} main the folder of this package
 * @param {string} out
 * @param {boolean} complete
 */
function addOptionalDependencies(main, out, complete) {
  const file = path.join(main, 'package.json');
  const json = JSON.parse(fs.readFileSync(file, 'utf8'));
  // The published package needs none of these.
  delete json.scripts;
  delete json.devDependencies;
  const names = platformsIn(out).map((platform) => `${json.name}-${platform}`);
  json.optionalDependencies = Object.fromEntries(names.map((name) => [name, json.version]));
  fs.writeFileSync(file, `${JSON.stringify(json, undefined, 2)}\n`);
  if (complete && names.length !== json.napi.targets.length) {
    throw new Error(`${names.length} packages for ${json.napi.targets.length} targets`);
  }
}

main();

'use strict';

/**
 * Shell commands, each block in a folder of its own. An application there depends on the package; npm gets it from
 * a registry on this machine.
 */

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { Unavailable } = require('../../support/unavailable');

const ROOT = path.join(__dirname, '..', '..', '..');
const NAME = 'dynamodb-feature-store';
const { version } = require('../../../package.json');
/** What a clone has that git does not know, but for the addon; and what takes no part in making packages. */
const NOT_COPIED = ['.git', '__test__', 'bench', 'node_modules', 'packages', 'target'];
/** Where the reader's own application is. */
const ELSEWHERE = '/path/to/your/application';

/**
 * @param {import('../printed').Block} block
 * @param {import('../application').Application} application
 * @throws {Unavailable} if a program is missing
 */
async function runShell({ text, inClone }, application) {
  const missing = programsIn(text).filter((program) => !isThere(program));
  if (missing.length > 0) throw new Unavailable(`no ${missing.join(' and no ')}`);
  if (inClone) return runInClone(text, application);
  const { published, endpoint } = application;
  // A table that is created must not be there.
  const filledIn = text.includes('create-table')
    ? application.filledIn(text, `new-${Date.now()}`)
    : application.filledIn(text);
  const folder = published.newApplication();
  const manifest = { private: true, dependencies: { [NAME]: version } };
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest));
  await published.run('bash', ['-euo', 'pipefail', '-c', filledIn], folder, {
    AWS_ENDPOINT_URL_DYNAMODB: endpoint,
    // Version 1 of the AWS CLI reads no other.
    AWS_DEFAULT_REGION: 'eu-west-1',
    PATH: process.env.PATH,
  });
}

/** @returns {string[]} the programs that a block runs */
function programsIn(text) {
  const commands = text.replace(/\\\n/g, ' ').split(/\n|&&|\|/);
  const names = commands.map((command) => /^\s*(?:\w+=\S* )*([\w-]+)/.exec(command)?.[1]);
  return [...new Set(names)].filter((name) => name !== undefined);
}

function isThere(program) {
  return spawnSync('bash', ['-c', `command -v ${program}`]).status === 0;
}

/** In a clone in which `npm ci` has been run, since that takes minutes. */
async function runInClone(text, { published }) {
  const clone = fs.mkdtempSync(path.join(published.folder, 'clone-'));
  for (const name of fs.readdirSync(ROOT)) {
    if (NOT_COPIED.includes(name)) continue;
    fs.cpSync(path.join(ROOT, name), path.join(clone, name), { recursive: true });
  }
  fs.symlinkSync(path.join(ROOT, 'node_modules'), path.join(clone, 'node_modules'), 'junction');
  const elsewhere = published.newApplication();
  const commands = text.replaceAll('npm ci', 'true').replaceAll(ELSEWHERE, elsewhere);
  const env = { ...process.env, npm_config_offline: 'true' };
  const { status, stdout, stderr } = spawnSync('bash', ['-euo', 'pipefail', '-c', commands], {
    cwd: clone,
    env,
    encoding: 'utf8',
  });
  assert.strictEqual(status, 0, `${stdout}${stderr}`);
  await published.run(process.execPath, ['-e', `require('${NAME}')`], elsewhere);
}

module.exports = { runShell };

'use strict';

/**
 * Collects the licences of the crates that are linked into the addon.
 *
 *     node scripts/licences.js prints them
 */

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const ROOT = path.join(__dirname, '..');
/** The names that licence files have. */
const LICENCE_FILE = /^(licen[cs]e|copying|notice|unlicense|copyright)/i;

/**
 * @returns {string} each licence text once, below the names of its crates
 */
function thirdPartyLicences() {
  /** @type {Map<string, string[]>} crates by licence text */
  const crates = new Map();
  for (const crate of linkedCrates()) {
    const title = `${crate.name} ${crate.version} (${crate.license || 'see its licence'})`;
    for (const text of licenceTexts(crate)) {
      const titles = crates.get(text) || [];
      crates.set(text, [...titles, title]);
    }
  }
  const parts = [...crates].map(([text, titles]) => `${titles.join('\n')}\n\n${text}`);
  const line = `\n\n${'-'.repeat(80)}\n\n`;
  return `The addon contains code of these crates, under their licences.${line}${parts.join(line)}\n`;
}

/**
 * @returns {{name: string, version: string, license: string | null, manifest_path: string}[]} the crates that
 *   the addon links, on any platform
 */
function linkedCrates() {
  const args = ['metadata', '--format-version', '1', '--locked'];
  const { packages, resolve } = JSON.parse(
    execFileSync('cargo', args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 2 ** 28 })
  );
  const nodes = new Map(resolve.nodes.map((node) => [node.id, node]));
  const linked = new Set();
  const visit = (id) => {
    if (linked.has(id)) return;
    linked.add(id);
    for (const { pkg, dep_kinds: kinds } of nodes.get(id).deps) {
      if (kinds.some(({ kind }) => kind === null)) visit(pkg);
    }
  };
  visit(resolve.root);
  linked.delete(resolve.root);
  return packages
    .filter(({ id }) => linked.has(id))
    .sort((a, b) => (`${a.name} ${a.version}` < `${b.name} ${b.version}` ? -1 : 1));
}

/**
 * @param {{license: string | null, manifest_path: string}} crate
 * @returns {string[]}
 */
function licenceTexts({ license, manifest_path: manifest }) {
  const folder = path.dirname(manifest);
  const files = fs.readdirSync(folder).filter((name) => LICENCE_FILE.test(name));
  const texts = files
    .map((name) => path.join(folder, name))
    .filter((file) => fs.statSync(file).isFile())
    .map((file) => fs.readFileSync(file, 'utf8').trim().replace(/\r\n/g, '\n'));
  return texts.length > 0 ? texts : [`It comes without a text of its licence: ${license}.`];
}

if (require.main === module) process.stdout.write(thirdPartyLicences());

module.exports = { linkedCrates, thirdPartyLicences };

'use strict';

/**
 * The repository that a release comes from. npm accepts a provenance statement only for a package that names this
 * repository, with the same letters in upper and lower case.
 */

const fs = require('node:fs');
const path = require('node:path');

const README = 'README.md';
/** A link or an image in Markdown: what precedes its target, and the target. */
const LINK = /(!?\[[^\]]*\]\()([^)\s]+)/g;

/**
 * @returns {string | undefined} the address of the repository whose workflow this is; nothing outside of a workflow
 */
function repositoryAddress() {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: name } = process.env;
  return server && name ? `${server}/${name}` : undefined;
}

/**
 * @param {string} folder that of a package
 * @param {string} address
 */
function nameRepository(folder, address) {
  const file = path.join(folder, 'package.json');
  const json = JSON.parse(fs.readFileSync(file, 'utf8'));
  json.repository = { type: 'git', url: `git+${address}.git` };
  json.homepage = `${address}#readme`;
  json.bugs = { url: `${address}/issues` };
  fs.writeFileSync(file, `${JSON.stringify(json, undefined, 2)}\n`);
}

/**
 * Makes links lead to the repository as it is at the release: all those of README.md, because npmjs.com shows that
 * page without the other files, and those to files that the package does not contain.
 *
 * @param {string} folder that of a package
 * @param {string} address
 */
function makeLinksAbsolute(folder, address) {
  const { version } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
  for (const page of pagesIn(folder)) {
    const file = path.join(folder, page);
    const text = fs.readFileSync(file, 'utf8').replace(LINK, (link, before, target) => {
      if (/^(#|[a-z]+:)/.test(target)) return link;
      const [name] = target.split('#');
      const isInPackage = fs.existsSync(path.join(path.dirname(file), name));
      if (isInPackage && page !== README) return link;
      const view = before.startsWith('!') ? 'raw' : 'blob';
      const place = path.posix.join(path.posix.dirname(page), target);
      return `${before}${address}/${view}/v${version}/${place}`;
    });
    fs.writeFileSync(file, text);
  }
}

/**
 * @param {string} folder that of a package
 * @returns {string[]} its Markdown files
 */
function pagesIn(folder) {
  return ['', 'docs'].flatMap((inside) =>
    fs
      .readdirSync(path.join(folder, inside))
      .filter((name) => name.endsWith('.md'))
      .map((name) => path.posix.join(inside, name))
  );
}

module.exports = { makeLinksAbsolute, nameRepository, repositoryAddress };

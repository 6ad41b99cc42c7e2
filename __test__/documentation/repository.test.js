'use strict';

/**
 * What the pages and workflows of the repository name exists, and CI runs what `.ci/run` does. Needs no addon.
 */

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const { scripts } = require('../../package.json');

const ROOT = path.join(__dirname, '..', '..');
const read = (file) => fs.readFileSync(path.join(ROOT, file), 'utf8');

/** The files of a folder whose names end like this, by their paths below the root. */
function filesIn(folder, ending) {
  return fs
    .readdirSync(path.join(ROOT, folder))
    .filter((name) => name.endsWith(ending))
    .map((name) => path.posix.join(folder, name));
}

const PAGES = [...filesIn('.', '.md'), ...filesIn('docs', '.md'), ...filesIn('.github', '.md')];
const CI = '.github/workflows/ci.yml';
const WORKFLOWS = filesIn('.github/workflows', '.yml');

/** What GitHub makes of a page's headings. */
function anchorsOf(page) {
  const headings = read(page).matchAll(/^#+ (.+)$/gm);
  return [...headings].map(([, text]) =>
    text
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replace(/ /g, '-')
  );
}

for (const page of PAGES) {
  test(`the links of ${page} lead somewhere`, () => {
    const dead = [...read(page).matchAll(/\]\(([^)]+)\)/g)]
      .map(([, link]) => link)
      .filter((link) => !/^https?:/.test(link))
      .filter((link) => {
        const [file, anchor] = link.split('#');
        const target = file ? path.join(path.dirname(page), file) : page;
        if (!fs.existsSync(path.join(ROOT, target))) return true;
        return anchor !== undefined && !anchorsOf(target).includes(anchor);
      });
    assert.deepStrictEqual(dead, []);
  });
}

/** The scripts of package.json that a text runs. */
function scriptsIn(text) {
  const named = [...text.matchAll(/\bnpm run ([\w:-]+)/g)].map(([, name]) => name);
  return /\bnpm test\b/.test(text) ? [...named, 'test'] : named;
}

for (const file of [...PAGES, ...WORKFLOWS, '.ci/run']) {
  test(`the npm scripts that ${file} names exist`, () => {
    const missing = scriptsIn(read(file)).filter((name) => scripts[name] === undefined);
    assert.deepStrictEqual(missing, []);
  });
}

/** A script is what it runs, down to those that run no other. */
function withoutGroups(name) {
  const parts = scriptsIn(scripts[name]);
  return parts.length > 0 ? parts.flatMap(withoutGroups) : [name];
}

test('CI runs each script that .ci/run does', () => {
  const [everything, inCi] = ['.ci/run', CI].map((file) =>
    scriptsIn(read(file)).flatMap(withoutGroups)
  );
  assert.ok(everything.length > 5);
  assert.deepStrictEqual(
    everything.filter((name) => !inCi.includes(name)),
    []
  );
});

for (const workflow of WORKFLOWS) {
  test(`${workflow} names each action by a full commit hash, with its version`, () => {
    const uses = [...read(workflow).matchAll(/\buses: (.*)$/gm)].map(([, action]) => action);
    assert.ok(uses.length > 0);
    assert.deepStrictEqual(
      uses.filter((action) => !/^[\w./-]+@[0-9a-f]{40} # \S/.test(action)),
      []
    );
  });

  test(`${workflow} publishes folders that npm can't take for repositories`, () => {
    // `npm publish folder/name` looks for a repository on GitHub.
    const targets = [...read(workflow).matchAll(/\bnpm publish (\S+)/g)].map(([, each]) => each);
    const folders = targets.map((each) => each.replace(/^"|"$/g, ''));
    assert.deepStrictEqual(
      folders.filter((each) => !/^(\.\/|\$folder$)/.test(each)),
      []
    );
  });
}

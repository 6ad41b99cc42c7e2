'use strict';

/**
 * The published packages name the repository that they come from, and npmjs.com can show their README; a clone is not
 * packed by itself.
 */

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');

const manifest = require('../../package.json');

const ROOT = path.join(__dirname, '..', '..');
const ADDRESS = 'https://github.com/Someone/a-fork';
const PLATFORM = 'linux-x64-gnu';
/** What a workflow on GitHub sets. */
const WORKFLOW = { GITHUB_SERVER_URL: 'https://github.com', GITHUB_REPOSITORY: 'Someone/a-fork' };
const NO_WORKFLOW = { GITHUB_SERVER_URL: undefined, GITHUB_REPOSITORY: undefined };

let folder;
/** The packages as a workflow makes them. */
let release;

before(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'repository-'));
  // It is never loaded.
  fs.writeFileSync(path.join(folder, `${manifest.name}.${PLATFORM}.node`), PLATFORM);
  release = make('release', WORKFLOW);
});

after(() => fs.rmSync(folder, { recursive: true }));

/** Makes the packages, and returns the folder that they are in. */
function make(name, settings, ...more) {
  const out = path.join(folder, name);
  const script = path.join(ROOT, 'scripts', 'packages.js');
  const args = [script, '--addons', folder, '--out', out, ...more];
  const env = { ...process.env, ...settings };
  const { status, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' });
  return { out, status, stderr };
}

const read = (...names) => fs.readFileSync(path.join(...names), 'utf8');

/** The targets of links and images in a page, without those within the page. */
function targetsIn(text) {
  const all = [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, target]) => target);
  assert.ok(all.length > 0);
  return all.filter((target) => !target.startsWith('#'));
}

test('the packages of a workflow name its repository', () => {
  const { out, status, stderr } = release;
  assert.strictEqual(status, 0, stderr);
  for (const name of ['main', PLATFORM]) {
    const { repository, homepage, bugs } = JSON.parse(read(out, name, 'package.json'));
    assert.deepStrictEqual(
      { repository, homepage, bugs },
      {
        repository: { type: 'git', url: `git+${ADDRESS}.git` },
        homepage: `${ADDRESS}#readme`,
        bugs: { url: `${ADDRESS}/issues` },
      },
      name
    );
  }
});

test('the links of its README lead to the files of the release', () => {
  const { out } = release;
  const inRelease = new RegExp(`^${ADDRESS}/(blob|raw)/v${manifest.version}/([^#]+)`);
  const text = read(out, 'main', 'README.md');
  const relative = targetsIn(text).filter((target) => !target.startsWith('https://'));
  assert.deepStrictEqual(relative, []);
  const own = targetsIn(text).filter((target) => target.startsWith(ADDRESS));
  assert.ok(own.length > 10);
  const dead = own.filter((target) => !fs.existsSync(path.join(ROOT, inRelease.exec(target)[2])));
  assert.deepStrictEqual(dead, []);
  const images = [...text.matchAll(/!\[[^\]]*\]\(([^)]+)\)/g)].map(([, target]) => target);
  assert.ok(images.length > 0);
  for (const image of images) assert.match(image, /\/raw\//);
});

test('the links of its other pages lead to files of the package, or of the release', () => {
  const docs = path.join(release.out, 'main', 'docs');
  const targets = fs
    .readdirSync(docs)
    .filter((page) => page.endsWith('.md'))
    .flatMap((page) => [...read(docs, page).matchAll(/\]\(([^)#]+)[^)]*\)/g)])
    .map(([, target]) => target)
    .filter((target) => !target.startsWith('https://'));
  assert.ok(targets.length > 10);
  const missing = targets.filter((target) => !fs.existsSync(path.join(docs, target)));
  assert.deepStrictEqual(missing, []);
});

test('without a repository there are no packages for a release', () => {
  const { out, status, stderr } = make('unnamed', NO_WORKFLOW, '--complete');
  assert.strictEqual(status, 1);
  assert.match(stderr, /--complete needs GITHUB_SERVER_URL and GITHUB_REPOSITORY/);
  assert.ok(!fs.existsSync(out));
});

test('packages for this machine need no repository; the images of README.md are in the package', () => {
  const { out, status, stderr } = make('local', NO_WORKFLOW);
  assert.strictEqual(status, 0, stderr);
  const text = read(out, 'main', 'README.md');
  assert.strictEqual(text, read(ROOT, 'README.md'));
  for (const [, image] of text.matchAll(/!\[[^\]]*\]\(([^)]+)\)/g)) {
    assert.ok(fs.existsSync(path.join(out, 'main', image)), image);
  }
});

test('a clone is not packed: one line says what makes the packages', () => {
  const clone = path.join(folder, 'clone');
  fs.mkdirSync(path.join(clone, 'scripts'), { recursive: true });
  // Without `prepare`, which builds the addon.
  const { prepack } = manifest.scripts;
  fs.writeFileSync(
    path.join(clone, 'package.json'),
    JSON.stringify({ ...manifest, scripts: { prepack } })
  );
  fs.copyFileSync(
    path.join(ROOT, 'scripts', 'prepack.js'),
    path.join(clone, 'scripts', 'prepack.js')
  );
  const options = { cwd: clone, encoding: 'utf8', shell: process.platform === 'win32' };
  const { status, stderr } = spawnSync('npm', ['pack', '--loglevel=silent'], options);
  assert.notStrictEqual(status, 0);
  assert.match(stderr, /^This folder is not the package\. .*`npm run packages`.*\n$/);
  assert.deepStrictEqual(fs.readdirSync(clone).sort(), ['package.json', 'scripts']);
});

'use strict';

/**
 * Loads the package's JavaScript anew in contexts of node:vm, as test frameworks do, with one addon for
 * all of them; then anew in this context, with its addon loaded once more. What is not used any more is
 * collected while others work. Prints what each of them found.
 *
 * Input: `table`, `options`, and `isEarly`: whether this context loads the package before the others do.
 */

const { createRequire } = require('node:module');
const fs = require('node:fs');
const path = require('node:path');
const v8 = require('node:v8');
const vm = require('node:vm');

const { flag } = require('../../../demo/flag');

v8.setFlagsFromString('--expose-gc');
const collectGarbage = vm.runInNewContext('gc');

const { table, options, isEarly } = JSON.parse(process.argv[2]);
const ROOT = path.join(__dirname, '..', '..', '..');
const FEATURES = { namespace: 'features' };
const GLOBALS = {
  console,
  process,
  Buffer,
  setTimeout,
  clearTimeout,
  setImmediate,
  clearImmediate,
};

/** Loads a file of the package, and what it requires, in a context. */
function loadIn(context, file, loaded = new Map()) {
  if (loaded.has(file)) return loaded.get(file).exports;
  const module = { exports: {} };
  loaded.set(file, module);
  const outer = createRequire(file);
  const require = (name) => {
    const target = outer.resolve(name);
    const isOwn = path.isAbsolute(target) && target.endsWith('.js');
    return isOwn ? loadIn(context, target, loaded) : outer(name);
  };
  const code = `(function (exports, require, module, __filename, __dirname) {${fs.readFileSync(file)}\n})`;
  const run = vm.runInContext(code, context, { filename: file });
  run(module.exports, require, module, file, path.dirname(file));
  return module.exports;
}

const inNewContext = () => loadIn(vm.createContext({ ...GLOBALS }), path.join(ROOT, 'index.js'));

/** Forgets what this context has loaded of the package, the addon included. */
function anew() {
  for (const file of Object.keys(require.cache)) {
    if (/^(index|root)\.js$|^lib|\.node$/.test(path.relative(ROOT, file))) {
      delete require.cache[file];
    }
  }
  return require(ROOT);
}

async function use({ DynamoDBFeatureStore }, number) {
  const store = DynamoDBFeatureStore(table, { ...options, prefix: `context-${number}` });
  const ask = (method, ...args) => new Promise((resolve) => store[method](...args, resolve));
  await ask('init', { features: { a: flag('a') }, segments: {} });
  const all = Object.keys(await ask('all', FEATURES));
  if (number % 2) store.close();
  return [(await ask('get', FEATURES, 'a')).key, ...all];
}

async function main() {
  const found = [];
  if (isEarly) found.push(await use(require(ROOT), 0));
  for (let round = 1; round <= 3; round += 1) {
    const uses = [1, 2, 3].map((i) => use(inNewContext(), round * 10 + i));
    collectGarbage();
    found.push(...(await Promise.all(uses)));
    found.push(await use(anew(), round * 10));
    collectGarbage();
  }
  process.stdout.write(JSON.stringify(found));
}

main();

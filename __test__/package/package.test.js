'use strict';

/**
 * The packages as they are published, in applications that have nothing else: no Rust, no network.
 */

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');

const { flag } = require('../support/flags');
const { SDKS } = require('../support/sdks');
const { FEATURES, itemRow, markerRow } = require('../support/data');
const { scenes } = require('../support/scene');
const { fetchPackage } = require('../support/npm-package');
const { NAME, PLATFORM, PLATFORMS, Published } = require('./published');

const newScene = scenes();

const ROOT = path.join(__dirname, '..', '..');
const { version } = require('../../package.json');
/** What this package consists of besides the addon. */
const FILES = [
  /^CHANGELOG\.md$/,
  /^LICENSE$/,
  /^README\.md$/,
  /^bin\/dynamodb-feature-store\.js$/,
  /^docs\/(?!maintaining)[\w-]+\.(md|svg)$/,
  /^index\.(js|js\.map|d\.ts)$/,
  /^lib\/cli\/[\w/-]+\.js$/,
  /^package\.json$/,
];
/** Half of it is the source map, which contains the sources. */
const LARGEST = 900_000;
/** The addon, with a margin; what is published is smaller than what `npm run build` makes. */
const LARGEST_ADDON = 20_000_000;

/** @type {Published} */
let published;
/** @type {string} */
let folder;
before(async () => {
  published = new Published();
  ({ folder } = published);
  await published.prepare();
});

after(() => published.close());

const outcome = (...args) => published.outcome(...args);
const run = (...args) => published.run(...args);

/** @returns {Promise<string>} an application with the package */
async function installed(...args) {
  const application = published.newApplication();
  await run('npm', ['install', ...(args.length > 0 ? args : [NAME])], application);
  return application;
}

function packagesIn(application) {
  const names = fs.readdirSync(path.join(application, 'node_modules'));
  return names.filter((name) => !name.startsWith('.')).sort();
}

function runScript(application, name, text, more) {
  fs.writeFileSync(path.join(application, name), text);
  return run(process.execPath, [name], application, more);
}

/** What comes of requiring it. */
function requiring(application) {
  return outcome(process.execPath, ['-e', `require('${NAME}')`], application);
}

test('the package has what it needs, and nothing else', async () => {
  const args = ['pack', '--dry-run', '--json', published.tarballs.main];
  const [{ files, unpackedSize }] = JSON.parse(await run('npm', args, folder));
  const paths = files.map((file) => file.path);
  const strange = paths.filter((file) => !FILES.some((allowed) => allowed.test(file)));
  assert.deepStrictEqual(strange, []);
  for (const allowed of FILES) {
    assert.ok(
      paths.some((file) => allowed.test(file)),
      String(allowed)
    );
  }
  assert.ok(unpackedSize < LARGEST, `${unpackedSize} bytes`);
});

test("a platform's package has the addon and the licences of what is in it", async () => {
  const args = ['pack', '--dry-run', '--json', published.tarballs[PLATFORM]];
  const [{ name, files, unpackedSize }] = JSON.parse(await run('npm', args, folder));
  assert.strictEqual(name, `${NAME}-${PLATFORM}`);
  assert.deepStrictEqual(files.map((file) => file.path).sort(), [
    'LICENSE',
    'README.md',
    'THIRD-PARTY-LICENCES.txt',
    `${NAME}.${PLATFORM}.node`,
    'package.json',
  ]);
  assert.ok(unpackedSize < LARGEST_ADDON, `${unpackedSize} bytes`);
});

test('the package depends on those for platforms, each of the same version', () => {
  assert.deepStrictEqual(published.platforms, PLATFORMS);
  const file = path.join(folder, 'packages', 'main', 'package.json');
  const { dependencies, optionalDependencies, scripts } = JSON.parse(fs.readFileSync(file, 'utf8'));
  const expected = PLATFORMS.map((name) => [`${NAME}-${name}`, version]);
  assert.deepStrictEqual(optionalDependencies, Object.fromEntries(expected));
  assert.deepStrictEqual([dependencies, scripts], [undefined, undefined]);
});

test('npm installs the addon for this machine alone, and it works in every way', async () => {
  const application = await installed();
  assert.deepStrictEqual(packagesIn(application), [NAME, `${NAME}-${PLATFORM}`]);
  const check = `
    for (const make of [direct, named, byDefault]) {
      if (typeof make('my-table').get !== 'function') throw new Error('no store');
    }
    if (typeof segments('my-table').getMetadata !== 'function') throw new Error('no big segments');`;
  await runScript(
    application,
    'required.cjs',
    `const direct = require('${NAME}');
     const { DynamoDBFeatureStore: named, default: byDefault } = direct;
     const { DynamoDBBigSegmentStore: segments } = direct;${check}`
  );
  await runScript(
    application,
    'imported.mjs',
    `import direct from '${NAME}';
     import { DynamoDBFeatureStore as named, DynamoDBBigSegmentStore as segments } from '${NAME}';
     import * as all from '${NAME}';
     const byDefault = all.default;${check}`
  );
  assert.strictEqual(await run('npx', ['--offline', NAME, 'version'], application), `${version}\n`);
  const nowhere = ['list', 'my-table', '--endpoint', 'http://127.0.0.1:1'];
  const { code, stderr } = await outcome('npx', ['--offline', NAME, ...nowhere], application);
  assert.strictEqual(code, 1);
  assert.match(stderr, /^table "my-table": DynamoDB can't be reached: .*\n$/);
});

test('requiring it loads one file of JavaScript, and nothing of Node that most never need', async () => {
  const printed = await runScript(
    await installed(),
    'loaded.js',
    `const path = require('path');
     const builtin = new Set(process.moduleLoadList);
     require('${NAME}');
     const loaded = process.moduleLoadList.filter((name) => !builtin.has(name));
     const files = Object.keys(require.cache).filter((file) => file !== __filename);
     const inside = (file) => path.relative(path.join(__dirname, 'node_modules'), file);
     process.stdout.write(JSON.stringify([files.map(inside).sort(), loaded]));`
  );
  const [files, loaded] = JSON.parse(printed);
  const expected = [
    [NAME, 'index.js'],
    [`${NAME}-${PLATFORM}`, `${NAME}.${PLATFORM}.node`],
  ];
  const expectedFiles = expected.map((names) => path.join(...names));
  assert.deepStrictEqual(files, expectedFiles.sort());
  const rare = /^NativeModule (child_process|crypto|dns|http|https|net|tls|worker_threads)$/;
  assert.deepStrictEqual(
    loaded.filter((name) => rare.test(name)),
    []
  );
});

test('with its source map, a stack names the lines of the sources', async () => {
  const text = `
    try {
      require('${NAME}')('');
    } catch ({ stack }) {
      process.stdout.write(stack);
    }`;
  const application = await installed();
  fs.writeFileSync(path.join(application, 'stack.js'), text);
  const args = ['--enable-source-maps', 'stack.js'];
  const stack = await run(process.execPath, args, application);
  const frames = [...stack.matchAll(/dynamodb-feature-store[\\/](lib[\\/][^:]+):(\d+):/g)];
  const sources = frames.map(([, file, line]) => {
    const lines = fs.readFileSync(path.join(ROOT, file), 'utf8').split('\n');
    return `${file.split(path.sep).join('/')}: ${lines[Number(line) - 1].trim()}`;
  });
  assert.match(sources[0], /^lib\/options\/checks\.js: const failure = new TypeError\(/);
  assert.match(sources[1], /^lib\/options\/index\.js: fail\('tableName'/);
});

for (const [os, cpu, libc, expected] of [
  ['linux', 'arm64', 'glibc', 'linux-arm64-gnu'],
  ['linux', 'x64', 'musl', 'linux-x64-musl'],
  ['darwin', 'arm64', '', 'darwin-arm64'],
  ['win32', 'x64', '', 'win32-x64-msvc'],
]) {
  test(`npm can install it for ${expected}`, async () => {
    const flags = [`--os=${os}`, `--cpu=${cpu}`, ...(libc ? [`--libc=${libc}`] : [])];
    const application = await installed(...flags, NAME);
    assert.deepStrictEqual(packagesIn(application), [NAME, `${NAME}-${expected}`]);
  });
}

test('npm adds the addon of another platform to that of this machine', async () => {
  const application = await installed();
  const [other] = PLATFORMS.filter((name) => name !== PLATFORM);
  await run('npm', ['install', '--no-save', '--force', `${NAME}-${other}`], application);
  const both = [`${NAME}-${other}`, `${NAME}-${PLATFORM}`].sort();
  assert.deepStrictEqual(packagesIn(application), [NAME, ...both]);
});

for (const sdk of SDKS.filter(({ cached, dataSystem }) => cached && !dataSystem)) {
  test(`${sdk.title}: evaluates a flag with the installed package`, async (t) => {
    const scene = await newScene(t);
    await scene.put(markerRow(), itemRow(FEATURES.namespace, flag('f')));
    const subject = sdk.contexts ? { kind: 'user', key: 'ada' } : { key: 'ada' };
    const printed = await runScript(
      await installed(),
      'five-lines.js',
      `const LaunchDarkly = require(${JSON.stringify(sdk.folder)});
       const { DynamoDBFeatureStore } = require('${NAME}');
       const featureStore = DynamoDBFeatureStore('${scene.table}');
       const client = LaunchDarkly.init('key', { featureStore, useLdd: true, sendEvents: false });
       client.waitForInitialization({ timeout: 60 })
         .then(() => client.variation('f', ${JSON.stringify(subject)}, 'none'))
         .then((value) => { process.stdout.write('the flag is ' + value); client.close(); });`,
      { AWS_ENDPOINT_URL_DYNAMODB: scene.engine }
    );
    assert.match(printed, /the flag is true$/);
  });
}

test('two copies of it work in one process', async (t) => {
  const scene = await newScene(t);
  await scene.put(markerRow(), itemRow(FEATURES.namespace, flag('f')));
  const copies = [await installed(), await installed()];
  const printed = await runScript(
    copies[0],
    'two.js',
    `const found = ${JSON.stringify(copies)}.map((folder) => {
       const make = require(folder + '/node_modules/${NAME}');
       const store = make('${scene.table}');
       return new Promise((resolve) => store.get({ namespace: 'features' }, 'f', (item) => {
         store.close();
         resolve([make, item.key]);
       }));
     });
     Promise.all(found).then(([[one, a], [other, b]]) => {
       process.stdout.write(JSON.stringify([one !== other, a, b]));
     });`,
    { AWS_ENDPOINT_URL_DYNAMODB: scene.engine }
  );
  assert.deepStrictEqual(JSON.parse(printed), [true, 'f', 'f']);
});

test('under the name of the package that it replaces, the old line works', async () => {
  const application = await installed(`ldclient-node-dynamodb-store@npm:${NAME}`);
  await runScript(
    application,
    'old.js',
    `const DynamoDBFeatureStore = require('ldclient-node-dynamodb-store');
     const store = DynamoDBFeatureStore('my-table', { prefix: 'p', cacheTTL: 30 });
     if (typeof store.get !== 'function') throw new Error('no store');`
  );
});

/** How other package managers are got and run. */
const MANAGERS = {
  pnpm: { from: ['pnpm', '10.20.0', 'bin/pnpm.cjs'], add: ['add', NAME] },
  'Yarn 1': {
    from: ['yarn', '1.22.22', 'bin/yarn.js'],
    add: ['add', '--no-progress', '--ignore-engines', NAME],
  },
  'Yarn 4, node_modules': {
    from: ['@yarnpkg/cli-dist', '4.10.3', 'bin/yarn.js'],
    add: ['add', NAME],
    settings: { YARN_NODE_LINKER: 'node-modules' },
  },
  "Yarn 4, Plug'n'Play": {
    from: ['@yarnpkg/cli-dist', '4.10.3', 'bin/yarn.js'],
    add: ['add', NAME],
    settings: { YARN_NODE_LINKER: 'pnp' },
    isPlugAndPlay: true,
  },
};

for (const [manager, { from, add, settings, isPlugAndPlay }] of Object.entries(MANAGERS)) {
  test(`${manager} installs it`, async () => {
    const [name, wanted, program] = from;
    const yarn = path.join(fetchPackage(name, wanted), program);
    const application = published.newApplication();
    fs.writeFileSync(path.join(application, 'yarn.lock'), '');
    const env = {
      ...settings,
      YARN_NPM_REGISTRY_SERVER: published.registry.url,
      YARN_UNSAFE_HTTP_WHITELIST: '127.0.0.1',
      YARN_ENABLE_TELEMETRY: '0',
      YARN_GLOBAL_FOLDER: path.join(folder, 'yarn'),
      YARN_ENABLE_IMMUTABLE_INSTALLS: 'false',
      COREPACK_ENABLE_STRICT: '0',
    };
    await run(process.execPath, [yarn, ...add], application, env);
    const text = `
      const store = require('${NAME}').DynamoDBFeatureStore('my-table');
      if (typeof store.get !== 'function') throw new Error('no store');`;
    fs.writeFileSync(path.join(application, 'script.js'), text);
    const args = isPlugAndPlay ? ['-r', './.pnp.cjs', 'script.js'] : ['script.js'];
    await run(process.execPath, args, application);
  });
}

test('without the addon, an error says which one is missing and what to do', async () => {
  const { code, stderr } = await requiring(await installed('--omit=optional', NAME));
  assert.strictEqual(code, 1);
  const beginning = `^Error: ${NAME}: no addon for ${PLATFORM}: it is not installed\\. `;
  assert.match(stderr, new RegExp(`${beginning}.*optional dependency ${NAME}-${PLATFORM}\\.`, 'm'));
  assert.match(stderr, /code: 'ERR_DYNAMODB_FEATURE_STORE_ADDON'/);
});

test('without the addon, the command line has its help, and fails in one line', async () => {
  const application = await installed('--omit=optional', NAME);
  const help = await run('npx', ['--offline', NAME, '--help'], application);
  assert.match(help, /^Usage: npx dynamodb-feature-store /);
  const { code, stderr } = await outcome('npx', ['--offline', NAME, 'check', 't'], application);
  assert.strictEqual(code, 1);
  assert.match(stderr, /^dynamodb-feature-store: .*\n$/);
});

test('an addon that the system does not take is an error with what the system says', async () => {
  const application = await installed();
  const inside = path.join('node_modules', `${NAME}-${PLATFORM}`, `${NAME}.${PLATFORM}.node`);
  fs.writeFileSync(path.join(application, inside), 'no library');
  const { code, stderr } = await requiring(application);
  assert.strictEqual(code, 1);
  const beginning = `^Error: ${NAME}: no addon for ${PLATFORM}: it can't be loaded: `;
  assert.match(stderr, new RegExp(beginning, 'm'));
  assert.match(stderr, /file too short|invalid ELF header|not a mach-o|is not a valid Win32/i);
});

test('something else in the place of the addon is an error, too', async () => {
  const application = await installed();
  const inside = path.join(application, 'node_modules', `${NAME}-${PLATFORM}`);
  fs.writeFileSync(path.join(inside, 'package.json'), '{"main": "other.js"}');
  for (const text of ['module.exports = undefined;', 'module.exports = { NativeStore: 5 };']) {
    fs.writeFileSync(path.join(inside, 'other.js'), text);
    const { code, stderr } = await requiring(application);
    assert.strictEqual(code, 1);
    assert.match(stderr, /what was loaded in its place has no NativeBigSegmentStore and no /);
  }
});

'use strict';

/**
 * The package's types beside those that each SDK publishes, in applications that resolve and import
 * modules in the ways that TypeScript has.
 */

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');

const ts = require('typescript');

const { SDKS } = require('../../support/sdks');
const { complaints } = require('../../support/type-check');

const PACKAGE = path.join(__dirname, '..', '..', '..');
const NAME = 'dynamodb-feature-store';

/** How an application gets at the two functions. The last is for CommonJS modules alone. */
const IMPORTS = {
  named: `import { DynamoDBBigSegmentStore, DynamoDBFeatureStore, type Options } from '${NAME}';`,
  default: `
    import DynamoDBFeatureStore, { DynamoDBBigSegmentStore, type Options } from '${NAME}';`,
  namespace: `
    import * as Package from '${NAME}';
    const { DynamoDBBigSegmentStore, DynamoDBFeatureStore } = Package;
    type Options = Package.Options;`,
  require: `
    import DynamoDBFeatureStore = require('${NAME}');
    const { DynamoDBBigSegmentStore } = DynamoDBFeatureStore;
    type Options = DynamoDBFeatureStore.Options;`,
};
const { require: _, ...OF_ES_MODULES } = IMPORTS;
const { default: __, ...WITHOUT_INTEROP } = IMPORTS;

const { ModuleKind, ModuleResolutionKind } = ts;
/** The kinds of files, and how those import the package. */
const SETTINGS = {
  node10: {
    options: { module: ModuleKind.CommonJS, moduleResolution: ModuleResolutionKind.Node10 },
    files: { '.ts': WITHOUT_INTEROP },
  },
  'node10 with esModuleInterop': {
    options: {
      module: ModuleKind.CommonJS,
      moduleResolution: ModuleResolutionKind.Node10,
      esModuleInterop: true,
    },
    files: { '.ts': IMPORTS },
  },
  node16: {
    options: { module: ModuleKind.Node16, moduleResolution: ModuleResolutionKind.Node16 },
    files: { '.cts': IMPORTS, '.mts': OF_ES_MODULES },
  },
  nodenext: {
    options: { module: ModuleKind.NodeNext, moduleResolution: ModuleResolutionKind.NodeNext },
    files: { '.cts': IMPORTS, '.mts': OF_ES_MODULES },
  },
  bundler: {
    options: { module: ModuleKind.ESNext, moduleResolution: ModuleResolutionKind.Bundler },
    files: { '.ts': OF_ES_MODULES },
  },
};

let folder;

before(() => {
  folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'sdk-types-')));
});

after(() => fs.rmSync(folder, { recursive: true }));

/**
 * @param {(typeof SDKS)[number]} sdk
 * @returns {string} what an application has to do with the two
 */
function usage({ name, bigSegments, nulls }) {
  const isCurrent = nulls !== undefined;
  const lines = [
    `import * as LaunchDarkly from '${name}';`,
    "const options: Options = { prefix: 'production', cacheTTL: 30 };",
    "const featureStore = DynamoDBFeatureStore('my-table', options);",
    "LaunchDarkly.init('key', { featureStore, useLdd: true });",
    'export const config: LaunchDarkly.LDOptions = { featureStore };',
    '// @ts-expect-error the name of the table is a string',
    'DynamoDBFeatureStore(5);',
    '// @ts-expect-error the SDK wants a store',
    'export const wrong: LaunchDarkly.LDOptions = { featureStore: { get: 5 } };',
  ];
  const withBigSegments = [
    "const store = DynamoDBBigSegmentStore('my-table', { prefix: 'production' });",
    "LaunchDarkly.init('key', { bigSegments: { store: new DynamoDBBigSegmentStore('my-table') } });",
    "LaunchDarkly.init('key', { featureStore, bigSegments: { store, userCacheTime: 5 } });",
    'export const asFactory: LaunchDarkly.LDOptions = { featureStore: (given) => featureStore(given) };',
    '// @ts-expect-error the SDK wants a store',
    'export const bad: LaunchDarkly.LDOptions = { bigSegments: { store: featureStore } };',
  ];
  const ofCurrent = [
    "const ofBundle = new DynamoDBFeatureStore('my-table', { sdk: LaunchDarkly });",
    'export const bundled: LaunchDarkly.LDOptions = { featureStore: ofBundle };',
    '// @ts-expect-error it is a module',
    "DynamoDBFeatureStore('my-table', { sdk: '9' });",
  ];
  const withDataSystem = [
    'export const dataSystem: LaunchDarkly.LDOptions = {',
    '  dataSystem: { persistentStore: featureStore, useLdd: true },',
    '};',
  ];
  return [
    ...lines,
    ...(bigSegments ? withBigSegments : []),
    ...(isCurrent ? ofCurrent : []),
    ...(nulls === 'kept in variations' ? withDataSystem : []),
  ].join('\n');
}

/**
 * An application's folder, with an SDK and this package.
 *
 * @param {(typeof SDKS)[number]} sdk
 * @param {string} title
 */
function newApplication(sdk, title) {
  const application = fs.mkdtempSync(path.join(folder, title.replace(/\W+/g, '-')));
  const own = path.join(application, 'node_modules', NAME);
  fs.mkdirSync(own, { recursive: true });
  for (const file of ['index.d.ts', 'package.json']) {
    fs.copyFileSync(path.join(PACKAGE, file), path.join(own, file));
  }
  for (const [name, place] of [
    [sdk.name, sdk.folder],
    ['@types/node', path.join(PACKAGE, 'node_modules', '@types', 'node')],
  ]) {
    const link = path.join(application, 'node_modules', name);
    fs.mkdirSync(path.dirname(link), { recursive: true });
    fs.symlinkSync(place, link, 'junction');
  }
  return application;
}

for (const sdk of SDKS.filter(({ cached, dataSystem }) => cached && !dataSystem)) {
  for (const [setting, { options, files }] of Object.entries(SETTINGS)) {
    test(`${sdk.title}: takes the stores in TypeScript, ${setting}`, () => {
      const application = newApplication(sdk, setting);
      const sources = Object.entries(files).flatMap(([extension, imports]) =>
        Object.entries(imports).map(([form, text]) => {
          const file = path.join(application, `${form}${extension}`);
          fs.writeFileSync(file, `${text}\n${usage(sdk)}\n`);
          return file;
        })
      );
      assert.strictEqual(complaints(application, sources, options), '');
    });
  }
}

test('with exactOptionalPropertyTypes, each option may be undefined', () => {
  const file = path.join(__dirname, 'undefined-options.ts');
  const { options } = SETTINGS['node10 with esModuleInterop'];
  const given = { ...options, exactOptionalPropertyTypes: true };
  assert.strictEqual(complaints(PACKAGE, [file], given), '');
});

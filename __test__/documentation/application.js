'use strict';

/**
 * An application outside any project, which has the packages as they are published and what the documentation
 * uses besides; and a table with a flag.
 */

const fs = require('node:fs');
const path = require('node:path');
const { rootCertificates } = require('node:tls');

const { metadataRow } = require('../support/big-segments');
const { FEATURES, itemRow, markerRow } = require('../support/data');
const dynamodb = require('../support/dynamodb');
const { startEngine } = require('../support/engine');
const { PLATFORM, Published } = require('../package/published');

const FLAG = {
  key: 'my-flag',
  version: 1,
  on: true,
  variations: [false, true],
  fallthrough: { variation: 1 },
};
/** The prefixes that the documentation uses. */
const PREFIXES = [undefined, 'production'];
/** Files that blocks read. `store.js` is a module of the application that makes a store. */
const FILES = {
  'authority.pem': () => rootCertificates[0],
  '.env': (table) => `FLAG_TABLE=${table}\n`,
  'store.js': () => `
    const { DynamoDBFeatureStore } = require('dynamodb-feature-store');
    exports.store = DynamoDBFeatureStore(process.env.FLAG_TABLE);`,
};
const INSTALLED = ['package.json', 'package-lock.json', 'node_modules'];

class Application {
  constructor() {
    this.published = new Published();
    this.folder = this.published.newApplication();
    this.endpoint = '';
    this.table = '';
    this.closeEngine = async () => {};
  }

  async prepare() {
    const { endpoint, close } = await startEngine();
    this.endpoint = endpoint;
    this.closeEngine = close;
    this.table = await dynamodb.createTable(endpoint);
    await dynamodb.putRows(endpoint, this.table, PREFIXES.flatMap(rowsOf));

    await this.published.prepare();
    for (const name of INSTALLED) {
      fs.cpSync(path.join(__dirname, name), path.join(this.folder, name), { recursive: true });
    }
    const { main, [PLATFORM]: addon } = this.published.tarballs;
    // All the rest is there.
    const args = ['install', '--offline', '--ignore-scripts', main, addon];
    await this.published.run('npm', args, this.folder);
    for (const [name, content] of Object.entries(FILES)) this.write(name, content(this.table));
  }

  async close() {
    await this.closeEngine();
    this.published.close();
  }

  /** @returns {string} the path of the new file */
  write(name, content) {
    const file = path.join(this.folder, name);
    fs.writeFileSync(file, content);
    return file;
  }

  /**
   * What stands for a reader's own table and engine becomes the real ones.
   *
   * @param {string} text
   * @param {string} [table]
   */
  filledIn(text, table = this.table) {
    return text
      .replace(/YOUR[ _]TABLE[ _]NAME/g, table)
      .replaceAll('http://localhost:8000', this.endpoint);
  }
}

/** The rows of a prefix: a flag, and what shows that all flags and big segments are there. */
function rowsOf(prefix) {
  const namespace = prefix ? `${prefix}:${FEATURES.namespace}` : FEATURES.namespace;
  return [itemRow(namespace, FLAG), markerRow(prefix), metadataRow(Date.now(), prefix)];
}

module.exports = { Application, FLAG };

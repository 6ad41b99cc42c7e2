'use strict';

/**
 * The commands that version 3 of the AWS SDK sends. They come from the caller's own packages, which are
 * looked for when they are first needed.
 */

const path = require('path');

const { loadedModules, mainFile, requireFrom } = require('../host/loaded-modules');

/** @typedef {new (params: object) => object} Command */

/** The packages, the classes of their clients, and their commands by operation. */
const TYPED = {
  package: '@aws-sdk/client-dynamodb',
  client: 'DynamoDBClient',
  aggregated: 'DynamoDB',
  commands: {
    GetItem: 'GetItemCommand',
    Query: 'QueryCommand',
    PutItem: 'PutItemCommand',
    BatchWriteItem: 'BatchWriteItemCommand',
  },
};
const DOCUMENT = {
  package: '@aws-sdk/lib-dynamodb',
  client: 'DynamoDBDocumentClient',
  aggregated: 'DynamoDBDocument',
  commands: {
    GetItem: 'GetCommand',
    Query: 'QueryCommand',
    PutItem: 'PutCommand',
    BatchWriteItem: 'BatchWriteCommand',
  },
};

/** @type {WeakMap<object, any>} the package that was found for a client */
const found = new WeakMap();

/**
 * @param {any} client
 * @param {string} operation
 * @param {object} params
 * @param {boolean} document whether its values are plain ones
 * @returns {object}
 */
function newCommand(client, operation, params, document) {
  const source = document ? DOCUMENT : TYPED;
  let commands = found.get(client);
  if (commands === undefined) {
    commands = findPackage(client, source);
    found.set(client, commands);
  }
  const name = /** @type {Record<string, string>} */ (source.commands)[operation];
  const Command = /** @type {Command} */ (commands[name]);
  return new Command(params);
}

/**
 * @param {any} client
 * @param {typeof TYPED | typeof DOCUMENT} source
 * @returns {any} what the package exports
 */
function findPackage(client, source) {
  const isPackage = (/** @type {any} */ exported) =>
    Boolean(exported) && Object.values(source.commands).every((name) => exported[name]);
  const loaded = loadedFrom(source.package).filter(isPackage);
  // There may be several versions. The client's own one knows it.
  const own = loaded.find((exported) => {
    const Client = exported[source.client];
    return typeof Client === 'function' && client instanceof Client;
  });
  if (own) return own;
  const installed = filesThatMayHaveIt()
    .map((file) => requireFrom(file, source.package))
    .find(isPackage);
  if (installed) return installed;
  if (loaded.length > 0) return loaded[0];
  throw Object.assign(
    new Error(
      `the client takes commands of the package ${source.package}, which can't be found. Install it ` +
        'where the application is, or give a client that has a method for each operation, ' +
        `such as ${source.aggregated}`
    ),
    { code: 'NotSent' }
  );
}

/**
 * @param {string} name of a package
 * @returns {any[]} what those of its modules export that are loaded
 */
function loadedFrom(name) {
  const folder = path.join('node_modules', ...name.split('/')) + path.sep;
  return loadedModules()
    .filter(([file]) => file.includes(folder))
    .map(([, exported]) => exported);
}

/**
 * @returns {string[]} files of this package, the application and its folder
 */
function filesThatMayHaveIt() {
  const inFolder = path.join(process.cwd(), 'index.js');
  return [__filename, mainFile() || inFolder, inFolder];
}

module.exports = { newCommand };

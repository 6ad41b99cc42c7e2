'use strict';

/**
 * The command classes of version 3 of the AWS SDK. They come from the application's own packages, which are
 * searched for when a command is first needed.
 */

const path = require('path');

const { loadedModules, mainFile, requireFrom } = require('../host/loaded-modules');

/** @typedef {new (params: object) => object} Command */

/** The packages with the names of their client classes and, by operation, command classes. */
const PLAIN_CLIENT = {
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
const DOCUMENT_CLIENT = {
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

/** @type {WeakMap<object, any>} the package of each client */
const packages = new WeakMap();

/**
 * @param {any} client
 * @param {string} operation
 * @param {object} params
 * @param {boolean} document whether it is a document client
 * @returns {object}
 */
function newCommand(client, operation, params, document) {
  const source = document ? DOCUMENT_CLIENT : PLAIN_CLIENT;
  let commands = packages.get(client);
  if (commands === undefined) {
    commands = findPackage(client, source);
    packages.set(client, commands);
  }
  const name = /** @type {Record<string, string>} */ (source.commands)[operation];
  const Command = /** @type {Command} */ (commands[name]);
  return new Command(params);
}

/**
 * @param {any} client
 * @param {typeof PLAIN_CLIENT | typeof DOCUMENT_CLIENT} source
 * @returns {any} the exports of the package
 * @throws {Error} if it can't be found; its code is `NotSent`
 */
function findPackage(client, source) {
  const isPackage = (/** @type {any} */ exported) =>
    Boolean(exported) && Object.values(source.commands).every((name) => exported[name]);
  const loaded = loadedFrom(source.package).filter(isPackage);
  // Several versions may be loaded. Prefer the one that the client comes from.
  const own = loaded.find((exported) => {
    const Client = exported[source.client];
    return typeof Client === 'function' && client instanceof Client;
  });
  if (own) return own;
  const installed = filesToSearchFrom()
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
 * @param {string} name the name of a package
 * @returns {any[]} the exports of its loaded modules
 */
function loadedFrom(name) {
  const folder = path.join('node_modules', ...name.split('/')) + path.sep;
  return loadedModules()
    .filter(([file]) => file.includes(folder))
    .map(([, exported]) => exported);
}

/**
 * @returns {string[]} files of this package, the application and the working directory
 */
function filesToSearchFrom() {
  const inFolder = path.join(process.cwd(), 'index.js');
  return [__filename, mainFile() || inFolder, inFolder];
}

module.exports = { newCommand };

'use strict';

/**
 * A minimal persistent store core for SDK 8 and 9 over the AWS SDK for JavaScript v3, in place of
 * `@launchdarkly/node-server-sdk-dynamodb`. It sends the requests of that package, without the GetItem after
 * each update and with all batches at once, so it is at least as fast.
 */

const BATCH = 25;
const MARKER = '$inited';

/**
 * @typedef {{version: number, deleted?: boolean, serializedItem?: string}} Descriptor
 * @typedef {{namespace: string}} Kind
 */

/**
 * @param {any} aws `@aws-sdk/client-dynamodb`
 * @param {string} table
 * @param {object} clientOptions
 * @param {{error(line: string): void}} logger
 */
function newCore(aws, table, clientOptions, logger) {
  const client = new aws.DynamoDBClient(clientOptions);

  /**
   * @param {string} namespace
   * @returns {Promise<any[]>} rows
   */
  async function query(namespace) {
    const rows = [];
    let start;
    do {
      const page = await client.send(
        new aws.QueryCommand({
          TableName: table,
          KeyConditionExpression: '#namespace = :namespace',
          ExpressionAttributeNames: { '#namespace': 'namespace' },
          ExpressionAttributeValues: { ':namespace': { S: namespace } },
          ExclusiveStartKey: start,
        })
      );
      rows.push(...page.Items);
      start = page.LastEvaluatedKey;
    } while (start);
    return rows;
  }

  /**
   * @param {{key: Kind, item: {key: string, item: Descriptor}[]}[]} allData
   */
  async function init(allData) {
    const existing = (await Promise.all(allData.map(({ key }) => query(key.namespace)))).flat();
    const requests = allData.flatMap(({ key: kind, item: items }) =>
      items.map(({ key, item }) => ({ PutRequest: { Item: row(kind.namespace, key, item) } }))
    );
    const written = new Set(requests.map(({ PutRequest }) => identity(PutRequest.Item)));
    const deletes = existing
      .filter((found) => !written.has(identity(found)))
      .map(({ namespace, key }) => ({ DeleteRequest: { Key: { namespace, key } } }));
    const marker = { PutRequest: { Item: { namespace: { S: MARKER }, key: { S: MARKER } } } };
    const all = [...requests, ...deletes, marker];
    const batches = [];
    for (let i = 0; i < all.length; i += BATCH) batches.push(all.slice(i, i + BATCH));
    await Promise.all(
      batches.map((batch) =>
        client.send(new aws.BatchWriteItemCommand({ RequestItems: { [table]: batch } }))
      )
    );
  }

  /**
   * @param {string} namespace
   * @param {string} key
   */
  async function get(namespace, key) {
    const Key = { namespace: { S: namespace }, key: { S: key } };
    const answer = await client.send(new aws.GetItemCommand({ TableName: table, Key }));
    return answer.Item && descriptor(answer.Item);
  }

  /**
   * @param {string} namespace
   * @param {string} key
   * @param {Descriptor} item
   */
  async function upsert(namespace, key, item) {
    try {
      await client.send(
        new aws.PutItemCommand({
          TableName: table,
          Item: row(namespace, key, item),
          ConditionExpression: 'attribute_not_exists(#version) OR #version < :version',
          ExpressionAttributeNames: { '#version': 'version' },
          ExpressionAttributeValues: { ':version': { N: String(item.version) } },
        })
      );
      return item;
    } catch (failure) {
      if (/** @type {Error} */ (failure).name !== 'ConditionalCheckFailedException') throw failure;
      return get(namespace, key);
    }
  }

  /**
   * Reports failures, which the wrapper hides: a fast failure must not count as speed.
   *
   * @template T
   * @param {Promise<T>} work
   * @param {(failure: Error | undefined, result?: T) => void} callback
   */
  function answer(work, callback) {
    work.then(
      (result) => callback(undefined, result),
      (failure) => {
        logger.error(`DynamoDB: ${failure}`);
        callback(failure);
      }
    );
  }

  return {
    /** @param {any} allData @param {(failure?: Error) => void} callback */
    init: (allData, callback) => answer(init(allData), (failure) => callback(failure)),
    /** @param {Kind} kind @param {string} key @param {(found: any) => void} callback */
    get: (kind, key, callback) => answer(get(kind.namespace, key), (_, found) => callback(found)),
    /** @param {Kind} kind @param {(found: any) => void} callback */
    getAll: (kind, callback) =>
      answer(query(kind.namespace), (_, rows) =>
        callback(rows?.map((found) => ({ key: found.key.S, item: descriptor(found) })))
      ),
    /** @param {Kind} kind @param {string} key @param {Descriptor} item @param {any} callback */
    upsert: (kind, key, item, callback) => answer(upsert(kind.namespace, key, item), callback),
    /** @param {(initialized: boolean) => void} callback */
    initialized: (callback) => answer(get(MARKER, MARKER), (_, found) => callback(Boolean(found))),
    close: () => client.destroy(),
    getDescription: () => 'DynamoDB',
  };
}

/**
 * @param {string} namespace
 * @param {string} key
 * @param {Descriptor} item
 */
function row(namespace, key, { version, serializedItem = '' }) {
  return {
    namespace: { S: namespace },
    key: { S: key },
    version: { N: String(version) },
    item: { S: serializedItem },
  };
}

/**
 * @param {any} found
 * @returns {Descriptor}
 */
function descriptor(found) {
  return { version: Number(found.version?.N ?? 0), serializedItem: found.item?.S };
}

/**
 * @param {any} found
 */
function identity({ namespace, key }) {
  return JSON.stringify([namespace.S, key.S]);
}

/** The wrapper's TTL in seconds if the application sets none. */
const DEFAULT_TTL = 15;

/**
 * Makes the application's `featureStore`.
 *
 * @param {{aws: any, Wrapper: any}} loaded `@aws-sdk/client-dynamodb`, and the SDK's `PersistentDataStoreWrapper`
 * @param {string} table
 * @param {{clientOptions: object, cacheTTL?: number}} options
 */
function newStore({ aws, Wrapper }, table, { clientOptions, cacheTTL = DEFAULT_TTL }) {
  /** @param {{basicConfiguration: {logger: any}}} context */
  const open = ({ basicConfiguration: { logger } }) =>
    new Wrapper(newCore(aws, table, clientOptions, logger), cacheTTL, logger);
  return open;
}

module.exports = { newStore };

'use strict';

/**
 * A minimal DynamoDB client over plain HTTP, for preparing and inspecting tables without the store.
 *
 * Rows are in DynamoDB's own form: an object of attributes such as `{ version: { N: '1' } }`.
 */

const crypto = require('node:crypto');
const http = require('node:http');

const agent = new http.Agent({ keepAlive: true });
const ROWS_PER_BATCH = 25;
const PARALLEL_BATCHES = 8;

/** Returns the headers that engines require. Engines don't check the signature. */
function headers(operation) {
  return {
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-target': `DynamoDB_20120810.${operation}`,
    'x-amz-date': '20260101T000000Z',
    authorization:
      'AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/dynamodb/aws4_request, ' +
      'SignedHeaders=host;x-amz-date;x-amz-target, Signature=0',
  };
}

/**
 * Sends one request and accepts any answer.
 *
 * @param {string} endpoint
 * @param {string} operation such as `GetItem`
 * @param {object} body
 * @param {http.Agent} [through] the agent whose connections are used
 * @returns {Promise<{status: number, body: any}>}
 */
function send(endpoint, operation, body, through = agent) {
  const text = JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const request = http.request(
      endpoint,
      {
        method: 'POST',
        agent: through,
        headers: { ...headers(operation), 'content-length': Buffer.byteLength(text) },
      },
      (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const answer = Buffer.concat(chunks).toString();
          try {
            resolve({ status: response.statusCode, body: JSON.parse(answer) });
          } catch (error) {
            reject(new Error(`${operation}: the engine answered ${answer}`, { cause: error }));
          }
        });
      }
    );
    request.on('error', (error) => {
      // The engine may close an idle connection just when it is used again.
      if (request.reusedSocket && error.code === 'ECONNRESET') {
        resolve(send(endpoint, operation, body, through));
      } else {
        reject(error);
      }
    });
    request.end(text);
  });
}

/**
 * Sends one request that must succeed.
 *
 * @param {string} endpoint
 * @param {string} operation
 * @param {object} body
 * @returns {Promise<any>} the answer's body
 */
async function call(endpoint, operation, body) {
  const answer = await send(endpoint, operation, body);
  if (answer.status === 200) return answer.body;
  const type = String(answer.body.__type).split('#').pop();
  const text = answer.body.message || answer.body.Message;
  throw Object.assign(new Error(`${operation}: ${type}: ${text}`), { code: type });
}

/**
 * Creates a table with a unique name.
 *
 * @param {string} endpoint
 * @param {[string, string]} [keys] the names of the partition and the sort key
 * @returns {Promise<string>} the table's name
 */
async function createTable(endpoint, [partitionKey, sortKey] = ['namespace', 'key']) {
  const table = `test-${crypto.randomBytes(12).toString('hex')}`;
  await call(endpoint, 'CreateTable', {
    TableName: table,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [partitionKey, sortKey].map((name) => ({
      AttributeName: name,
      AttributeType: 'S',
    })),
    KeySchema: [
      { AttributeName: partitionKey, KeyType: 'HASH' },
      { AttributeName: sortKey, KeyType: 'RANGE' },
    ],
  });
  for (;;) {
    const { Table } = await call(endpoint, 'DescribeTable', { TableName: table });
    if (Table.TableStatus === 'ACTIVE') return table;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function deleteTable(endpoint, table) {
  await call(endpoint, 'DeleteTable', { TableName: table });
}

async function putRow(endpoint, table, row) {
  await call(endpoint, 'PutItem', { TableName: table, Item: row });
}

async function deleteRow(endpoint, table, namespace, key) {
  await call(endpoint, 'DeleteItem', {
    TableName: table,
    Key: { namespace: { S: namespace }, key: { S: key } },
  });
}

/** Writes any number of rows: puts, or deletes in the form of `DeleteRequest`s. */
async function writeRows(endpoint, table, requests) {
  const batches = [];
  for (let at = 0; at < requests.length; at += ROWS_PER_BATCH) {
    batches.push(requests.slice(at, at + ROWS_PER_BATCH));
  }
  const writer = async () => {
    for (let batch = batches.pop(); batch; batch = batches.pop()) {
      const body = { RequestItems: { [table]: batch } };
      const { UnprocessedItems } = await call(endpoint, 'BatchWriteItem', body);
      const left = UnprocessedItems?.[table] || [];
      if (left.length > 0) batches.push(left);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_BATCHES }, writer));
}

async function putRows(endpoint, table, rows) {
  await writeRows(
    endpoint,
    table,
    rows.map((row) => ({ PutRequest: { Item: row } }))
  );
}

/** @returns {Promise<object | undefined>} */
async function getRow(endpoint, table, namespace, key) {
  const { Item } = await call(endpoint, 'GetItem', {
    TableName: table,
    Key: { namespace: { S: namespace }, key: { S: key } },
    ConsistentRead: true,
  });
  return Item;
}

/** @returns {Promise<any[]>} all rows, ordered by namespace and key */
async function rows(endpoint, table) {
  const found = await allPages(endpoint, 'Scan', { TableName: table });
  return found.sort((a, b) => compare(a.namespace.S, b.namespace.S) || compare(a.key.S, b.key.S));
}

/** @returns {Promise<any[]>} the rows of a namespace, ordered by key */
function rowsOf(endpoint, table, namespace) {
  return allPages(endpoint, 'Query', {
    TableName: table,
    KeyConditionExpression: '#n = :n',
    ExpressionAttributeNames: { '#n': 'namespace' },
    ExpressionAttributeValues: { ':n': { S: namespace } },
  });
}

async function allPages(endpoint, operation, request) {
  const found = [];
  let start;
  do {
    const body = { ...request, ConsistentRead: true, ExclusiveStartKey: start };
    const page = await call(endpoint, operation, body);
    found.push(...page.Items);
    start = page.LastEvaluatedKey;
  } while (start);
  return found;
}

function compare(a, b) {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Deletes all rows whose namespace begins with `beginning`. */
async function clear(endpoint, table, beginning = '') {
  const found = await rows(endpoint, table);
  const requests = found
    .filter((row) => row.namespace.S.startsWith(beginning))
    .map((row) => ({ DeleteRequest: { Key: { namespace: row.namespace, key: row.key } } }));
  await writeRows(endpoint, table, requests);
}

module.exports = {
  call,
  clear,
  createTable,
  deleteRow,
  deleteTable,
  getRow,
  putRow,
  putRows,
  rows,
  rowsOf,
  send,
};

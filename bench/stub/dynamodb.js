'use strict';

/**
 * The operations that the stores use, on a table in memory. Requests are not validated.
 */

const { response } = require('./http');
const { Table, answer } = require('./table');

const MARKER = '$inited';
const DONE = answer(200, '{}');
const ALL_PROCESSED = answer(200, '{"UnprocessedItems":{}}');
const OTHER = response(200, { 'content-type': 'text/plain' }, 'healthy');

/**
 * @typedef {object} Counts the requests since the last reset
 * @property {Record<string, number>} requests by operation
 * @property {number} rowsWritten rows put or deleted
 */

class DynamoDBStub {
  constructor() {
    this.table = new Table();
    /** @type {Counts} */
    this.counts = { requests: {}, rowsWritten: 0 };
    /** @type {Record<string, (body: any) => Buffer>} */
    this.operations = {
      GetItem: ({ Key }) => this.table.getAnswer(Key.namespace.S, Key.key.S),
      Query: (body) => this.query(body),
      PutItem: (body) => this.putItem(body),
      DeleteItem: ({ Key }) => this.deleteItem(Key),
      BatchWriteItem: ({ RequestItems }) => this.batchWriteItem(RequestItems),
    };
  }

  /**
   * @param {import('./http').Request} request
   * @returns {Buffer} the answer
   */
  answer({ head, body }) {
    const name = /\r\nx-amz-target: *DynamoDB_20120810\.(\w+)/i.exec(head)?.[1] ?? 'other';
    const { requests } = this.counts;
    requests[name] = (requests[name] ?? 0) + 1;
    const operation = this.operations[name];
    return operation ? operation(JSON.parse(body.utf8Slice())) : OTHER;
  }

  query({ KeyConditionExpression, ExpressionAttributeValues, ExclusiveStartKey }) {
    const [value] = /:\w+/.exec(KeyConditionExpression) ?? [''];
    const namespace = ExpressionAttributeValues[value].S;
    return this.table.pageAnswer(namespace, ExclusiveStartKey?.key.S ?? '');
  }

  /** Supports only the condition that stores use: that no newer version is stored. */
  putItem({ Item, ConditionExpression, ReturnValuesOnConditionCheckFailure }) {
    const row = this.table.row(Item.namespace.S, Item.key.S);
    if (ConditionExpression && Number(row?.attributes.version?.N) >= Number(Item.version.N)) {
      return answer(
        400,
        JSON.stringify({
          __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException',
          message: 'The conditional request failed',
          Item: ReturnValuesOnConditionCheckFailure === 'ALL_OLD' ? row?.attributes : undefined,
        })
      );
    }
    this.put(Item);
    return DONE;
  }

  deleteItem(key) {
    this.table.delete(key.namespace.S, key.key.S);
    this.counts.rowsWritten += 1;
    return DONE;
  }

  batchWriteItem(requestItems) {
    for (const { PutRequest, DeleteRequest } of Object.values(requestItems).flat()) {
      if (PutRequest) this.put(PutRequest.Item);
      else this.deleteItem(DeleteRequest.Key);
    }
    return ALL_PROCESSED;
  }

  put(attributes) {
    this.table.put(attributes);
    this.counts.rowsWritten += 1;
  }

  /**
   * Replaces the table by one with these items and the init marker.
   *
   * @param {Record<string, Record<string, import('../data').Item>> | undefined} data items by key, by
   *   namespace; if absent, the table is empty and has no marker
   */
  seed(data) {
    this.table = new Table();
    for (const [namespace, items] of Object.entries(data ?? {})) {
      for (const item of Object.values(items)) {
        this.table.put({
          namespace: { S: namespace },
          key: { S: item.key },
          version: { N: String(item.version) },
          item: { S: JSON.stringify(item) },
        });
      }
      this.table.preparePages(namespace);
    }
    if (data) this.table.put({ namespace: { S: MARKER }, key: { S: MARKER } });
    this.reset();
  }

  reset() {
    this.counts = { requests: {}, rowsWritten: 0 };
  }
}

module.exports = { DynamoDBStub };

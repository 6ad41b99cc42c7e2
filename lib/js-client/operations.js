'use strict';

/**
 * Converts the store's requests to DynamoDB's parameters, and DynamoDB's results to the store's answers.
 *
 * @typedef {import('./values').Values} Values
 * @typedef {[string, string]} Key namespace and key
 *
 * @typedef {object} Row
 * @property {Key} key
 * @property {number} [version]
 * @property {string | {type: string}} [item]
 * @property {boolean} [deleted]
 */

const { typed } = require('./values');

const ReturnConsumedCapacity = 'TOTAL';

/**
 * @param {any} request
 * @param {Values} values
 * @param {boolean} isVersion3
 * @returns {object}
 */
function parameters(request, values, isVersion3) {
  const { operation, table: TableName, consistent: ConsistentRead } = request;
  switch (operation) {
    case 'GetItem': {
      const Key = keyAttributes(request.key, values);
      return { TableName, Key, ConsistentRead, ReturnConsumedCapacity };
    }
    case 'Query': {
      const query = {
        TableName,
        KeyConditionExpression: '#namespace = :namespace',
        ExpressionAttributeNames: { '#namespace': 'namespace' },
        ExpressionAttributeValues: { ':namespace': values.write(request.namespace) },
        ConsistentRead,
        ReturnConsumedCapacity,
      };
      const { start } = request;
      return start ? { ...query, ExclusiveStartKey: keyAttributes(start, values) } : query;
    }
    case 'PutItem': {
      /** @type {Record<string, any>} */
      const compared = {
        ':version': values.write(request.row.version),
        ':numeric': values.write('N'),
      };
      if (request.unchanged !== null) compared[':unchanged'] = values.write(request.unchanged);
      const put = {
        TableName,
        Item: rowAttributes(request.row, values),
        ConditionExpression: request.condition,
        ExpressionAttributeNames: { '#version': 'version' },
        ExpressionAttributeValues: compared,
        ReturnConsumedCapacity,
      };
      // Version 2 rejects unknown parameters and does not return the item.
      return isVersion3 ? { ...put, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } : put;
    }
    default: {
      const puts = request.puts.map((/** @type {Row} */ row) => ({
        PutRequest: { Item: rowAttributes(row, values) },
      }));
      const deletes = request.deletes.map((/** @type {Key} */ key) => ({
        DeleteRequest: { Key: keyAttributes(key, values) },
      }));
      return { RequestItems: { [TableName]: [...puts, ...deletes] }, ReturnConsumedCapacity };
    }
  }
}

/**
 * @param {Key} key
 * @param {Values} values
 * @returns {Record<string, any>}
 */
function keyAttributes([namespace, key], values) {
  return { namespace: values.write(namespace), key: values.write(key) };
}

/**
 * @param {Row} row
 * @param {Values} values
 */
function rowAttributes({ key, version, item }, values) {
  const attributes = keyAttributes(key, values);
  if (version !== undefined) attributes.version = values.write(version);
  if (typeof item === 'string') attributes.item = values.write(item);
  return attributes;
}

/**
 * @param {any} request
 * @param {any} result
 * @param {Values} values
 * @returns {object}
 * @throws {Error} for an invalid result
 */
function answer({ operation, table, bigSegments }, result, values) {
  const isRead = operation === 'GetItem' || operation === 'Query';
  // Test doubles may return nothing for writes.
  const output = result === undefined || result === null ? {} : result;
  if (typeof output !== 'object' || (isRead && output !== result)) {
    throw new Error(`its answer to ${operation} is ${isRead ? 'none' : typeof result}`);
  }
  const units = unitsOf(output.ConsumedCapacity);
  switch (operation) {
    case 'GetItem': {
      const read = bigSegments ? bigSegmentRow : row;
      return { row: output.Item ? read(output.Item, values) : null, units };
    }
    case 'Query': {
      if (!Array.isArray(output.Items)) throw new Error('its answer to Query has no Items');
      const rows = output.Items.map((/** @type {any} */ item) => row(item, values));
      const next = output.LastEvaluatedKey ? keyOf(output.LastEvaluatedKey, values) : null;
      return { rows, next, units };
    }
    case 'PutItem':
      return { units };
    default: {
      /** @type {any[]} */
      const writes = [];
      const unprocessed = output.UnprocessedItems || {};
      for (const name of Object.keys(unprocessed)) {
        if (!isSameTable(name, table)) {
          throw new Error('its answer to BatchWriteItem is about another table');
        }
        writes.push(...unprocessed[name]);
      }
      return { unprocessed: writes.map((write) => keyOf(keyAttributesOf(write), values)), units };
    }
  }
}

/**
 * @param {string} one
 * @param {string} other
 * @returns {boolean} whether both name the same table; either may be an ARN
 */
function isSameTable(one, other) {
  return one.split('/').pop() === other.split('/').pop();
}

/**
 * @param {any} request
 * @param {any} error
 * @returns {object | undefined} the answer to a put whose condition failed; `undefined` for other errors
 */
function failedCondition({ operation }, error) {
  try {
    const names = error ? [error.name, error.code] : [];
    if (operation !== 'PutItem' || !names.includes('ConditionalCheckFailedException')) {
      return undefined;
    }
  } catch (_) {
    // A getter of the error threw.
    return undefined;
  }
  try {
    // The item has attribute values here, even from a document client.
    return { newer: error.Item ? row(error.Item, typed) : null };
  } catch (_nonsense) {
    return { newer: null };
  }
}

/**
 * @param {any} capacity consumed capacity of one table or an array of several
 * @returns {number}
 */
function unitsOf(capacity) {
  const units = (Array.isArray(capacity) ? capacity : [capacity]).map((of) =>
    of ? Number(of.CapacityUnits) : 0
  );
  return units.reduce((sum, more) => (more > 0 ? sum + more : sum), 0);
}

/** @param {any} write a request of BatchWriteItem */
function keyAttributesOf({ PutRequest, DeleteRequest }) {
  return PutRequest ? PutRequest.Item : DeleteRequest.Key;
}

/**
 * @param {any} attributes
 * @param {Values} values
 * @returns {Key}
 */
function keyOf(attributes, values) {
  const [namespace, key] = ['namespace', 'key'].map((name) =>
    attributes[name] ? values.text(attributes[name]) : undefined
  );
  if (namespace === undefined || key === undefined) {
    throw new Error('its answer has a row without namespace and key');
  }
  return [namespace, key];
}

/**
 * @param {any} attributes
 * @param {Values} values
 * @returns {Row}
 */
function row(attributes, values) {
  const { version, item, deleted } = attributes;
  /** @type {Row} */
  const found = { key: keyOf(attributes, values) };
  if (version !== undefined) found.version = values.number(version);
  if (item !== undefined) {
    const text = values.text(item);
    found.item = text === undefined ? { type: values.type(item) } : text;
  }
  if (deleted !== undefined) found.deleted = values.isTrue(deleted);
  return found;
}

/**
 * @param {any} attributes
 * @param {Values} values
 * @returns {{key: Key, synchronizedOn?: number, included?: string[], excluded?: string[]}}
 */
function bigSegmentRow(attributes, values) {
  const { synchronizedOn, included, excluded } = attributes;
  const set = (/** @type {any} */ attribute) =>
    attribute === undefined ? undefined : values.set(attribute);
  return {
    key: keyOf(attributes, values),
    synchronizedOn: synchronizedOn === undefined ? undefined : values.number(synchronizedOn),
    included: set(included),
    excluded: set(excluded),
  };
}

module.exports = { answer, failedCondition, parameters };

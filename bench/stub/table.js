'use strict';

/**
 * A table in memory and DynamoDB's answers about it. Answers to reads are built once and kept as the bytes to
 * send.
 */

const { crc32 } = require('node:zlib');

const { response } = require('./http');

/** DynamoDB's maximum page size, in bytes. */
const PAGE_BYTES = 1024 * 1024;
const NO_ITEM = answer(200, '{}');

/**
 * @typedef {Record<string, {S?: string, N?: string, BOOL?: boolean}>} Attributes
 *
 * @typedef {object} Row
 * @property {Attributes} attributes
 * @property {string} [json] the attributes as JSON
 * @property {Buffer} [answer] the answer to a GetItem
 */

class Table {
  constructor() {
    /** @type {Map<string, Map<string, Row>>} by namespace, then by key */
    this.namespaces = new Map();
    /** @type {Map<string, Map<string, Buffer>>} answers to a Query, by namespace, then by start key */
    this.pages = new Map();
  }

  /**
   * @param {string} namespace
   * @param {string} key
   * @returns {Row | undefined}
   */
  row(namespace, key) {
    return this.namespaces.get(namespace)?.get(key);
  }

  /**
   * @param {Attributes} attributes
   */
  put(attributes) {
    const namespace = String(attributes.namespace.S);
    let rows = this.namespaces.get(namespace);
    if (!rows) {
      rows = new Map();
      this.namespaces.set(namespace, rows);
    }
    rows.set(String(attributes.key.S), { attributes });
    this.pages.delete(namespace);
  }

  /**
   * @param {string} namespace
   * @param {string} key
   */
  delete(namespace, key) {
    this.namespaces.get(namespace)?.delete(key);
    this.pages.delete(namespace);
  }

  /**
   * @param {string} namespace
   * @param {string} key
   * @returns {Buffer} the answer to a GetItem
   */
  getAnswer(namespace, key) {
    const row = this.row(namespace, key);
    if (!row) return NO_ITEM;
    if (!row.answer) row.answer = answer(200, `{"Item":${json(row)}}`);
    return row.answer;
  }

  /**
   * @param {string} namespace
   * @param {string} startKey the last key of the previous page; '' for the first page
   * @returns {Buffer} the answer to a Query
   */
  pageAnswer(namespace, startKey) {
    const page = this.preparePages(namespace).get(startKey);
    if (!page) throw new Error(`no page of ${namespace} begins after ${startKey}`);
    return page;
  }

  /**
   * @param {string} namespace
   * @returns {Map<string, Buffer>} the namespace's pages by start key
   */
  preparePages(namespace) {
    let pages = this.pages.get(namespace);
    if (!pages) {
      pages = makePages(namespace, this.namespaces.get(namespace) ?? new Map());
      this.pages.set(namespace, pages);
    }
    return pages;
  }
}

/**
 * @param {string} namespace
 * @param {Map<string, Row>} rows by key
 * @returns {Map<string, Buffer>}
 */
function makePages(namespace, rows) {
  const pages = new Map();
  let start = '';
  /** @type {string[]} */
  let items = [];
  let bytes = 0;
  const endPage = (/** @type {string | undefined} */ lastKey) => {
    const counts = `"Count":${items.length},"ScannedCount":${items.length}`;
    const more = lastKey === undefined ? '' : `,"LastEvaluatedKey":${keyJson(namespace, lastKey)}`;
    pages.set(start, answer(200, `{${counts},"Items":[${items.join()}]${more}}`));
    start = lastKey ?? '';
    items = [];
    bytes = 0;
  };
  const sorted = [...rows].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [key, row] of sorted) {
    items.push(json(row));
    bytes += size(row.attributes);
    if (bytes >= PAGE_BYTES) endPage(key);
  }
  endPage(undefined);
  return pages;
}

/**
 * @param {Row} row
 * @returns {string}
 */
function json(row) {
  if (row.json === undefined) row.json = JSON.stringify(row.attributes);
  return row.json;
}

/**
 * @param {Attributes} attributes
 * @returns {number} the approximate size as DynamoDB counts it, in bytes
 */
function size(attributes) {
  let bytes = 0;
  for (const [name, { S, N }] of Object.entries(attributes)) {
    bytes += name.length + (S ?? N ?? '').length;
  }
  return bytes;
}

/**
 * @param {string} namespace
 * @param {string} key
 */
function keyJson(namespace, key) {
  return JSON.stringify({ namespace: { S: namespace }, key: { S: key } });
}

/**
 * Makes an answer with DynamoDB's headers. AWS SDKs verify the checksum.
 *
 * @param {number} status
 * @param {string} body
 * @returns {Buffer}
 */
function answer(status, body) {
  const headers = {
    server: 'Server',
    'content-type': 'application/x-amz-json-1.0',
    connection: 'keep-alive',
    'x-amzn-requestid': '0'.repeat(52),
    'x-amz-crc32': crc32(body),
  };
  return response(status, headers, body);
}

module.exports = { Table, answer };

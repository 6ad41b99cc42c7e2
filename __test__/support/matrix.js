'use strict';

/**
 * What was seen of each SDK: how many tests passed, by file.
 */

const path = require('node:path');

const { tableText } = require('./table');

/** Tests with an SDK have its name, its version and how it was configured before a colon. */
const TITLE = /^((?:ldclient|launchdarkly|@launchdarkly\/)\S* \d[^:]*): /;

class Matrix {
  constructor() {
    /** @type {Map<string, Map<string, {passed: number, failed: number}>>} SDK, file */
    this.rows = new Map();
  }

  /**
   * @param {{name: string, file?: string}} test
   * @param {'passed' | 'failed'} outcome
   */
  add({ name, file }, outcome) {
    const [, sdk] = TITLE.exec(name) || [];
    if (sdk === undefined || file === undefined) return;
    const row = this.rows.get(sdk) || new Map();
    this.rows.set(sdk, row);
    const column = path.basename(file, '.test.js');
    const cell = row.get(column) || { passed: 0, failed: 0 };
    row.set(column, cell);
    cell[outcome] += 1;
  }

  /**
   * @returns {string} a table; empty when no test was with an SDK
   */
  toString() {
    const rows = [...this.rows.entries()];
    if (rows.length === 0) return '';
    const files = [...new Set(rows.flatMap(([, cells]) => [...cells.keys()]))].sort();
    const lines = rows.map(([sdk, cells]) => [sdk, ...files.map((file) => shown(cells.get(file)))]);
    return tableText([['passed tests with', ...files], ...lines]);
  }
}

/**
 * @param {{passed: number, failed: number} | undefined} cell
 */
function shown(cell) {
  if (!cell) return '-';
  return cell.failed > 0 ? `${cell.passed}, ${cell.failed} FAILED` : String(cell.passed);
}

module.exports = { Matrix };

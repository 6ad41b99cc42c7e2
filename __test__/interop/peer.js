'use strict';

/**
 * The LaunchDarkly SDK for Python, in a process of its own.
 */

const { spawn } = require('node:child_process');
const path = require('node:path');
const readline = require('node:readline');

const { AWS_ENVIRONMENT } = require('../support/environment');
const { installPython } = require('../support/python');
const { leaveOut } = require('../support/unavailable');

const PROGRAM = path.join(__dirname, 'peer.py');
const REQUIREMENTS = path.join(__dirname, 'requirements.txt');

class Python {
  /**
   * @param {string} python the program
   */
  constructor(python) {
    this.process = spawn(python, [PROGRAM], {
      env: { ...process.env, ...AWS_ENVIRONMENT },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.ended = new Promise((resolve) => this.process.once('close', resolve));
    this.lines = readline.createInterface({ input: this.process.stdout });
    /** @type {{resolve: (result: any) => void, reject: (failure: Error) => void}[]} */
    this.waiting = [];
    this.lines.on('line', (line) => {
      const { result, error } = JSON.parse(line);
      const call = this.waiting.shift();
      if (error === undefined) call.resolve(result);
      else call.reject(new Error(error));
    });
    this.ended.then((code) => {
      for (const { reject } of this.waiting) reject(new Error(`Python ended with ${code}`));
    });
    this.count = 0;
  }

  /**
   * @param {string} name of the peer
   * @param {string} method
   * @param {any[]} args
   * @returns {Promise<any>}
   */
  call(name, method, ...args) {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.process.stdin.write(`${JSON.stringify([name, method, args])}\n`);
    });
  }

  /**
   * A store and a client on a table, as methods that return promises.
   *
   * @param {any} scene
   * @param {string} [prefix]
   */
  async open({ engine, table }, prefix) {
    this.count += 1;
    const name = String(this.count);
    await this.call(name, 'open', table, prefix ?? null, engine);
    const method =
      (method) =>
      (...args) =>
        this.call(name, method, ...args);
    return {
      init: method('init'),
      upsertText: (namespace, text) => this.call(name, 'upsert', namespace, text),
      upsert: (namespace, item) => this.call(name, 'upsert', namespace, JSON.stringify(item)),
      delete: method('delete'),
      get: method('get'),
      all: method('all'),
      initialized: method('initialized'),
      evaluate: method('evaluate'),
      lastUpToDate: method('last_up_to_date'),
      membership: method('membership'),
      close: method('close'),
    };
  }

  async end() {
    this.process.stdin.end();
    await this.ended;
  }
}

/**
 * @returns {string | undefined} the program, where there is Python
 */
function findPython() {
  try {
    return installPython(REQUIREMENTS);
  } catch (error) {
    if (leaveOut('the tests with Python', error) === 'failed') throw error;
    return undefined;
  }
}

module.exports = { Python, python: findPython() };

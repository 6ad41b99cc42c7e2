'use strict';

/**
 * A LaunchDarkly SDK for another language, in a process of its own.
 */

const { spawn } = require('node:child_process');
const path = require('node:path');
const readline = require('node:readline');

const { flag } = require('../../demo/flag');
const { AWS_ENVIRONMENT } = require('../support/environment');
const { buildGo } = require('../support/go');
const { installPython } = require('../support/python');
const { leaveOut } = require('../support/unavailable');

/**
 * The languages. `command` installs or builds what is missing. An SDK that is `modelled` writes its own model of an
 * item and drops members that it doesn't know; the others write the JSON that they received. `longestText` is what
 * an item can hold, in characters, when the SDK writes it.
 *
 * @typedef {{title: string, command: () => string[], modelled: boolean, longestText: number}} Language
 */

/** @type {Language} */
const PYTHON = {
  title: 'Python',
  command: () => [
    installPython(path.join(__dirname, 'requirements.txt')),
    path.join(__dirname, 'peer.py'),
  ],
  modelled: false,
  // It doesn't mind the limit of the other SDKs, which is below DynamoDB's.
  longestText: 405_000,
};

/** @type {Language} */
const GO = {
  title: 'Go',
  command: () => [buildGo(path.join(__dirname, 'go'))],
  modelled: true,
  longestText: 399_000,
};

/** The program of a language, which has any number of stores and clients. */
class Program {
  /**
   * @param {Language} language
   * @param {string[]} command
   */
  constructor(language, [file, ...args]) {
    this.language = language;
    this.process = spawn(file, args, {
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
      for (const { reject } of this.waiting) reject(new Error(`${language.title} ended: ${code}`));
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
    /** Returns an item as this SDK writes it. */
    const written = async (namespace, item) =>
      this.language.modelled ? this.call(name, 'written', namespace, JSON.stringify(item)) : item;
    return {
      init: method('init'),
      upsertText: (namespace, text) => this.call(name, 'upsert', namespace, text),
      upsert: (namespace, item) => this.call(name, 'upsert', namespace, JSON.stringify(item)),
      /** Sends many updates at once. */
      upsertAll: (namespace, items) =>
        this.call(
          name,
          'upsert_all',
          namespace,
          items.map((item) => JSON.stringify(item))
        ),
      delete: method('delete'),
      get: method('get'),
      all: method('all'),
      /** Makes a flag that stays the same when this SDK writes it. */
      flag: (key, members) => written('features', flag(key, members)),
      allWritten: async (namespace, items) => {
        const entries = Object.entries(items).map(async ([key, item]) => [
          key,
          await written(namespace, item),
        ]);
        return Object.fromEntries(await Promise.all(entries));
      },
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
 * @param {Language} language
 * @returns {(() => Program) | undefined} starts a program, where the language is installed
 */
function findProgram(language) {
  try {
    const command = language.command();
    return () => new Program(language, command);
  } catch (error) {
    if (leaveOut(`the tests with ${language.title}`, error) === 'failed') throw error;
    return undefined;
  }
}

module.exports = { GO, PYTHON, findProgram };

'use strict';

/**
 * A fault proxy between stores and an engine. It runs in a separate process, so that it works whatever the
 * stores' process does.
 */

const { fork } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');

/**
 * @param {string} engine the engine's endpoint
 */
async function startFaultProxy(engine) {
  const child = fork(path.join(__dirname, 'child.js'), [engine], { execArgv: [] });
  const ended = once(child, 'exit').then(() => new Error('the fault proxy has ended'));
  const [{ endpoint }] = await once(child, 'message');

  let lastId = 0;
  const waiting = new Map();
  child.on('message', ({ id, result, error }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error) reject(new Error(error));
    else resolve(result);
  });
  ended.then((error) => {
    for (const { reject } of waiting.values()) reject(error);
  });
  /** @returns {(...args: any[]) => Promise<any>} */
  const command =
    (name) =>
    (...args) =>
      new Promise((resolve, reject) => {
        lastId += 1;
        waiting.set(lastId, { resolve, reject });
        child.send({ id: lastId, command: name, args });
      });

  const close = command('close');
  return {
    endpoint,
    /** Applies these rules from now on. `pageRows` limits the rows per page of a Query. */
    set: command('set'),
    /** Removes all rules and resets the counts. */
    reset: command('reset'),
    /** Returns the number of requests by operation, and the maximum of concurrent ones as `mostInFlight`. */
    counts: command('counts'),
    /** Returns the writes to a key, with their times. */
    writesOf: command('writesOf'),
    /** Refuses connections until `comeBack`. */
    leave: command('leave'),
    comeBack: command('comeBack'),
    close: async () => {
      try {
        await close();
      } finally {
        if (child.connected) child.disconnect();
        await ended;
      }
    },
  };
}

module.exports = { startFaultProxy };

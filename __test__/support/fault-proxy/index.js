'use strict';

/**
 * A fault proxy between stores and an engine, in a process of its own, so that it goes on whatever the
 * process of the stores does.
 */

const { fork } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');

/**
 * @param {string} engine its endpoint
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
    /** Lets these rules hold from now on; with `pageRows`, a Query returns so many rows a page. */
    set: command('set'),
    /** Lets everything pass, and begins counting anew. */
    reset: command('reset'),
    /** How many requests there were by operation, and `mostInFlight` at the same time. */
    counts: command('counts'),
    /** What was to be written under a key, and when. */
    writesOf: command('writesOf'),
    /** From `leave` to `comeBack` connections are refused. */
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

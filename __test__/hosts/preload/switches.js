'use strict';

/**
 * Turns the switches of guard.c on and off, in the process that has the library. Without the library
 * they do nothing.
 */

const fs = require('node:fs');
const path = require('node:path');

const folder = process.env.GUARD_SWITCHES;

/**
 * @param {'loaded' | 'no-threads'} name
 */
function turnOn(name) {
  if (folder) fs.mkdirSync(path.join(folder, name));
}

/**
 * @param {'loaded' | 'no-threads'} name
 */
function turnOff(name) {
  if (folder) fs.rmdirSync(path.join(folder, name));
}

module.exports = { turnOff, turnOn };

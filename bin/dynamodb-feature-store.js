#!/usr/bin/env node
'use strict';

const { version } = require('../package.json');
const { runCommandLine } = /** @type {any} */ (require('..'));

runCommandLine(process.argv.slice(2), version).then((/** @type {number} */ code) => {
  process.exitCode = code;
});

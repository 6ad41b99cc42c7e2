#!/usr/bin/env node
'use strict';

const { main } = require('../lib/cli');
const { version } = require('../package.json');

main(process.argv.slice(2), version).then((/** @type {number} */ code) => {
  process.exitCode = code;
});

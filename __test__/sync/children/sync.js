'use strict';

/** Syncs, prints the result or the failure as JSON, and ends by itself. Input: `table`, `options`. */

const { syncFlags } = require('../../..');

const { table, options } = JSON.parse(process.argv[2]);

syncFlags(table, options).then(
  (result) => console.log(JSON.stringify(result)),
  ({ code, message }) => console.log(JSON.stringify({ code, message }))
);

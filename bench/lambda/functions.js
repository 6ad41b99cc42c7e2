'use strict';

/**
 * The Lambda functions that are compared.
 *
 * @typedef {object} LambdaFunction
 * @property {string} name the name of the file in `handlers/`
 * @property {string} label
 * @property {string} [bundledName] the file to bundle, if a bundle needs another one
 * @property {string} [answer] default: the value of the flag in the table
 */

/** @type {LambdaFunction[]} */
const FUNCTIONS = [
  { name: 'nothing', label: 'no SDK', answer: 'nothing' },
  { name: 'sdk7-alone', label: 'SDK 7 alone', answer: 'no value' },
  { name: 'sdk7-ours', label: 'ours in SDK 7' },
  { name: 'sdk7-theirs', label: 'SDK 7 package' },
  { name: 'sdk9-alone', label: 'SDK 9 alone', answer: 'no value' },
  // A bundle passes the SDK to the store, as docs/bundlers.md says.
  { name: 'sdk9-ours', label: 'ours in SDK 9', bundledName: 'sdk9-ours-bundled' },
  { name: 'sdk9-theirs', label: 'SDK 9 wrapper, AWS SDK v3' },
];

module.exports = { FUNCTIONS };

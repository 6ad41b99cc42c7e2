'use strict';

/** Success. */
const SUCCESS = 0;
/** The command failed. */
const FAILURE = 1;
/** Wrong arguments. */
const USAGE = 2;
/** The command succeeded and found a problem. */
const PROBLEM = 3;

module.exports = { FAILURE, PROBLEM, SUCCESS, USAGE };

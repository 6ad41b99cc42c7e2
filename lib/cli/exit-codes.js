'use strict';

/** Success. */
const SUCCESS = 0;
/** The command failed. */
const FAILURE = 1;
/** The command was called in a wrong way: wrong arguments, or a standard output that can't be written. */
const USAGE = 2;
/** The command succeeded and found something that needs attention. */
const FINDING = 3;

module.exports = { FAILURE, FINDING, SUCCESS, USAGE };

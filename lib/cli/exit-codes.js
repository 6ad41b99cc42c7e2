'use strict';

/** All is well. */
const FINE = 0;
/** It could not be done. */
const FAILED = 1;
/** The arguments are wrong. */
const MISUSED = 2;
/** It was done, and found something amiss. */
const AMISS = 3;

module.exports = { AMISS, FAILED, FINE, MISUSED };

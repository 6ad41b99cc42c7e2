'use strict';

/** Why something that tests need can't be had on this machine. */
class Unavailable extends Error {}

module.exports = { Unavailable };

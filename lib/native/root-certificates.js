'use strict';

/**
 * @returns {string} the root certificates that come with Node, for systems that have none
 */
function nodeRoots() {
  // Most never need to load this.
  return require('tls').rootCertificates.join('\n');
}

module.exports = { nodeRoots };

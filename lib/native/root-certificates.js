'use strict';

/**
 * @returns {string} Node's root certificates as PEM, for systems that have none
 */
function nodeRoots() {
  // Loaded on demand: most systems have certificates.
  return require('tls').rootCertificates.join('\n');
}

module.exports = { nodeRoots };

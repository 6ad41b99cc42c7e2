'use strict';

/**
 * @returns {string} Node's root certificates as PEM, for systems without certificates
 */
function nodeRoots() {
  // Loaded on demand because most systems have certificates.
  return require('tls').rootCertificates.join('\n');
}

module.exports = { nodeRoots };

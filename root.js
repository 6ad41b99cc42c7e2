'use strict';

/**
 * The package's folder. In a published package this file is a part of index.js, which is in the same folder.
 * `undefined` in a bundle that is an ES module.
 */
module.exports = typeof __dirname === 'string' ? __dirname : undefined;

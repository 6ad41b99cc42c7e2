'use strict';

/**
 * The package's own parts that the commands use. Throws if there is no addon for this machine.
 *
 * @type {typeof import('../for-command-line')}
 */
module.exports = /** @type {any} */ (require('../../index')).forCommandLine;

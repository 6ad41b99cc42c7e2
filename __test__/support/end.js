'use strict';

/**
 * What this process has started ends with it, however it ends.
 */

const { setMaxListeners } = require('node:events');

const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

const controller = new AbortController();
// Each process that is started listens.
setMaxListeners(0, controller.signal);
for (const [signal, code] of Object.entries(SIGNALS)) process.on(signal, () => process.exit(code));
process.on('exit', () => controller.abort());

/** Aborts at the end of this process. */
module.exports = { end: controller.signal };

'use strict';

/**
 * What this process has started ends with it, however it ends.
 */

const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

const controller = new AbortController();
for (const [signal, code] of Object.entries(SIGNALS)) process.on(signal, () => process.exit(code));
process.on('exit', () => controller.abort());

/** Aborts at the end of this process. */
module.exports = { end: controller.signal };

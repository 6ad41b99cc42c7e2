'use strict';

/** An engine in a process of its own, so that its memory is not taken for the store's. */

const { startEngine } = require('../support/engine');

startEngine().then(({ endpoint }) => process.send({ endpoint }));
process.on('disconnect', () => process.exit());

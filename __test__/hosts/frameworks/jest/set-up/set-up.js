/** Sets the environment of the tests. */

const { setIn, scenarios } = require('../../../inside');

const { settings } = scenarios()[Number(process.env.HOST_SCENARIO)];
for (const [name, value] of settings) setIn(process.env, name, value);

/** Sets the environment of the tests. */

import { scenarios, setIn } from '../../../inside.js';

const { settings } = scenarios()[Number(process.env.HOST_SCENARIO)];
for (const [name, value] of settings) setIn(process.env, name, value);

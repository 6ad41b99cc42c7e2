import { expect, test } from 'vitest';

import root from '../../../../../index.js';
import { openStore, scenarios } from '../../../inside.js';

test('the environment of the set-up file', async () => {
  const { item } = scenarios()[Number(process.env.HOST_SCENARIO)];
  expect(await openStore(root)()).toEqual(item);
});

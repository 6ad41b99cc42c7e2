const timers = require('node:timers');

const { expect, test } = require('@jest/globals');

const isFake = setTimeout !== timers.setTimeout;
const root = require('../../../../..');
const { useStore } = require('../../checks');

test('the store works', async () => {
  expect(isFake).toBe(true);
  await useStore(root, 'fake-timers');
});

/** The tests of each file here: several, so that workers take more than one and are made anew. */

import { isMainThread } from 'node:worker_threads';

import LaunchDarkly9 from '@launchdarkly/node-server-sdk';
import LaunchDarkly7 from 'launchdarkly-node-server-sdk';
import { expect, test } from 'vitest';

import root from '../../../../../index.js';
import { evaluate, useStore } from '../../checks.js';

export function defineTests(prefix) {
  test('the thread is of the kind that is meant', () => {
    expect(isMainThread).toBe(process.env.HOST_IN_WORKER !== 'true');
  });
  test('the store by itself', () => useStore(root, `${prefix}-own`));
  test('SDK 7', () => evaluate(root, LaunchDarkly7, `${prefix}-sdk7`));
  test('SDK 9', () => evaluate(root, LaunchDarkly9, `${prefix}-sdk9`));
}

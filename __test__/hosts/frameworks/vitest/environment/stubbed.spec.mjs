import { test, vi } from 'vitest';

import root from '../../../../../index.js';
import { readInEach } from '../../../inside.js';

test('stubbed variables', () =>
  readInEach(root, (name, value) => vi.stubEnv(name, value === null ? undefined : value)));

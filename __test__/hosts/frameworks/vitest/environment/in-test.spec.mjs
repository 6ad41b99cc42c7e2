import { test } from 'vitest';

import root from '../../../../../index.js';
import { readInEach } from '../../../inside.js';

test('the environment of the test file', () => readInEach(root));

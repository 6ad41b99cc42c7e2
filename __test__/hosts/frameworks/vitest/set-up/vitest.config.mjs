import { mergeConfig } from 'vitest/config';

import base from '../vitest.config.mjs';

export default mergeConfig(base, {
  root: import.meta.dirname,
  test: { setupFiles: ['./set-up.mjs'] },
});

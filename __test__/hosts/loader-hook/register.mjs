/** A loader hook that supplies the source of CommonJS files, as instrumentation and coverage tools do. */

import { register } from 'node:module';

register('./hooks.mjs', import.meta.url);

import { defineTests } from './tests.mjs';

defineTests('file4');

'use strict';

/** Stops `npm pack` and `npm publish` in a clone: such a package would have many files and no addon. */

console.error(
  'This folder is not the package. `npm run packages` makes the packages: see README.md, Install.'
);
process.exit(1);

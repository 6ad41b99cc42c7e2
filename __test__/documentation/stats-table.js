'use strict';

const fs = require('node:fs');
const path = require('node:path');

const PAGE = path.join(__dirname, '..', '..', 'docs', 'monitoring.md');

/**
 * @returns {Record<string, string>} what docs/monitoring.md calls each field of `stats()`: a counter or a gauge
 */
function kindsOfStats() {
  const rows = fs.readFileSync(PAGE, 'utf8').matchAll(/^\| ([^|]+) \| (counter|gauge) \|/gm);
  return Object.fromEntries(
    [...rows].flatMap(([, names, kind]) =>
      [...names.matchAll(/`(\w+)`/g)].map(([, name]) => [name, kind])
    )
  );
}

module.exports = { kindsOfStats };

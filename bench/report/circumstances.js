'use strict';

const { SLOW_MS, SLOW_RUNS } = require('../runner');

/**
 * @param {import('./results').Results} results
 * @returns {string} how, on what and with which packages they were measured, as a Markdown list
 */
function circumstances({ date, machine, mainThread, packages, runs }) {
  const { node, system, processor, cores } = machine;
  const versions = Object.entries(packages).map(([name, version]) => `\`${name}\` ${version}`);
  const few = Math.min(runs, SLOW_RUNS);
  return [
    `- ${date}, Node.js ${node}, ${system}, ${processor}, ${cores} cores`,
    `- medians of ${runs} processes, or of ${few} for a store that takes longer than ${SLOW_MS / 1000} s`,
    `- time of the main thread: ${mainThread}`,
    `- ${versions.join(', ')}`,
    '',
  ].join('\n');
}

module.exports = { circumstances };

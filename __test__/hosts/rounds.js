'use strict';

/**
 * Worker threads that load the package and end, round after round, in a process whose main thread never
 * loads it:
 *
 *     node __test__/hosts/rounds.js [--rounds 200] [--workers 1,2,8]
 */

const { parseArgs } = require('node:util');

const { run } = require('./frameworks/project');

async function main() {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '200' },
      workers: { type: 'string', default: '1,2,8' },
    },
  });
  const rounds = Number(values.rounds);
  let failed = 0;
  for (const workers of values.workers.split(',').map(Number)) {
    const script = ['children/rounds.js', JSON.stringify({ rounds, workers })];
    const { code, signal, output } = await run(__dirname, script, {});
    const isWell = output === 'all rounds' && code === 0;
    if (!isWell) failed += 1;
    const how = isWell ? 'ended well' : `ended with ${signal || code}: ${output}`;
    console.log(`${rounds} rounds with ${workers} at a time ${how}`);
  }
  process.exitCode = failed > 0 ? 1 : 0;
}

main();

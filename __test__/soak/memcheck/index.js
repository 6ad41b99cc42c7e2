'use strict';

/**
 * Looks for errors of memory with valgrind: in the Rust tests, and in a Node process that uses each method
 * once. In the latter only what has the addon in its stack counts, since V8's own code is full of what
 * valgrind takes for errors.
 *
 *     npm run memcheck
 *
 * Takes valgrind 3.19 or later, some minutes, and an addon built before.
 */

const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { startEngine } = require('../../support/engine');
const { createTable } = require('../../support/dynamodb');

const ROOT = path.join(__dirname, '..', '..', '..');
const CALLS = path.join(__dirname, 'calls.js');
const VALGRIND = [
  '--leak-check=full',
  '--show-leak-kinds=definite',
  '--errors-for-leak-kinds=definite',
];

/** Not ours: napi keeps a reference for each class in each thread, which Node frees with the process. */
const KNOWN = /napi_create_reference[\s\S]*napi_register_module_v1/;

/**
 * @param {string[]} command
 * @param {RegExp} ours what the file of a frame is called in an error that counts
 * @param {string[]} [options]
 * @returns {Promise<string[]>} the errors
 */
async function memcheck(command, ours, options = []) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'memcheck-'));
  const report = path.join(folder, 'report.xml');
  const args = [...VALGRIND, ...options, '--xml=yes', `--xml-file=${report}`, ...command];
  const status = await new Promise((resolve, reject) => {
    const child = spawn('valgrind', args, { cwd: ROOT, stdio: 'inherit' });
    child.once('error', (error) =>
      reject(new Error(`valgrind can't be started: ${error.message}`))
    );
    child.once('exit', (code, signal) => resolve(signal || code));
  });
  if (status !== 0) throw new Error(`${command[0]} ended with ${status} under valgrind`);
  const xml = fs.readFileSync(report, 'utf8');
  fs.rmSync(folder, { recursive: true });
  if (!xml.includes('</valgrindoutput>')) throw new Error('valgrind has not ended its report');
  const errors = xml.match(/<error>.*?<\/error>/gs) || [];
  const counted = errors.filter((each) => {
    const files = [...each.matchAll(/<obj>(.*?)<\/obj>/g)].map(([, file]) => file);
    return files.some((file) => ours.test(file)) && !KNOWN.test(each);
  });
  console.log(`${errors.length} errors, of which ${counted.length} are the addon's`);
  return counted;
}

/** @returns {string} the program that has the Rust tests */
function rustTests() {
  const args = ['test', '--no-run', '--lib', '--message-format=json'];
  const { stdout, status } = spawnSync('cargo', args, { cwd: ROOT, encoding: 'utf8' });
  if (status !== 0) throw new Error('the Rust tests were not built');
  const messages = stdout.split('\n').filter(Boolean).map(JSON.parse);
  const [{ executable }] = messages.filter((message) => message.executable);
  return executable;
}

async function main() {
  const tests = rustTests();
  console.log('The Rust tests:');
  const errors = await memcheck(
    [tests, '--test-threads=2', '--quiet'],
    new RegExp(path.basename(tests))
  );
  console.log('A Node process that uses each method:');
  const engine = await startEngine();
  const table = await createTable(engine.endpoint);
  try {
    // Without these V8 makes code while it runs, which valgrind is slow and often wrong about.
    const node = [
      process.execPath,
      '--jitless',
      '--single-threaded',
      CALLS,
      engine.endpoint,
      table,
    ];
    errors.push(
      ...(await memcheck(node, /dynamodb-feature-store.*\.node$/, ['--smc-check=all-non-file']))
    );
  } finally {
    await engine.close();
  }
  for (const each of errors) console.log(each);
  process.exitCode = errors.length === 0 ? 0 : 1;
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 2;
});

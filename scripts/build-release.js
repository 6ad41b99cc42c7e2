'use strict';

/**
 * Builds the addon for publication: on Linux with glibc it is compatible with glibc 2.17.
 *
 *     node scripts/build-release.js [--target x86_64-unknown-linux-gnu] [--out folder]
 *
 * Targets on Linux are linked by zig: `pip install cargo-zigbuild ziglang`, or the packages of your system.
 */

const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');

const { GLIBC } = require('./glibc');

const ROOT = path.join(__dirname, '..');
const NAPI = path.join(ROOT, 'node_modules', '@napi-rs', 'cli', 'dist', 'cli.js');

function main() {
  const { values } = parseArgs({
    options: { target: { type: 'string' }, out: { type: 'string' } },
  });
  const target = values.target || hostTarget();
  const args = ['build', '--platform', '--release', '--target', target];
  args.push('--no-js', '--dts', 'binding.d.ts');
  if (values.out) args.push('--output-dir', path.resolve(values.out));
  const env = { ...process.env, ...linkedByZig(target) };
  execFileSync(process.execPath, [NAPI, ...args], { cwd: ROOT, env, stdio: 'inherit' });
}

/**
 * @returns {string}
 */
function hostTarget() {
  const about = execFileSync('rustc', ['-vV'], { encoding: 'utf8' });
  const [, host] = /** @type {string[]} */ (/^host: (.+)$/m.exec(about));
  return host;
}

/**
 * @param {string} target
 * @returns {Record<string, string>} environment variables that make zig compile C and link; none for
 *   systems other than Linux
 */
function linkedByZig(target) {
  const [cpu, , system, abi] = target.split('-');
  if (system !== 'linux') return {};
  if (spawnSync('cargo-zigbuild', ['--version']).status !== 0) {
    throw new Error('cargo-zigbuild is missing: pip install cargo-zigbuild ziglang');
  }
  const zigTarget = abi === 'gnu' ? `${cpu}-linux-gnu.${GLIBC}` : `${cpu}-linux-${abi}`;
  const folder = path.join(ROOT, 'target', 'zig', target);
  fs.mkdirSync(folder, { recursive: true });
  const program = (name, command) => {
    const file = path.join(folder, name);
    fs.writeFileSync(file, `#!/bin/sh\nexec cargo-zigbuild zig ${command} "$@"\n`, { mode: 0o755 });
    return file;
  };
  // Sanitizers need a runtime library that is not available.
  const compiler = `-fno-sanitize=all -target ${zigTarget}`;
  const cc = program('cc', `cc -- ${compiler}`);
  const underscored = target.replace(/-/g, '_');
  return {
    [`CARGO_TARGET_${underscored.toUpperCase()}_LINKER`]: cc,
    [`CC_${underscored}`]: cc,
    [`CXX_${underscored}`]: program('c++', `c++ -- ${compiler}`),
    [`AR_${underscored}`]: program('ar', 'ar --'),
  };
}

main();

'use strict';

/**
 * The packages as they are published, for all platforms, and a registry on this machine that has them and nothing
 * else. Programs run in applications that have neither Rust nor a network.
 */

const assert = require('node:assert');
const { execFile, execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { AWS_ENVIRONMENT } = require('../support/environment');
const { startRegistry } = require('./registry');

const ROOT = path.join(__dirname, '..', '..');
const NAME = 'dynamodb-feature-store';
/** What a workflow on GitHub sets. */
const REPOSITORY = { GITHUB_SERVER_URL: 'https://github.com', GITHUB_REPOSITORY: 'Someone/a-fork' };
/** A guard against hanging. */
const GUARD_MS = 600_000;
const PLATFORMS = [
  'darwin-arm64',
  'darwin-x64',
  'linux-arm64-gnu',
  'linux-arm64-musl',
  'linux-x64-gnu',
  'linux-x64-musl',
  'win32-arm64-msvc',
  'win32-x64-msvc',
];

const [ADDON] = fs.readdirSync(ROOT).filter((name) => name.endsWith('.node'));
/** That of this machine. */
const [, PLATFORM] = ADDON.split('.');

class Published {
  constructor() {
    /** The folder of the packages, of their tarballs, and of applications. */
    this.folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'package-')));
    /** @type {string[]} all for which a package was made */
    this.platforms = [];
    /** @type {Record<string, string>} */
    this.tarballs = {};
    /** @type {Awaited<ReturnType<typeof startRegistry>> | undefined} */
    this.registry = undefined;
  }

  async prepare() {
    const out = this.layOut();
    this.platforms = fs.readdirSync(out).filter((name) => name !== 'main');
    const packages = [];
    for (const name of ['main', ...this.platforms]) {
      const pack = ['pack', path.join(out, name), '--json', '--pack-destination', this.folder];
      const [{ filename }] = JSON.parse(await this.run('npm', pack, this.folder));
      this.tarballs[name] = path.join(this.folder, filename);
      const manifest = JSON.parse(fs.readFileSync(path.join(out, name, 'package.json'), 'utf8'));
      packages.push({ manifest, tarball: this.tarballs[name] });
    }
    this.registry = await startRegistry(packages);
  }

  /** @returns {string} the folder of the packages' folders */
  layOut() {
    const addons = path.join(this.folder, 'addons');
    fs.mkdirSync(addons);
    // Only this machine's is real; the others are never loaded.
    for (const name of PLATFORMS) fs.writeFileSync(path.join(addons, `${NAME}.${name}.node`), name);
    fs.copyFileSync(path.join(ROOT, ADDON), path.join(addons, ADDON));
    const out = path.join(this.folder, 'packages');
    const script = path.join(ROOT, 'scripts', 'packages.js');
    const args = [script, '--addons', addons, '--out', out, '--complete'];
    const env = { ...process.env, ...REPOSITORY };
    execFileSync(process.execPath, args, { env, stdio: 'pipe' });
    return out;
  }

  close() {
    this.registry?.close();
    fs.rmSync(this.folder, { recursive: true });
  }

  /** Whoever installs the package has no Rust, and none of our settings. */
  environment(more = {}) {
    const PATH = [path.dirname(process.execPath), '/usr/bin', '/bin'].join(path.delimiter);
    const env = Object.entries(process.env).filter(
      ([name]) => !/^(npm|cargo|rustup|node_)/i.test(name)
    );
    const caches = { npm_config_cache: path.join(this.folder, 'cache'), HOME: this.folder };
    const quiet = {
      CI: 'false',
      npm_config_loglevel: 'error',
      npm_config_audit: 'false',
      npm_config_fund: 'false',
    };
    const from = this.registry ? { npm_config_registry: this.registry.url } : {};
    const all = { ...AWS_ENVIRONMENT, PATH, ...caches, ...quiet, ...from, ...more };
    return { ...Object.fromEntries(env), ...all };
  }

  /**
   * @returns {Promise<{code: number, stdout: string, stderr: string}>}
   */
  outcome(command, args, cwd, more) {
    const env = this.environment(more);
    const options = { cwd, env, maxBuffer: 2 ** 26, timeout: GUARD_MS };
    return new Promise((resolve) => {
      execFile(command, args, options, (failure, stdout, stderr) => {
        const code = failure ? /** @type {any} */ (failure).code : 0;
        resolve({ code, stdout, stderr });
      });
    });
  }

  /** @returns {Promise<string>} what it printed */
  async run(command, args, cwd, more) {
    const { code, stdout, stderr } = await this.outcome(command, args, cwd, more);
    assert.strictEqual(code, 0, `${command} ${args.join(' ')}: ${stderr}${stdout}`);
    return stdout;
  }

  /** @returns {string} the folder of an application that depends on nothing */
  newApplication() {
    const application = fs.mkdtempSync(path.join(this.folder, 'application-'));
    fs.writeFileSync(path.join(application, 'package.json'), '{"private": true}\n');
    return application;
  }
}

module.exports = { NAME, PLATFORM, PLATFORMS, Published };

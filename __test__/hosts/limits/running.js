'use strict';

/**
 * Commands that run a command under a limit.
 */

const { spawnSync } = require('node:child_process');

const SKIP = process.platform !== 'linux' && 'the limits are those of Linux';

/**
 * @param {number} count
 * @returns {string[]} what runs the command that follows it with at most so many file descriptors
 */
function descriptors(count) {
  return ['sh', '-c', `ulimit -n ${count}; exec "$0" "$@"`];
}

/** A user of whom there is no other process. */
class User {
  constructor() {
    const id = String(100_000 + Math.floor(Math.random() * 1_000_000));
    /** What runs the command that follows it as that user. */
    this.through = ['setpriv', '--reuid', id, '--regid', id, '--clear-groups'];
  }

  /**
   * @param {number} pid
   * @param {number} count of threads that the user may have
   */
  limitThreads(pid, count) {
    // A process of the same user needs no rights for this.
    const [file, ...args] = [...this.through, 'prlimit', '--pid', String(pid), `--nproc=${count}:`];
    const { status, error, stderr } = spawnSync(file, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`prlimit failed: ${error || stderr}`);
  }
}

/**
 * @param {string} file that the user has to be able to read
 * @returns {string | false} why no process can be run as another user here
 */
function reasonForNoUser(file) {
  if (SKIP) return SKIP;
  if (process.getuid?.() !== 0) return 'only root can run a process as another user';
  if (spawnSync('prlimit', ['--version']).error) return 'there is no prlimit';
  const [command, ...args] = new User().through;
  const { status } = spawnSync(command, [...args, 'test', '-r', file]);
  return status !== 0 && 'another user can’t read the package';
}

module.exports = { SKIP, User, descriptors, reasonForNoUser };

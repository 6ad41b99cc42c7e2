'use strict';

const { printable } = require('./package');

/** A progress line on a terminal. */
class Progress {
  constructor() {
    this.stream = process.stderr;
    this.shown = false;
  }

  /**
   * @param {string} text
   */
  show(text) {
    if (!this.stream.isTTY) return;
    this.stream.write(`\r\x1b[K${printable(text)}`);
    this.shown = true;
  }

  /** Removes the line. */
  end() {
    if (this.shown) this.stream.write('\r\x1b[K');
    this.shown = false;
  }
}

module.exports = { Progress };

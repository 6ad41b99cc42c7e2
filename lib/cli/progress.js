'use strict';

const { printable } = require('../native/addon');

/** A line that says how far something has come, for people who watch. */
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

  /** Removes it. */
  end() {
    if (this.shown) this.stream.write('\r\x1b[K');
    this.shown = false;
  }
}

module.exports = { Progress };

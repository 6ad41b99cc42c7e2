'use strict';

/**
 * Makes a logger that records its lines.
 */
function recordingLogger() {
  /** @type {{level: string, message: string}[]} */
  const lines = [];
  const at = (level) => (message) => {
    lines.push({ level, message });
  };
  return {
    lines,
    /** Returns the lines whose text contains all of these parts. */
    linesWith: (...parts) =>
      lines.filter(({ message }) => parts.every((part) => message.includes(part))),
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    debug: at('debug'),
  };
}

module.exports = { recordingLogger };

'use strict';

/**
 * @param {number} x
 * @param {number} y
 * @param {string} content
 * @param {string} [kind] the CSS class
 * @param {string} [anchor]
 * @returns {string} an SVG element
 */
function text(x, y, content, kind, anchor) {
  const escaped = content.replace(/&/g, '&amp;').replace(/</g, '&lt;');
  const attributes = [
    `x="${x.toFixed(1)}" y="${y.toFixed(1)}"`,
    kind && `class="${kind}"`,
    anchor && `text-anchor="${anchor}"`,
  ];
  return `<text ${attributes.filter(Boolean).join(' ')}>${escaped}</text>`;
}

module.exports = { text };

'use strict';

/**
 * The images have a background of their own, because a page need not follow the reader's colour scheme.
 */
const STYLE = `
  .page { fill: #ffffff; stroke: #d1d9e0; }
  text { font: 13px system-ui, -apple-system, 'Segoe UI', sans-serif; fill: #1f2328; }
  .heading { font-size: 16px; font-weight: 600; }
  .title { font-weight: 600; }
  .faint { font-size: 12px; fill: #59636e; }
  .grid { stroke: #d1d9e0; stroke-width: 1; }
  .ours { fill: #1a7f37; }
  .theirs { fill: #9aa4ae; }
  .factor { font-size: 16px; font-weight: 600; fill: #1a7f37; }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117; stroke: #3d444d; }
    text { fill: #f0f6fc; }
    .faint { fill: #9198a1; }
    .grid { stroke: #3d444d; }
    .ours, .factor { fill: #3fb950; }
    .theirs { fill: #656c76; }
  }
`;

/**
 * @param {number} width
 * @param {number} height
 * @param {string} label for readers that don't see the image
 * @param {string[]} parts SVG elements
 * @returns {string}
 */
function image(width, height, label, parts) {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${label}">`,
    `<style>${STYLE}</style>`,
    `<rect class="page" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="6"/>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

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

module.exports = { image, text };

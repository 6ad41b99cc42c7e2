'use strict';

/**
 * What a shared library takes from others: the undefined names among its dynamic symbols, read from a
 * 64-bit little-endian ELF file.
 */

const fs = require('node:fs');

/** Types of sections, and the sizes of what is in them. */
const DYNAMIC_SYMBOLS = 11;
const SECTION = { size: 64, type: 4, offset: 24, length: 32, link: 40 };
const SYMBOL = { size: 24, section: 6 };

/**
 * @param {string} file
 * @returns {string[]} without versions
 */
function imports(file) {
  const elf = fs.readFileSync(file);
  if (elf.toString('latin1', 0, 6) !== '\x7fELF\x02\x01')
    throw new Error(`${file}: unknown format`);
  const number = (at) => Number(elf.readBigUInt64LE(at));
  const section = (index) => {
    const at = number(40) + index * SECTION.size;
    const from = number(at + SECTION.offset);
    return {
      type: elf.readUInt32LE(at + SECTION.type),
      content: elf.subarray(from, from + number(at + SECTION.length)),
      link: elf.readUInt32LE(at + SECTION.link),
    };
  };
  const sections = Array.from({ length: elf.readUInt16LE(60) }, (_, index) => index);
  const symbols = sections.map(section).find(({ type }) => type === DYNAMIC_SYMBOLS);
  const names = section(symbols.link).content;
  const found = [];
  // Section 0 is where undefined symbols are; so is the first entry, which is empty.
  for (let at = SYMBOL.size; at < symbols.content.length; at += SYMBOL.size) {
    if (symbols.content.readUInt16LE(at + SYMBOL.section) !== 0) continue;
    const from = symbols.content.readUInt32LE(at);
    found.push(names.toString('latin1', from, names.indexOf(0, from)));
  }
  return found;
}

module.exports = { imports };

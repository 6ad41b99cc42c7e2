'use strict';

/** The platform is found without asking other programs. */

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');

const { platformName, usesMusl } = require('../../lib/native/platform');

const ROOT = path.join(__dirname, '..', '..');

test('the platform has the name that the build gives to the addon', () => {
  const addons = fs.readdirSync(ROOT).filter((name) => name.endsWith('.node'));
  assert.ok(addons.includes(`dynamodb-feature-store.${platformName()}.node`), addons.join());
});

test('musl is recognised by the program, and by ldd if the program does not tell', (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'platform-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const file = (name, text) => {
    const place = path.join(folder, name);
    fs.writeFileSync(place, text);
    return place;
  };
  const missing = path.join(folder, 'missing');
  const ldd = file('ldd', '#!/bin/bash\n# Copyright (C) The GNU C Library\n');
  const muslLdd = file('musl-ldd', '#!/bin/sh\nexec /lib/ld-musl-x86_64.so.1 --list "$@"\n');
  const program = file('program', '\x7fELF\x02\x01\0/lib64/ld-linux-x86-64.so.2\0');
  const muslProgram = file('musl-program', '\x7fELF\x02\x01\0/lib/ld-musl-x86_64.so.1\0');
  const otherProgram = file('other-program', '\x7fELF\x02\x01\0');
  assert.deepStrictEqual(
    [
      usesMusl(muslProgram, ldd),
      usesMusl(program, muslLdd),
      usesMusl(otherProgram, muslLdd),
      usesMusl(missing, muslLdd),
      usesMusl(otherProgram, ldd),
      usesMusl(missing, missing),
    ],
    [true, false, true, true, false, false]
  );
});

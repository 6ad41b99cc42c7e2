'use strict';

/** TypeScript, which has to compile in the strictest settings. It is not run. */

const assert = require('node:assert');

const { ModuleKind, ModuleResolutionKind } = require('typescript');

const { complaints } = require('../../support/type-check');

const NODE_16 = { module: ModuleKind.Node16, moduleResolution: ModuleResolutionKind.Node16 };
const SETTINGS = [NODE_16, { ...NODE_16, exactOptionalPropertyTypes: true }];

/**
 * @param {import('../printed').Block} block
 * @param {import('../application').Application} application
 */
async function checkTypeScript({ text, line }, application) {
  const file = application.write(`block-${line}.ts`, text);
  for (const options of SETTINGS) {
    assert.strictEqual(complaints(application.folder, [file], options), '');
  }
}

module.exports = { checkTypeScript };

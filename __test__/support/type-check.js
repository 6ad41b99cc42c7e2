'use strict';

/** The TypeScript compiler, as an application runs it. */

const ts = require('typescript');

/** Sources that don't depend on the options are parsed once. */
const libraries = new Map();

/**
 * @param {string} application the folder with the application's packages
 * @param {string[]} files
 * @param {import('typescript').CompilerOptions} given
 * @returns {string} what the compiler has to say; nothing where all is well
 */
function complaints(application, files, given) {
  const options = {
    ...given,
    strict: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2020,
    types: ['node'],
    // What SDKs declare with the types of packages that they don't bring is not for us to check.
    skipLibCheck: true,
  };
  const host = ts.createCompilerHost(options);
  host.getCurrentDirectory = () => application;
  const read = host.getSourceFile;
  host.getSourceFile = (file, ...more) => {
    if (!/[\\/]lib\.[\w.]+\.d\.ts$/.test(file)) return read(file, ...more);
    if (!libraries.has(file)) libraries.set(file, read(file, ...more));
    return libraries.get(file);
  };
  const program = ts.createProgram(files, options, host);
  return ts.formatDiagnostics(ts.getPreEmitDiagnostics(program), host);
}

module.exports = { complaints };

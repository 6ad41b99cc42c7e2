'use strict';

/**
 * What the command line uses of the package. A published package has this in index.js, and the command line in
 * files of its own, so that applications don't load it, and its help needs no addon.
 */

const { LogRouter } = require('./logging/router');
const { NativeTable, printable, sameContent } = require('./native/addon');
const { toNativeJson } = require('./native/options');
const { ResponseQueue } = require('./native/response-queue');
const { storeOptions } = require('./options');
const { describeFailure } = require('./logging/redaction');
const { KnownEtag } = require('./sync/known-etag');
const { fetchFlags } = require('./sync/launchdarkly');
const { syncOptions } = require('./sync/options');
const { writeNewest } = require('./sync/repeat');
const { withoutKey } = require('./sync/without-key');

module.exports = {
  KnownEtag,
  LogRouter,
  NativeTable,
  ResponseQueue,
  describeFailure,
  fetchFlags,
  printable,
  sameContent,
  storeOptions,
  syncOptions,
  toNativeJson,
  withoutKey,
  writeNewest,
};

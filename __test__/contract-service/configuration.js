'use strict';

/**
 * Turns the configuration of a client, as the harness sends it, into options of the SDK and of its store.
 */

const { forwardingStore } = require('./big-segments');
const { reportingHooks } = require('./hooks');

/** How long the cache modes of the harness keep an answer, in seconds. */
const CACHE_TTL = { off: () => 0, ttl: ({ ttl }) => ttl, infinite: () => Infinity };

/** @param {number | null | undefined} ms */
const seconds = (ms) => (ms === undefined || ms === null ? undefined : ms / 1000);
/** SDKs warn of options that are `undefined`. */
const withoutUndefined = (options) =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));

/**
 * @param {any} configuration
 * @returns {{endpoint: string, options: object, readOnly: boolean, isOnlySource: boolean} | undefined} the store that
 *   the harness asks for, if any; `isOnlySource`: the client has no other source of data
 */
function requestedStore(configuration) {
  const { dataSystem } = configuration;
  const requested = dataSystem
    ? dataSystem.store?.persistentDataStore
    : configuration.persistentDataStore;
  if (!requested) return undefined;
  const { store, cache } = requested;
  const cacheTTL = CACHE_TTL[cache.mode](cache);
  const options = withoutUndefined({ prefix: store.prefix ?? undefined, cacheTTL });
  const sources = dataSystem
    ? [...(dataSystem.initializers || []), ...(dataSystem.synchronizers || [])]
    : [configuration.streaming, configuration.polling].filter(Boolean);
  const readOnly = dataSystem !== undefined && dataSystem.storeMode === 0;
  return { endpoint: store.dsn, options, readOnly, isOnlySource: sources.length === 0 };
}

/**
 * Returns the options of a client that has this store.
 *
 * @param {import('./sdks').Subject['sdk']} sdk
 * @param {any} configuration
 * @param {any} featureStore `undefined`: the SDK's own, in memory
 * @param {boolean} isOnlySource whether the client works in daemon mode
 */
function clientOptions(sdk, configuration, featureStore, isOnlySource) {
  const { dataSystem, streaming, polling } = configuration;
  const uris = configuration.serviceEndpoints || {};
  const filter = (streaming || polling)?.filter || dataSystem?.payloadFilter;
  const common = {
    ...eventOptions(configuration.events, uris.events),
    baseUri: polling?.baseUri || uris.polling,
    streamUri: streaming?.baseUri || uris.streaming,
    payloadFilterKey: filter || undefined,
    application: application(configuration.tags),
    bigSegments: bigSegments(configuration.bigSegments),
    hooks: configuration.hooks ? reportingHooks(configuration.hooks.hooks) : undefined,
    wrapperName: configuration.wrapper?.name || undefined,
    wrapperVersion: configuration.wrapper?.version || undefined,
  };
  if (sdk.dataSystem) {
    const system = { persistentStore: featureStore, useLdd: isOnlySource, ...sources(dataSystem) };
    return withoutUndefined({ ...common, dataSystem: withoutUndefined(system) });
  }
  return withoutUndefined({
    ...common,
    stream: polling ? Boolean(streaming) : undefined,
    streamInitialReconnectDelay: seconds(streaming?.initialRetryDelayMs),
    pollInterval: seconds(polling?.pollIntervalMs),
    useLdd: isOnlySource,
    featureStore,
  });
}

function eventOptions(events, uri) {
  if (!events) return { sendEvents: false, diagnosticOptOut: true };
  return {
    eventsUri: events.baseUri || uri,
    capacity: events.capacity || undefined,
    diagnosticOptOut: !events.enableDiagnostics,
    allAttributesPrivate: events.allAttributesPrivate ?? undefined,
    privateAttributes: events.globalPrivateAttributes ?? undefined,
    flushInterval: seconds(events.flushIntervalMs || undefined),
    enableEventCompression: events.enableGzip ?? undefined,
  };
}

function application(tags) {
  if (!tags) return undefined;
  const { applicationId, applicationVersion } = tags;
  return withoutUndefined({
    id: applicationId ?? undefined,
    version: applicationVersion ?? undefined,
  });
}

function bigSegments(requested) {
  if (!requested) return undefined;
  return withoutUndefined({
    store: () => forwardingStore(requested.callbackUri),
    userCacheSize: requested.userCacheSize ?? undefined,
    userCacheTime: seconds(requested.userCacheTimeMs),
    statusPollInterval: seconds(requested.statusPollIntervalMs),
    staleAfter: seconds(requested.staleAfterMs),
  });
}

/** Returns the sources of a data system; nothing where the SDK's own defaults are wanted. */
function sources(dataSystem) {
  if (!dataSystem) return {};
  const polling = ({ baseUri, pollIntervalMs }) =>
    withoutUndefined({ baseUri, pollInterval: seconds(pollIntervalMs) });
  const source = (each) => {
    if (each.polling) return { type: 'polling', ...polling(each.polling) };
    const { baseUri, initialRetryDelayMs } = each.streaming;
    const streamInitialReconnectDelay = seconds(initialRetryDelayMs);
    return withoutUndefined({ type: 'streaming', baseUri, streamInitialReconnectDelay });
  };
  const fallback = dataSystem.fdv1Fallback;
  return {
    dataSource: {
      dataSourceOptionsType: 'custom',
      initializers: (dataSystem.initializers || []).map(source),
      synchronizers: (dataSystem.synchronizers || []).map(source),
    },
    fdv1Fallback: fallback ? polling(fallback) : undefined,
  };
}

module.exports = { clientOptions, requestedStore };

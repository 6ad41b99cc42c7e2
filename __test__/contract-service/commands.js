'use strict';

/**
 * What the harness tells a client to do. Each command gets its parameters and returns the answer, if there is one.
 */

const { post } = require('./callbacks');
const { migrate } = require('./migrations');

/** The methods of clients with a method for each type of value. */
const TYPED = {
  bool: 'boolVariation',
  int: 'numberVariation',
  double: 'numberVariation',
  string: 'stringVariation',
};

const subjectOf = ({ context, user }) => context || user;

/** @type {Record<string, (parts: import('./client').Parts, parameters: any) => any>} */
const COMMANDS = {
  async evaluate({ evaluator }, parameters) {
    const { flagKey, defaultValue, detail, valueType } = parameters;
    const typed = TYPED[valueType];
    const method = typed in evaluator ? typed : 'variation';
    const asked = [flagKey, subjectOf(parameters), defaultValue];
    if (detail) return evaluator[`${method}Detail`](...asked);
    return { value: await evaluator[method](...asked) };
  },

  async evaluateAll(
    { evaluator },
    { clientSideOnly, detailsOnlyForTrackedFlags, withReasons, ...subject }
  ) {
    const options = { clientSideOnly, detailsOnlyForTrackedFlags, withReasons };
    return { state: await evaluator.allFlagsState(subjectOf(subject), options) };
  },

  identifyEvent({ evaluator }, subject) {
    evaluator.identify(subjectOf(subject));
  },

  customEvent({ evaluator }, { eventKey, data, metricValue, ...subject }) {
    evaluator.track(eventKey, subjectOf(subject), data, metricValue ?? undefined);
  },

  flushEvents({ evaluator }) {
    // The harness looks at what arrives.
    evaluator.flush().catch(() => {});
  },

  getBigSegmentStoreStatus: ({ evaluator }) =>
    evaluator.bigSegmentStoreStatusProvider.requireStatus(),

  secureModeHash: ({ evaluator }, subject) => ({
    result: evaluator.secureModeHash(subjectOf(subject)),
  }),

  async migrationVariation({ evaluator }, { key, context, defaultStage }) {
    const { value } = await evaluator.migrationVariation(key, context, defaultStage);
    return { result: value };
  },

  async migrationOperation({ LaunchDarkly, evaluator }, parameters) {
    return { result: await migrate(LaunchDarkly, evaluator, parameters) };
  },

  registerFlagChangeListener(parts, { listenerId, callbackUri }) {
    COMMANDS.unregisterListener(parts, { listenerId });
    const listener = ({ key }) => {
      // A test may end before its last report.
      post(callbackUri, { listenerId, flagKey: key }).catch(() => {});
    };
    parts.listeners.set(listenerId, listener);
    parts.receiver.on('update', listener);
  },

  unregisterListener({ receiver, listeners }, { listenerId }) {
    const listener = listeners.get(listenerId);
    if (listener) receiver.off('update', listener);
    listeners.delete(listenerId);
  },
};

module.exports = { COMMANDS };

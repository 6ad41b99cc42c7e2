'use strict';

/**
 * The events that LaunchDarkly sends to the data system of SDK 9: an intent, the objects, and the end of the
 * transfer.
 *
 * @typedef {import('./stream-server').Item} Item
 * @typedef {import('./stream-server').Data} Data
 * @typedef {{event: string, data: object}} Event
 */

const PAYLOAD = 'flags and segments';
let state = 0;

/**
 * @param {Data} data
 * @returns {Event[]} events that replace everything
 */
function everything({ flags, segments }) {
  const puts = [
    ...Object.values(flags).map((flag) => put('flag', flag)),
    ...Object.values(segments).map((segment) => put('segment', segment)),
  ];
  return transferred('xfer-full', puts);
}

/**
 * @param {'flag' | 'segment'} kind
 * @param {...Item} items
 * @returns {Event[]} events that replace these items in one change
 */
function change(kind, ...items) {
  return transferred(
    'xfer-changes',
    items.map((item) => put(kind, item))
  );
}

/**
 * @param {'flag' | 'segment'} kind
 * @param {string} key
 * @param {number} version
 * @returns {Event[]} events that delete one item
 */
function deletion(kind, key, version) {
  const data = { kind, key, version };
  return transferred('xfer-changes', [{ event: 'delete-object', data }]);
}

/**
 * @param {'flag' | 'segment'} kind
 * @param {Item} item
 * @returns {Event}
 */
function put(kind, item) {
  const { key, version } = item;
  return { event: 'put-object', data: { kind, key, version, object: item } };
}

/**
 * @param {'xfer-full' | 'xfer-changes'} intentCode
 * @param {Event[]} events
 * @returns {Event[]}
 */
function transferred(intentCode, events) {
  state += 1;
  const payload = { id: PAYLOAD, target: state, intentCode, reason: 'the data is on its way' };
  return [
    { event: 'server-intent', data: { payloads: [payload] } },
    ...events,
    { event: 'payload-transferred', data: { id: PAYLOAD, state: `(${state})`, version: state } },
  ];
}

module.exports = { change, deletion, everything };

'use strict';

const { flagKey } = require('../data');
const { FEATURES, answer } = require('../helpers/calls');
const { now } = require('../helpers/clock');

const FLAG = 1;

/** @type {import('./index').Measurement} */
module.exports = {
  flags: 1000,
  figures: [
    { id: 'require', label: '`require` of the package', unit: 'ms' },
    {
      id: 'require-addon',
      label: '`require` of the package, of this loading the addon',
      unit: 'ms',
    },
    {
      id: 'first-flag-store',
      label: 'first flag from the store, from `require`',
      unit: 'ms',
      isMain: true,
    },
  ],

  async measure({ store, endpoint, logger }) {
    store.sdk.load();
    const addonTime = watchAddons();
    const started = now();
    const loaded = store.load();
    const required = now();
    const opened = store.sdk.open(store.create(loaded, { endpoint, logger }), logger);
    const flag = await answer((callback) => opened.get(FEATURES, flagKey(FLAG), callback));
    const ended = now();
    if (flag.key !== flagKey(FLAG)) throw new Error(`the flag is ${flag}`);
    const figures = { require: required - started, 'first-flag-store': ended - started };
    // Only this package has an addon.
    return addonTime() > 0 ? { ...figures, 'require-addon': addonTime() } : figures;
  },
};

/**
 * @returns {() => number} the time that Node has spent loading addons since, in milliseconds
 */
function watchAddons() {
  const { dlopen } = process;
  let total = 0;
  process.dlopen = (/** @type {any[]} */ ...args) => {
    const started = now();
    Reflect.apply(dlopen, process, args);
    total += now() - started;
  };
  return () => total;
}

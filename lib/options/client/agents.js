'use strict';

/**
 * Reads settings from an HTTP or HTTPS agent. The agent itself is not used, because native code makes the
 * connections.
 *
 * @typedef {import('../../native/options').NativeClientOptions} NativeClientOptions
 */

const { bare, own } = require('../../host/own');
const { WAY_OUT } = require('./names');
const { asUrl } = require('./proxies');

/** Unsupported agent settings that affect trust or identity. They are ignored with a warning. */
const UNSUPPORTED = ['cert', 'checkServerIdentity', 'key', 'lookup', 'pfx', 'servername'];
/** Caps absurd values. */
const MOST_REQUESTS = 1e6;

/**
 * @param {string} name
 * @param {any} agent an agent or its options
 * @param {string[]} warnings
 * @returns {NativeClientOptions}
 */
function agentOptions(name, agent, warnings) {
  // Proxy libraries keep the settings of the connection behind the proxy in other members.
  const [options, connectOpts] = ['options', 'connectOpts'].map((member) => own(agent, member));
  const settings = bare(options, connectOpts);
  if (!options && !connectOpts) Object.assign(settings, agent);
  /** @type {NativeClientOptions} */
  const read = bare();
  const proxy = [own(agent, 'proxy'), own(agent, 'proxyOptions'), settings.proxy].find(Boolean);
  const url = proxy && asUrl(proxy);
  const authorities = pem(settings.ca);
  const maxSockets = own(agent, 'maxSockets') || settings.maxSockets;
  if (url) read.proxy = url.href;
  if (authorities) read.authorities = authorities;
  if (Number.isFinite(maxSockets) && maxSockets > 0) {
    read.maxRequests = Math.min(Math.floor(maxSockets), MOST_REQUESTS);
  }
  if (settings.proxyEnv) read.proxyFromEnvironment = true;

  const unsupported = UNSUPPORTED.filter((member) => Boolean(settings[member]));
  if (settings.rejectUnauthorized === false) unsupported.push('rejectUnauthorized');
  if (settings.ca && !authorities) unsupported.push('ca');
  if (!url && (proxy || hasHiddenProxy(agent))) unsupported.push('proxy');
  for (const member of unsupported) {
    warnings.push(`${name}.${member} can't be used and is ignored; ${WAY_OUT}`);
  }
  const isReadable = maxSockets !== undefined || Object.keys(settings).length > 0;
  if (!isReadable && unsupported.length === 0) {
    warnings.push(`${name} is an agent that can't be read, and is ignored; ${WAY_OUT}`);
  }
  return read;
}

/**
 * @param {any} agent
 * @returns {boolean} whether the agent seems to have a proxy that can't be read
 */
function hasHiddenProxy(agent) {
  const kind = agent.constructor && agent.constructor.name;
  return (
    typeof own(agent, 'getProxyForUrl') === 'function' ||
    /proxy|tunnel|socks/i.test(String(kind || ''))
  );
}

/**
 * @param {any} ca the option `ca` of `tls.connect`
 * @returns {string | undefined}
 */
function pem(ca) {
  const all = (Array.isArray(ca) ? ca : [ca]).filter(Boolean);
  const readable = all.every((one) => typeof one === 'string' || Buffer.isBuffer(one));
  return readable && all.length > 0 ? all.map(String).join('\n') : undefined;
}

module.exports = { agentOptions };

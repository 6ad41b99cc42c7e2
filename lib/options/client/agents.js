'use strict';

/**
 * What can be read off an agent for HTTP or HTTPS. The agent itself is not used: connections are made
 * elsewhere.
 *
 * @typedef {import('../../../binding').NativeClientOptions} NativeClientOptions
 */

const { bare, own } = require('../../host/own');
const { WAY_OUT } = require('./names');
const { asUrl } = require('./proxies');

/** What an agent may be told that changes whom is trusted or who one is, and is not done here. */
const UNSUPPORTED = ['cert', 'checkServerIdentity', 'key', 'lookup', 'pfx', 'servername'];

/**
 * @param {string} name
 * @param {any} agent an agent, or options of one
 * @param {string[]} warnings
 * @returns {NativeClientOptions}
 */
function agentOptions(name, agent, warnings) {
  // Libraries for proxies keep what is meant for the connection behind the proxy under names of theirs.
  const [options, connectOpts] = ['options', 'connectOpts'].map((member) => own(agent, member));
  const settings = bare(options, connectOpts);
  if (!options && !connectOpts) Object.assign(settings, agent);
  /** @type {NativeClientOptions} */
  const found = bare();
  const proxy = [own(agent, 'proxy'), own(agent, 'proxyOptions'), settings.proxy].find(Boolean);
  const url = proxy && asUrl(proxy);
  const authorities = pem(settings.ca);
  const maxSockets = own(agent, 'maxSockets') || settings.maxSockets;
  if (url) found.proxy = url.href;
  if (authorities) found.authorities = authorities;
  if (Number.isFinite(maxSockets) && maxSockets > 0) found.maxRequests = Math.floor(maxSockets);
  if (settings.proxyEnv) found.proxyFromEnvironment = true;

  const unread = UNSUPPORTED.filter((member) => Boolean(settings[member]));
  if (settings.rejectUnauthorized === false) unread.push('rejectUnauthorized');
  if (settings.ca && !authorities) unread.push('ca');
  if (!url && (proxy || hidesProxy(agent))) unread.push('proxy');
  for (const member of unread) {
    warnings.push(`${name}.${member} can't be used and is ignored; ${WAY_OUT}`);
  }
  const isReadable = maxSockets !== undefined || Object.keys(settings).length > 0;
  if (!isReadable && unread.length === 0) {
    warnings.push(`${name} is an agent that can't be read, and is ignored; ${WAY_OUT}`);
  }
  return found;
}

/**
 * @param {any} agent
 * @returns {boolean} whether it looks as if it had a proxy, which it keeps to itself
 */
function hidesProxy(agent) {
  const kind = agent.constructor && agent.constructor.name;
  return (
    typeof own(agent, 'getProxyForUrl') === 'function' ||
    /proxy|tunnel|socks/i.test(String(kind || ''))
  );
}

/**
 * @param {any} ca as `tls.connect` takes it
 * @returns {string | undefined}
 */
function pem(ca) {
  const all = (Array.isArray(ca) ? ca : [ca]).filter(Boolean);
  const readable = all.every((one) => typeof one === 'string' || Buffer.isBuffer(one));
  return readable && all.length > 0 ? all.map(String).join('\n') : undefined;
}

module.exports = { agentOptions };

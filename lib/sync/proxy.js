'use strict';

/**
 * The way of a request to LaunchDarkly: its proxy and the certificates that it trusts. The settings are those of
 * the connection to DynamoDB.
 *
 * @typedef {import('../native/options').NativeClientOptions} NativeClientOptions
 * @typedef {import('http').ClientRequest} ClientRequest
 */

const fs = require('fs');
const http = require('http');
const https = require('https');
const tls = require('tls');
const { URL } = require('url');

const { proxyOfEnvironment } = require('../native/addon');
const { proxyUrl } = require('../options/client/proxies');

/** The variables that name files with additional trusted certificates. */
const EXTRA_CERTIFICATE_FILES = ['NODE_EXTRA_CA_CERTS', 'AWS_CA_BUNDLE'];

/**
 * @param {URL} url
 * @param {NativeClientOptions} client
 * @param {Record<string, string>} environment
 * @returns {URL | undefined}
 * @throws {TypeError} for a proxy of another kind
 */
function proxyFor(url, client, environment) {
  const proxy =
    client.proxy ||
    (client.proxyFromEnvironment && proxyOfEnvironment(url.href, JSON.stringify(environment)));
  return proxy ? new URL(proxyUrl('the proxy', proxy)) : undefined;
}

/**
 * @param {NativeClientOptions} client
 * @param {Record<string, string>} environment
 * @returns {(string | Buffer)[] | undefined} PEM certificates; `undefined` for Node's own
 */
function trusted(client, environment) {
  if (client.authorities) return [client.authorities];
  const files = EXTRA_CERTIFICATE_FILES.map((name) => environment[name]).filter(Boolean);
  const extra = files.map(read).filter(Boolean);
  return extra.length > 0 ? [...tls.rootCertificates, ...extra] : undefined;
}

/**
 * @param {string} file
 * @returns {string} empty if it can't be read; the store logs that
 */
function read(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (_) {
    return '';
  }
}

/**
 * Makes a request, through the proxy if there is one. It is sent when the caller ends it.
 *
 * @param {URL} url
 * @param {Record<string, string>} headers
 * @param {URL | undefined} proxy
 * @param {(string | Buffer)[] | undefined} ca
 * @param {(request: ClientRequest) => void} made gets each request, of which the last one is for the URL
 * @param {(failure: Error) => void} failed gets the failure to connect to the proxy
 */
function request(url, headers, proxy, ca, made, failed) {
  const options = { headers, agent: false, ...(ca ? { ca } : {}) };
  if (!proxy) {
    made((url.protocol === 'https:' ? https : http).request(url, options));
    return;
  }
  const toProxy = {
    host: bareHost(proxy),
    port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80),
    agent: false,
    ...(ca ? { ca } : {}),
  };
  const sender = proxy.protocol === 'https:' ? https : http;
  const own = authorization(proxy);
  if (url.protocol === 'http:') {
    const all = { ...headers, Host: url.host, ...own };
    made(sender.request({ ...toProxy, path: url.href, headers: all }));
    return;
  }
  const host = `${url.hostname}:${url.port || 443}`;
  const tunnel = sender.request({
    ...toProxy,
    method: 'CONNECT',
    path: host,
    headers: { Host: host, ...own },
  });
  made(tunnel);
  tunnel.on('connect', ({ statusCode }, socket) => {
    if (statusCode !== 200) {
      socket.destroy();
      failed(new Error(`the proxy answers ${statusCode} to CONNECT`));
      return;
    }
    const servername = bareHost(url);
    const secure = tls.connect({
      socket,
      ...(/^[\d.]+$|:/.test(servername) ? { host: servername } : { servername }),
      ...(ca ? { ca } : {}),
    });
    // An agent would make its own connection.
    made(https.request(url, { headers, createConnection: () => secure }));
  });
  tunnel.on('response', (response) => {
    // Some proxies answer a refused CONNECT like any other request.
    response.destroy();
    failed(new Error(`the proxy answers ${response.statusCode} to CONNECT`));
  });
  tunnel.end();
}

/**
 * @param {URL} url
 * @returns {string} the host without the brackets of an IPv6 address
 */
function bareHost(url) {
  return url.hostname.replace(/^\[|\]$/g, '');
}

/**
 * @param {URL} proxy
 * @returns {Record<string, string>}
 */
function authorization({ username, password }) {
  if (username === '' && password === '') return {};
  const pair = [username, password].map(decoded).join(':');
  return { 'Proxy-Authorization': `Basic ${Buffer.from(pair).toString('base64')}` };
}

/**
 * @param {string} part of a URL
 * @returns {string}
 */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch (_) {
    // A percent sign that stands for itself.
    return part;
  }
}

module.exports = { proxyFor, request, trusted };

'use strict';

/**
 * A registry on this machine with nothing but given packages.
 */

const { createHash } = require('node:crypto');
const fs = require('node:fs');
const http = require('node:http');

/**
 * @param {{manifest: {name: string, version: string}, tarball: string}[]} packages
 * @returns {Promise<{url: string, close: () => void}>}
 */
async function startRegistry(packages) {
  const server = http.createServer((request, response) => {
    const place = decodeURIComponent(String(request.url).slice(1)).replace(/\?.*$/, '');
    const found = packages.find(({ manifest }) =>
      [manifest.name, tarballOf(manifest)].includes(place)
    );
    if (!found) {
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":"not found"}');
    } else if (place === found.manifest.name) {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(document(found, url)));
    } else {
      response.writeHead(200, { 'content-type': 'application/octet-stream' });
      fs.createReadStream(found.tarball).pipe(response);
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const url = `http://127.0.0.1:${port}/`;
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url, close };
}

function tarballOf({ name, version }) {
  return `${name}/-/${name}-${version}.tgz`;
}

/** What a registry says of a package. */
function document({ manifest, tarball }, url) {
  const content = fs.readFileSync(tarball);
  const hash = (algorithm, encoding) => createHash(algorithm).update(content).digest(encoding);
  const dist = {
    tarball: `${url}${tarballOf(manifest)}`,
    integrity: `sha512-${hash('sha512', 'base64')}`,
    shasum: hash('sha1', 'hex'),
  };
  const { name, version } = manifest;
  return {
    name,
    'dist-tags': { latest: version },
    versions: { [version]: { ...manifest, dist } },
    time: { [version]: '2020-01-01T00:00:00.000Z' },
  };
}

module.exports = { startRegistry };

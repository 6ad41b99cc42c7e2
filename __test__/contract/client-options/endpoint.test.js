'use strict';

/**
 * Where requests go, and for which region they are signed.
 */

const assert = require('node:assert');
const { test } = require('node:test');

require('../../support/environment');

const { DynamoDBFeatureStore } = require('../../..');
const {
  FEATURES,
  FLAG,
  KEYS,
  openStore,
  proxyServer,
  read,
  receiver,
  row,
} = require('../../support/receiver');

row('region', 'it is what requests are signed for', async (t) => {
  const { item, request } = await read(t, { region: 'sa-east-1' });
  assert.deepStrictEqual(item, FLAG);
  assert.strictEqual(request.region, 'sa-east-1');
});

row('endpoint', 'an empty one is none, as in the AWS SDKs', async (t) => {
  const server = await receiver(t);
  for (const endpoint of ['', () => '', async () => '']) {
    process.env.AWS_ENDPOINT_URL_DYNAMODB = server.endpoint;
    let store;
    try {
      store = openStore(t, { endpoint });
    } finally {
      delete process.env.AWS_ENDPOINT_URL_DYNAMODB;
    }
    assert.deepStrictEqual(await store.get(FEATURES, 'a'), FLAG);
  }
  assert.strictEqual(server.requests.length, 3);
});

for (const name of ['signingRegion', 'profile', 'userAgentAppId', 'customUserAgent', 'retryMode']) {
  row(name, 'an empty one is none', async (t) => {
    const { item, lines } = await read(t, { [name]: '' });
    assert.deepStrictEqual([item, lines], [FLAG, []]);
  });
}

row('region', 'a function is called once', async (t) => {
  let calls = 0;
  const region = async () => {
    calls += 1;
    return 'ap-south-1';
  };
  const server = await receiver(t);
  const store = openStore(t, { endpoint: server.endpoint, region });
  await Promise.all([store.get(FEATURES, 'a'), store.get(FEATURES, 'b')]);
  await store.get(FEATURES, 'a');
  assert.deepStrictEqual(
    server.requests.map((request) => request.region),
    ['ap-south-1', 'ap-south-1', 'ap-south-1']
  );
  assert.strictEqual(calls, 1);
});

for (const [what, region] of Object.entries({
  throws: () => {
    throw new Error('no region today, ask AKIDSECRET0123456789');
  },
  rejects: () => Promise.reject(new Error('no region today, ask AKIDSECRET0123456789')),
  'gives nonsense': () => ({ 'no region today': true }),
})) {
  row('region', `a function that ${what} is an error line, and is called again`, async (t) => {
    const server = await receiver(t);
    let good = false;
    const store = openStore(t, {
      endpoint: server.endpoint,
      maxAttempts: 1,
      region: () => (good ? 'eu-west-3' : region()),
    });
    assert.strictEqual(await store.get(FEATURES, 'a'), null);
    const [line] = store.lines;
    assert.strictEqual(line.level, 'error');
    assert.ok(line.message.includes('clientOptions'), line.message);
    assert.ok(!line.message.includes('AKIDSECRET'), line.message);
    good = true;
    assert.deepStrictEqual(await store.get(FEATURES, 'a'), FLAG);
  });
}

row('region', 'a function that never answers is an error line within readTimeout', async (t) => {
  const server = await receiver(t);
  const clientOptions = { endpoint: server.endpoint, region: () => new Promise(() => {}) };
  const store = openStore(t, clientOptions, { readTimeout: 2 });
  assert.strictEqual(await store.get(FEATURES, 'a'), null);
  assert.ok(store.linesWith('function', 'clientOptions').length > 0, JSON.stringify(store.lines));
});

/** Forms of an endpoint at this port. */
const forms = {
  text: (port) => `http://127.0.0.1:${port}`,
  'a URL': (port) => new URL(`http://127.0.0.1:${port}`),
  'an AWS.Endpoint': (port) => ({
    protocol: 'http:',
    host: `127.0.0.1:${port}`,
    port,
    hostname: '127.0.0.1',
    pathname: '/',
    path: '/',
    href: `http://127.0.0.1:${port}/`,
  }),
  parts: (port) => ({ protocol: 'http:', hostname: '127.0.0.1', port, path: '/' }),
  'an object with a URL': (port) => ({ url: new URL(`http://127.0.0.1:${port}`), headers: {} }),
  'a function for text': (port) => () => `http://127.0.0.1:${port}`,
  'a function for a promise of parts': (port) => async () => ({
    protocol: 'http',
    hostname: '127.0.0.1',
    port,
  }),
};
for (const [what, form] of Object.entries(forms)) {
  row('endpoint', `${what}`, async (t) => {
    const server = await receiver(t);
    const { item, request, lines } = await read(t, { endpoint: form(server.port) }, { server });
    assert.deepStrictEqual(item, FLAG);
    assert.strictEqual(request.headers.host, `127.0.0.1:${server.port}`);
    assert.deepStrictEqual(lines, []);
  });
}

row('endpoint', 'placeholders are filled in', async (t) => {
  const proxy = await proxyServer(t);
  const endpoint = '{scheme}://{service}.{region}.example.test';
  const clientOptions = { endpoint, region: 'eu-north-1', sslEnabled: false };
  const store = openStore(t, { ...clientOptions, httpOptions: { proxy: proxy.url } });
  assert.deepStrictEqual(await store.get(FEATURES, 'a'), FLAG);
  assert.ok(
    proxy.paths().includes('http://dynamodb.eu-north-1.example.test/'),
    `${proxy.requests}`
  );
});

/** What a proxy is to connect to when there is no endpoint. */
async function regionalHost(t, clientOptions, env = {}) {
  const proxy = await proxyServer(t);
  const store = openStore(
    t,
    { region: 'us-east-1', maxAttempts: 1, httpOptions: { proxy: proxy.url }, ...clientOptions },
    { readTimeout: 5, ...env }
  );
  const item = await store.get(FEATURES, 'a');
  return { item, connects: new Set(proxy.connects()), paths: new Set(proxy.paths()) };
}

test('without an endpoint it is the region’s, with TLS', async (t) => {
  const { item, connects } = await regionalHost(t, {});
  assert.strictEqual(item, null);
  assert.deepStrictEqual(connects, new Set(['dynamodb.us-east-1.amazonaws.com:443']));
});

for (const name of ['sslEnabled', 'tls']) {
  test(`without TLS in ${name} the region’s endpoint gets plain HTTP`, async (t) => {
    const { item, paths, connects } = await regionalHost(t, { [name]: false });
    assert.deepStrictEqual(item, FLAG);
    assert.deepStrictEqual([...connects], []);
    assert.deepStrictEqual(paths, new Set(['http://dynamodb.us-east-1.amazonaws.com/']));
  });
}

row('sslEnabled', 'a bare host without it is plain HTTP', async (t) => {
  const server = await receiver(t);
  const endpoint = `127.0.0.1:${server.port}`;
  const { item } = await read(t, { endpoint, sslEnabled: false }, { server });
  assert.deepStrictEqual(item, FLAG);
});

row('tls', 'it wins over sslEnabled', async (t) => {
  const server = await receiver(t);
  const endpoint = `127.0.0.1:${server.port}`;
  const { item } = await read(t, { endpoint, sslEnabled: true, tls: false }, { server });
  assert.deepStrictEqual(item, FLAG);
});

row('useFipsEndpoint', 'the region’s FIPS endpoint is used', async (t) => {
  for (const useFipsEndpoint of [true, async () => true]) {
    const { connects } = await regionalHost(t, { useFipsEndpoint });
    assert.deepStrictEqual(connects, new Set(['dynamodb-fips.us-east-1.amazonaws.com:443']));
  }
});

row('useDualstackEndpoint', 'the region’s dual-stack endpoint is used', async (t) => {
  for (const useDualstackEndpoint of [true, async () => true]) {
    const { connects } = await regionalHost(t, { useDualstackEndpoint });
    assert.deepStrictEqual(connects, new Set(['dynamodb.us-east-1.api.aws:443']));
  }
});

row('accountIdEndpointMode', 'it decides whether the account has an endpoint', async (t) => {
  const credentials = { ...KEYS, accountId: '123456789012' };
  const own = '123456789012.ddb.us-east-1.amazonaws.com:443';
  const common = 'dynamodb.us-east-1.amazonaws.com:443';
  for (const [mode, host] of [
    ['preferred', own],
    ['required', own],
    ['disabled', common],
    [async () => 'disabled', common],
  ]) {
    const { connects } = await regionalHost(t, { accountIdEndpointMode: mode, credentials });
    assert.ok(connects.has(host), `${mode}: ${[...connects]}`);
    if (host === common) assert.ok(!connects.has(own));
  }
});

row('ignoreConfiguredEndpointUrls', 'endpoints of the environment are passed over', async (t) => {
  const server = await receiver(t);
  for (const name of ['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_DYNAMODB']) {
    process.env[name] = server.endpoint;
    t.after(() => delete process.env[name]);
    const there = openStore(t, {});
    assert.deepStrictEqual(await there.get(FEATURES, 'a'), FLAG);
    const { connects } = await regionalHost(t, { ignoreConfiguredEndpointUrls: true });
    assert.deepStrictEqual(connects, new Set(['dynamodb.us-east-1.amazonaws.com:443']));
    delete process.env[name];
  }
});

row('signingRegion', 'requests are signed for it', async (t) => {
  const { request } = await read(t, { region: 'eu-west-1', signingRegion: 'us-west-2' });
  assert.strictEqual(request.region, 'us-west-2');
});

for (const name of ['apiVersion', 'apiVersions']) {
  const make = (version) => () => {
    const value = name === 'apiVersion' ? version : { dynamodb: version, s3: 'x' };
    DynamoDBFeatureStore('my-table', { clientOptions: { [name]: value } }).close();
  };
  test(`${name}: only the one that is spoken`, () => {
    for (const version of ['2012-08-10', 'latest', new Date('2012-08-10')]) make(version)();
    for (const version of ['2011-12-05', 'oldest', 5, new Date('2020-01-01')]) {
      assert.throws(make(version), { name: 'TypeError', message: /clientOptions\.apiVersion/ });
    }
  });
}
row('apiVersion', 'is a TypeError otherwise', () => {
  const clientOptions = { apiVersion: '2011-12-05' };
  assert.throws(() => DynamoDBFeatureStore('my-table', { clientOptions }), TypeError);
});
row('apiVersions', 'is a TypeError otherwise', () => {
  const clientOptions = { apiVersions: { dynamodb: '2011-12-05' } };
  assert.throws(() => DynamoDBFeatureStore('my-table', { clientOptions }), TypeError);
});

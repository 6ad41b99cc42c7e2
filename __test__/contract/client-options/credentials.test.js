'use strict';

/**
 * Whose credentials requests are signed with, and when whose provider is called.
 */

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const util = require('node:util');

require('../../support/environment');

const { childResult } = require('../../support/child');
const { letPass, waitFor } = require('../../support/wait');
const { FEATURES, FLAG, KEYS, openStore, read, receiver, row } = require('../../support/receiver');

row('credentials', 'fixed ones', async (t) => {
  const credentials = { ...KEYS, sessionToken: 'hush-token' };
  const { item, request } = await read(t, { credentials });
  assert.deepStrictEqual(item, FLAG);
  assert.strictEqual(request.accessKeyId, 'AKID');
  assert.strictEqual(request.headers['x-amz-security-token'], 'hush-token');
  assert.match(request.signature, /^[0-9a-f]{64}$/);
});

for (const name of ['accessKeyId', 'secretAccessKey', 'sessionToken']) {
  test(`${name} directly among the options`, async (t) => {
    const { request } = await read(t, { ...KEYS, sessionToken: 'hush-token' });
    assert.strictEqual(request.accessKeyId, 'AKID');
    assert.strictEqual(request.headers['x-amz-security-token'], 'hush-token');
  });
}
row('accessKeyId', 'half of a pair is a TypeError', (t) => {
  assert.throws(() => openStore(t, { accessKeyId: 'AKID' }), TypeError);
});
row('secretAccessKey', 'it is never sent', async (t) => {
  const { request } = await read(t, KEYS);
  assert.ok(!util.inspect(request, { depth: 9 }).includes('hush'));
});
row('sessionToken', 'without one there is no header for it', async (t) => {
  const { request } = await read(t, KEYS);
  assert.strictEqual(request.headers['x-amz-security-token'], undefined);
});

/** Ways of giving a provider that counts its calls. */
const providers = {
  'a function': (give) => ({ credentials: give }),
  'an async function': (give) => ({ credentials: async () => give() }),
  'an object of version 2 with getPromise': (give) => ({
    credentials: versionTwo(give, 'getPromise'),
  }),
  'an object of version 2 with get': (give) => ({ credentials: versionTwo(give, 'get') }),
  'an object of version 2 with refresh': (give) => ({ credentials: versionTwo(give, 'refresh') }),
  'a chain of version 2 that promises': (give) => ({
    credentialProvider: chain({ resolvePromise: async () => versionTwo(give, 'getPromise') }),
  }),
  'a chain of version 2': (give) => ({
    credentialProvider: chain({ resolve: (callback) => callback(null, versionTwo(give, 'get')) }),
  }),
  'a chain of version 2 as credentials': (give) => ({
    credentials: chain({ resolvePromise: async () => versionTwo(give, 'refresh') }),
  }),
  'a function as credentialProvider': (give) => ({ credentialProvider: give }),
  'a function that makes a provider': (give) => ({
    credentialDefaultProvider: () => async () => give(),
  }),
};

/** A chain, with what those of version 2 inherit from credentials and can't do. */
function chain(methods) {
  return { get: (callback) => callback(), getPromise: async () => {}, ...methods };
}

/** An object that is made good by one of its methods, as those of version 2 are. */
function versionTwo(give, method) {
  const object = {};
  const renew = () => {
    const { expiration, ...keys } = give();
    Object.assign(object, keys, { expireTime: expiration });
  };
  const withCallback = (callback) => {
    try {
      renew();
    } catch (error) {
      callback(error);
      return;
    }
    callback();
  };
  if (method === 'getPromise') object.getPromise = async () => renew();
  else object[method] = withCallback;
  return object;
}

for (const [what, options] of Object.entries(providers)) {
  test(`${what} is called, and its keys are kept`, async (t) => {
    let calls = 0;
    const give = () => {
      calls += 1;
      const expiration = new Date(Date.now() + 3_600_000);
      return { ...KEYS, accessKeyId: `AKID${calls}`, sessionToken: 'token', expiration };
    };
    const server = await receiver(t);
    const store = openStore(t, { endpoint: server.endpoint, ...options(give) });
    await Promise.all([1, 2, 3].map(() => store.get(FEATURES, 'a')));
    assert.deepStrictEqual(await store.get(FEATURES, 'a'), FLAG);
    const keys = server.requests.map((request) => request.accessKeyId);
    assert.deepStrictEqual(new Set(keys), new Set(['AKID1']));
    assert.strictEqual(calls, 1);
    assert.deepStrictEqual(store.lines, []);
  });

  test(`${what} that throws is an error line without secrets, and is called again`, async (t) => {
    let failing = true;
    const give = () => {
      if (failing) throw new Error('the vault is sealed, token hushhush0123456789hush');
      return KEYS;
    };
    const server = await receiver(t);
    const store = openStore(t, { endpoint: server.endpoint, maxAttempts: 1, ...options(give) });
    assert.strictEqual(await store.get(FEATURES, 'a'), null);
    assert.strictEqual(server.requests.length, 0);
    assert.strictEqual(store.lines[0].level, 'error');
    assert.ok(store.lines[0].message.includes('the vault is sealed'), store.lines[0].message);
    assert.deepStrictEqual(store.linesWith('hushhush'), []);
    failing = false;
    assert.deepStrictEqual(await store.get(FEATURES, 'a'), FLAG);
  });
}

row('credentialProvider', 'what is neither a chain nor a function is a TypeError', (t) => {
  assert.throws(() => openStore(t, { credentialProvider: {} }), /clientOptions.credentialProvider/);
});
row('credentialDefaultProvider', 'what is no function is a TypeError', (t) => {
  const make = () => openStore(t, { credentialDefaultProvider: {} });
  assert.throws(make, /clientOptions.credentialDefaultProvider/);
});

/** Less than the last quarter of the life of keys that live for 2 s, in which they are not used. */
const MARGIN_MS = 250;

row('credentials', 'keys that live for 2 s are renewed in time, once at a time', async (t) => {
  const expiries = new Map();
  let [calls, atOnce, mostAtOnce] = [0, 0, 0];
  const credentials = async () => {
    calls += 1;
    atOnce += 1;
    mostAtOnce = Math.max(mostAtOnce, atOnce);
    const accessKeyId = `AKID${calls}`;
    await new Promise((resolve) => setTimeout(resolve, 50));
    atOnce -= 1;
    const expiration = new Date(Date.now() + 2000);
    expiries.set(accessKeyId, expiration.getTime());
    return { ...KEYS, accessKeyId, expiration };
  };
  const late = [];
  let calledAt;
  const answer = ({ accessKeyId }) => {
    const now = Date.now();
    // On a busy machine it may have been signed long before it arrives.
    if (now >= expiries.get(accessKeyId) && now - calledAt < MARGIN_MS) late.push(accessKeyId);
  };
  const server = await receiver(t, { answer });
  const store = openStore(t, { endpoint: server.endpoint, credentials });
  const readThrice = async () => {
    calledAt = Date.now();
    const items = await Promise.all([1, 2, 3].map(() => store.get(FEATURES, 'a')));
    assert.deepStrictEqual(items, [FLAG, FLAG, FLAG]);
  };
  while (calls < 5) {
    await readThrice();
    await letPass(0.02);
  }
  // A store that was left alone has only expired keys.
  await letPass(2.1);
  await readThrice();
  assert.deepStrictEqual(late, []);
  assert.strictEqual(mostAtOnce, 1);
  assert.deepStrictEqual(store.lines, []);
});

row('credentials', 'a provider that hangs is an error line within readTimeout', async (t) => {
  let calls = 0;
  const credentials = () => {
    calls += 1;
    return new Promise(() => {});
  };
  const server = await receiver(t);
  const store = openStore(t, { endpoint: server.endpoint, credentials }, { readTimeout: 2 });
  assert.strictEqual(await store.get(FEATURES, 'a'), null);
  assert.strictEqual(await store.get(FEATURES, 'b'), null);
  assert.strictEqual(store.lines[0].level, 'error');
  assert.ok(store.lines[0].message.includes('no AWS credentials'), store.lines[0].message);
  assert.strictEqual(calls, 1);
});

// With a short life they may expire between the search for them and the request.
for (const life of [1, 30, 1500]) {
  row('credentials', `of ${life} ms, whose provider hangs later, are an error line`, async (t) => {
    let calls = 0;
    const credentials = async () => {
      calls += 1;
      if (calls > 1) await new Promise(() => {});
      return { ...KEYS, expiration: new Date(Date.now() + life) };
    };
    const server = await receiver(t);
    const store = openStore(t, { endpoint: server.endpoint, credentials }, { readTimeout: 2 });
    const failed = async () => (await store.get(FEATURES, 'a')) === null;
    await waitFor(failed, 'a read without credentials');
    assert.strictEqual(store.linesWith('no AWS credentials').length, 1);
    assert.strictEqual(store.linesWith('').length, 1);
  });
}

for (const [what, given] of Object.entries({
  'expired keys': { ...KEYS, expiration: new Date(Date.now() - 1000) },
  'no keys': {},
  nothing: undefined,
  'a bad expiration': { ...KEYS, expiration: 'hush' },
})) {
  row('credentials', `a provider that gives ${what} is an error line`, async (t) => {
    const { item, lines, requests } = await read(t, { credentials: () => given, maxAttempts: 1 });
    assert.strictEqual(item, null);
    assert.strictEqual(requests.length, 0);
    assert.strictEqual(lines[0].level, 'error');
    assert.ok(!JSON.stringify(lines).includes('hush'));
  });
}

row('credentials', 'a fixed object that expires is read again', async (t) => {
  const credentials = { ...KEYS, expiration: new Date(Date.now() + 1500) };
  const server = await receiver(t);
  const store = openStore(t, { endpoint: server.endpoint, credentials });
  await store.get(FEATURES, 'a');
  Object.assign(credentials, {
    accessKeyId: 'AKID2',
    expiration: new Date(Date.now() + 3_600_000),
  });
  await letPass(2);
  assert.deepStrictEqual(await store.get(FEATURES, 'a'), FLAG);
  assert.strictEqual(server.requests.pop().accessKeyId, 'AKID2');
});

row('credentials', 'keys that AWS refuses are requested again', async (t) => {
  let calls = 0;
  const credentials = () => {
    calls += 1;
    return { ...KEYS, accessKeyId: `AKID${calls}` };
  };
  const expired = { __type: 'com.amazon.coral.service#ExpiredTokenException', message: 'expired' };
  const answer = ({ accessKeyId }) =>
    accessKeyId === 'AKID1' ? { status: 400, body: expired } : undefined;
  const server = await receiver(t, { answer });
  const store = openStore(t, { endpoint: server.endpoint, credentials });
  await waitFor(async () => (await store.get(FEATURES, 'a')) !== null, 'new keys');
  assert.ok(calls >= 2);
});

row('credentials', 'a provider learns the region of the client that asks', async (t) => {
  let context;
  const credentials = (given) => {
    context = given;
    return KEYS;
  };
  await read(t, { credentials, region: 'eu-west-3' });
  assert.strictEqual(await context.callerClientConfig.region(), 'eu-west-3');
});

row('profile', 'its credentials go before those of the environment', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'feature-store-profile-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'credentials');
  const profiles =
    '[default]\naws_access_key_id = DEFAULT\naws_secret_access_key = hush\n' +
    '[team]\naws_access_key_id = TEAM\naws_secret_access_key = hush\n[bare]\nregion = eu-west-3\n';
  fs.writeFileSync(file, profiles);
  const server = await receiver(t);
  const readWith = async (profile, env) => {
    const clientOptions = { endpoint: server.endpoint, profile };
    const input = {
      table: 'my-table',
      options: { clientOptions },
      calls: [['get', FEATURES, 'a']],
    };
    const { results, lines } = await childResult('operate.js', input, {
      AWS_SHARED_CREDENTIALS_FILE: file,
      ...env,
    });
    assert.deepStrictEqual([results, lines], [[FLAG], []]);
    return server.requests.pop().accessKeyId;
  };
  assert.strictEqual(await readWith('team', {}), 'TEAM');
  // One without credentials leaves the choice to the chain.
  assert.strictEqual(await readWith('bare', {}), 'test');
  const none = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined };
  assert.strictEqual(await readWith(undefined, { ...none, AWS_PROFILE: 'team' }), 'TEAM');
  assert.strictEqual(await readWith(undefined, none), 'DEFAULT');
  for (const nothing of ['', ' ']) {
    assert.strictEqual(await readWith(undefined, { ...none, AWS_PROFILE: nothing }), 'DEFAULT');
  }
  assert.strictEqual(await readWith('', { ...none, AWS_PROFILE: 'team' }), 'TEAM');
});

test('a named profile that no file has is an error with the files, and no other keys are used', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'feature-store-profile-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const [config, credentials] = ['config', 'credentials'].map((name) => path.join(folder, name));
  const role = 'role_arn = arn:aws:iam::123456789012:role/r\nsource_profile = nobody\n';
  fs.writeFileSync(config, `[profile role]\n${role}[headless]\nregion = eu-west-1\n`);
  const server = await receiver(t);
  const run = async (profile, env) => {
    const clientOptions = { endpoint: server.endpoint, profile };
    const options = { readTimeout: 60, clientOptions };
    const input = { table: 'my-table', options, calls: [['get', FEATURES, 'a']], close: true };
    const files = { AWS_CONFIG_FILE: config, AWS_SHARED_CREDENTIALS_FILE: credentials };
    const { results, lines } = await childResult('operate.js', input, { ...files, ...env });
    return { item: results[0], lines };
  };
  const assertRefused = ({ item, lines }, ...facts) => {
    assert.strictEqual(item, null);
    assert.strictEqual(lines.length, 1, JSON.stringify(lines));
    assert.strictEqual(lines[0].level, 'error');
    for (const fact of [config, credentials, 'Correct the name, or add the profile', ...facts]) {
      assert.ok(lines[0].message.includes(fact), lines[0].message);
    }
    assert.strictEqual(server.requests.length, 0);
  };
  const none = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined };
  assertRefused(await run('typo', {}), '"typo"', 'clientOptions.profile');
  assertRefused(await run('headless', {}), '"headless"');
  assertRefused(await run('role', {}), '"nobody"', 'source_profile of the profile "role"');
  assertRefused(await run(undefined, { ...none, AWS_PROFILE: 'typo' }), '"typo"', 'AWS_PROFILE');
  // Keys in the environment go before the profile that it names, so that this changes little.
  const { item, lines } = await run(undefined, { AWS_PROFILE: 'typo' });
  assert.deepStrictEqual(item, FLAG);
  assert.deepStrictEqual(
    lines.map(({ level }) => level),
    ['warn']
  );
  assert.ok(lines[0].message.includes('"typo"') && lines[0].message.includes(config));
  assert.strictEqual(server.requests[0].accessKeyId, 'test');
});

row('sessionToken', 'an empty one is none', async (t) => {
  for (const options of [
    { ...KEYS, sessionToken: '' },
    { credentials: { ...KEYS, sessionToken: '' } },
    { credentials: () => ({ ...KEYS, sessionToken: '' }) },
  ]) {
    const { item, request, lines } = await read(t, options);
    assert.deepStrictEqual([item, lines], [FLAG, []]);
    assert.strictEqual(request.headers['x-amz-security-token'], undefined);
    assert.strictEqual(request.accessKeyId, 'AKID');
  }
});

row('accessKeyId', 'empty keys are none, and the environment has its turn', async (t) => {
  const { request } = await read(t, { accessKeyId: '', secretAccessKey: '', sessionToken: '' });
  assert.strictEqual(request.accessKeyId, 'test');
});

test('no line at any level shows a key, a token, a signature or a password', async (t) => {
  const secrets = ['hush', 'AKID'];
  const signatures = [];
  const answer = (request) => {
    signatures.push(request.signature);
    const body = { __type: 'x#UnrecognizedClientException', message: 'no such token' };
    return { status: 400, body };
  };
  const server = await receiver(t, { answer });
  const lines = [];
  const requests = { info: (line) => lines.push(line) };
  const keys = { ...KEYS, sessionToken: 'hush-token' };
  const httpOptions = { proxy: 'http://user:hush@127.0.0.1:1' };
  const variants = [
    { credentials: keys },
    { credentials: () => keys },
    { credentials: () => ({ ...keys, expiration: 'hush' }) },
    { credentials: () => ({ ...keys, secretAccessKey: 'hush\nhush' }) },
    { credentials: keys, httpOptions },
    { credentials: keys, region: () => Promise.reject(new Error('key hush0123456789hush')) },
  ];
  for (const variant of variants) {
    const clientOptions = {
      endpoint: server.endpoint,
      logger: requests,
      maxAttempts: 1,
      ...variant,
    };
    const store = openStore(t, clientOptions, { readTimeout: 2, writeTimeout: 2 });
    await store.get(FEATURES, 'a');
    await store.all(FEATURES);
    await store.upsert(FEATURES, { key: 'a', version: 1 });
    lines.push(...store.lines.map(({ message }) => message));
  }
  assert.ok(lines.length > 10 && signatures.length > 0);
  const shown = lines.filter((line) => [...secrets, ...signatures].some((s) => line.includes(s)));
  assert.deepStrictEqual(shown, []);
});

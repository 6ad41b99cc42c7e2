'use strict';

/**
 * Every setting of the environment and of the shared configuration files, with every kind of value that can
 * be in it. Each is tried in a process of its own: none may panic or print anything, a value that can't be
 * used is one line, and one that is blank is as good as none.
 */

const assert = require('node:assert');
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');

const { SCRIPTS } = require('../support/child');
const { FEATURES, FLAG, receiver } = require('../support/receiver');
const { PATIENT } = require('../support/wait');

/** A value without a NUL that no setting has: control characters, and bytes that are not UTF-8. */
const BINARY = String.raw`\001\033[31m\302\205\377\376`;
const VALUES = {
  empty: '',
  blank: ' \t ',
  'of the wrong type': '[1]',
  'out of range': '-1',
  zero: '0',
  'too large': '99999999999999999999',
  'very long': 'x'.repeat(100_000),
  binary: BINARY,
};

/** @typedef {{found: boolean, warnings: number, errors: number, line: string}} Effect */

/** @type {Record<string, (effect: Effect, value: string) => void>} */
const EXPECTED = {
  /** A value that can't be used is warned of, and as good as none. */
  checked(effect, value) {
    assert.deepStrictEqual([effect.found, effect.errors], [true, 0], effect.line);
    assert.strictEqual(effect.warnings, value.trim() === '' ? 0 : 1, effect.line);
  },
  /** The same, where digits are usable. */
  count(effect, value) {
    EXPECTED.checked(effect, value);
  },
  /** Whatever it is, requests are sent. */
  harmless(effect) {
    assert.deepStrictEqual([effect.found, effect.errors], [true, 0], effect.line);
    assert.ok(effect.warnings <= 1, effect.line);
  },
  /** Requests are sent unless it is set, and can't be used. */
  needed(effect, value) {
    if (value.trim() === '') EXPECTED.harmless(effect);
    else EXPECTED.explained(effect);
  },
  /** Requests are sent, or one line says why not. */
  explained(effect) {
    assert.strictEqual(effect.errors, effect.found ? 0 : 1, effect.line);
    assert.ok(effect.warnings <= 1, effect.line);
    assert.doesNotMatch(effect.line, /defect|panic/);
  },
};

/** Variables, and the keys that profiles have for them. */
const SETTINGS = [
  ['AWS_RETRY_MODE', 'retry_mode', 'checked'],
  ['AWS_MAX_ATTEMPTS', 'max_attempts', 'count'],
  ['AWS_USE_FIPS_ENDPOINT', 'use_fips_endpoint', 'checked'],
  ['AWS_USE_DUALSTACK_ENDPOINT', 'use_dualstack_endpoint', 'checked'],
  ['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS', 'ignore_configured_endpoint_urls', 'checked'],
  ['AWS_ACCOUNT_ID_ENDPOINT_MODE', 'account_id_endpoint_mode', 'checked'],
  ['AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE', 'ec2_metadata_service_endpoint_mode', 'checked'],
  ['AWS_EC2_METADATA_SERVICE_ENDPOINT', 'ec2_metadata_service_endpoint', 'harmless'],
  ['AWS_EC2_METADATA_DISABLED', undefined, 'harmless'],
  ['AWS_EC2_METADATA_V1_DISABLED', 'ec2_metadata_v1_disabled', 'harmless'],
  ['AWS_METADATA_SERVICE_TIMEOUT', 'metadata_service_timeout', 'harmless'],
  ['AWS_METADATA_SERVICE_NUM_ATTEMPTS', 'metadata_service_num_attempts', 'harmless'],
  ['AWS_DEFAULTS_MODE', 'defaults_mode', 'harmless'],
  ['AWS_SDK_UA_APP_ID', 'sdk_ua_app_id', 'harmless'],
  ['AWS_EXECUTION_ENV', undefined, 'explained'],
  ['AWS_LAMBDA_FUNCTION_NAME', undefined, 'harmless'],
  ['AWS_NEW_RETRIES_2026', undefined, 'harmless'],
  ['AWS_DISABLE_REQUEST_COMPRESSION', 'disable_request_compression', 'harmless'],
  ['AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES', 'request_min_compression_size_bytes', 'harmless'],
  ['AWS_REQUEST_CHECKSUM_CALCULATION', 'request_checksum_calculation', 'harmless'],
  ['AWS_RESPONSE_CHECKSUM_VALIDATION', 'response_checksum_validation', 'harmless'],
  ['AWS_AUTH_SCHEME_PREFERENCE', 'auth_scheme_preference', 'harmless'],
  ['AWS_SIGV4A_SIGNING_REGION_SET', 'sigv4a_signing_region_set', 'harmless'],
  ['AWS_DISABLE_CLOCK_SKEW_CORRECTION', 'disable_clock_skew_correction', 'harmless'],
  ['AWS_REGION', undefined, 'needed'],
  ['AWS_DEFAULT_REGION', 'region', 'harmless'],
  ['AWS_ENDPOINT_URL', 'endpoint_url', 'harmless'],
  ['AWS_ENDPOINT_URL_DYNAMODB', undefined, 'explained'],
  ['AWS_ENDPOINT_URL_STS', undefined, 'harmless'],
  ['AWS_ACCESS_KEY_ID', 'aws_access_key_id', 'explained'],
  ['AWS_SECRET_ACCESS_KEY', 'aws_secret_access_key', 'explained'],
  ['AWS_SESSION_TOKEN', 'aws_session_token', 'explained'],
  ['AWS_ACCOUNT_ID', 'aws_account_id', 'explained'],
  ['AWS_CREDENTIAL_EXPIRATION', undefined, 'explained'],
  ['AWS_PROFILE', undefined, 'explained'],
  ['AWS_CONFIG_FILE', undefined, 'harmless'],
  ['AWS_SHARED_CREDENTIALS_FILE', undefined, 'harmless'],
  ['HOME', undefined, 'harmless'],
  ['AWS_ROLE_ARN', 'role_arn', 'harmless'],
  ['AWS_ROLE_SESSION_NAME', 'role_session_name', 'harmless'],
  ['AWS_WEB_IDENTITY_TOKEN_FILE', 'web_identity_token_file', 'harmless'],
  ['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI', undefined, 'harmless'],
  ['AWS_CONTAINER_CREDENTIALS_FULL_URI', undefined, 'harmless'],
  ['AWS_CONTAINER_AUTHORIZATION_TOKEN', undefined, 'harmless'],
  ['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', undefined, 'harmless'],
  ['AWS_CA_BUNDLE', 'ca_bundle', 'harmless'],
  ['NODE_EXTRA_CA_CERTS', undefined, 'harmless'],
  ['SSL_CERT_FILE', undefined, 'harmless'],
  ['SSL_CERT_DIR', undefined, 'harmless'],
  ['SMITHY_CLIENT_SDK_CUSTOM_PARTITION', undefined, 'harmless'],
  ['LOG_SIGNABLE_BODY', undefined, 'harmless'],
  ['LOG_SENSITIVE_BODIES', undefined, 'harmless'],
  ['TOKIO_WORKER_THREADS', undefined, 'harmless'],
  ['TOKIO_UNSTABLE_SHARDED_BLOCKING_QUEUE', undefined, 'harmless'],
  ['RUST_BACKTRACE', undefined, 'harmless'],
  ['RUST_MIN_STACK', undefined, 'harmless'],
  ['MIMALLOC_VERBOSE', undefined, 'harmless'],
  ['HTTPS_PROXY', undefined, 'harmless'],
  ['HTTP_PROXY', undefined, 'harmless'],
  ['NO_PROXY', undefined, 'harmless'],
];
/** Keys that only files have. */
const KEYS = [
  ['credential_process', 'explained'],
  ['credential_source', 'explained'],
  ['source_profile', 'explained'],
  ['login_session', 'explained'],
  ['sso_session', 'explained'],
  ['sso_account_id', 'explained'],
  ['sso_start_url', 'explained'],
  ['services', 'harmless'],
  ['no_such_key', 'harmless'],
];
/** Keys that say where credentials come from: there are none in the environment then. */
const SOURCES = /^(aws_|credential_|source_|login_|sso_|role_|web_)/;

/** @type {string} */
let folder;
before(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'settings-'));
});
after(() => fs.rmSync(folder, { recursive: true, force: true }));

/**
 * What is set besides, with nothing to look for elsewhere.
 *
 * @param {string} endpoint
 */
function surroundings(endpoint) {
  return {
    HOME: path.join(folder, 'empty'),
    PATH: process.env.PATH,
    AWS_ACCESS_KEY_ID: 'AKID',
    AWS_SECRET_ACCESS_KEY: 'hush',
    AWS_REGION: 'eu-west-1',
    AWS_DEFAULT_REGION: 'eu-west-2',
    AWS_ENDPOINT_URL_DYNAMODB: endpoint,
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}

/**
 * @param {Record<string, string | undefined>} variables
 * @param {object} [clientOptions]
 * @param {number} [readTimeout] in seconds; tests in which reads fail wait for it
 * @returns {Promise<Effect>}
 */
async function effectOf(variables, clientOptions = {}, readTimeout = 5) {
  const input = {
    table: 'my-table',
    options: { readTimeout, clientOptions },
    calls: [['get', FEATURES, 'a']],
    close: true,
  };
  const env = Object.fromEntries(
    Object.entries(variables).filter(([, value]) => value !== undefined && value !== BINARY)
  );
  const [binary] = Object.keys(variables).filter((name) => variables[name] === BINARY);
  const set = binary ? `export ${binary}="$(printf '${BINARY}')"; ` : '';
  const args = [process.execPath, path.join(SCRIPTS, 'operate.js'), JSON.stringify(input)];
  const { stdout, stderr } = await new Promise((resolve, reject) => {
    execFile('sh', ['-c', `${set}exec "$@"`, 'sh', ...args], { env }, (error, out, err) => {
      if (error) reject(new Error(`${error.message}\n${err}`));
      else resolve({ stdout: out, stderr: err });
    });
  });
  // Node itself warns of certificates that it can't use.
  assert.strictEqual(stderr.replace(/^Warning: Ignoring extra certs.*\n/, ''), '');
  const { results, lines } = JSON.parse(stdout);
  if (results[0] !== null) assert.deepStrictEqual(results, [FLAG]);
  const count = (level) => lines.filter((line) => line.level === level).length;
  return {
    found: results[0] !== null,
    warnings: count('warn'),
    errors: count('error'),
    line: JSON.stringify(lines).slice(0, 2000),
  };
}

/** Runs so many at a time. */
async function each(inputs, work, parallel = 2) {
  const left = [...inputs];
  const next = async () => {
    while (left.length > 0) await work(left.shift());
  };
  await Promise.all(Array.from({ length: parallel }, next));
}

for (const [variable, , expected] of SETTINGS) {
  test(`${variable}, whatever is in it`, { skip: process.platform === 'win32' }, async (t) => {
    const { endpoint } = await receiver(t);
    await each(Object.entries(VALUES), async ([name, value]) => {
      // Node reads these before any program, and has words of its own for them.
      if (variable === 'NODE_EXTRA_CA_CERTS' && name === 'binary') return;
      const effect = await effectOf({ ...surroundings(endpoint), [variable]: value });
      try {
        EXPECTED[expected](effect, value);
      } catch (error) {
        error.message = `${name}: ${error.message}`;
        throw error;
      }
    });
  });
}

const keys = SETTINGS.filter(([, key]) => key).map(([, key, expected]) => [key, expected]);
for (const [key, expected] of [...keys, ...KEYS]) {
  const isSource = SOURCES.test(key);
  test(`${key} in a profile, whatever is in it`, {
    skip: process.platform === 'win32',
  }, async (t) => {
    const { endpoint } = await receiver(t);
    await each(Object.entries(VALUES), async ([name, value]) => {
      const file = path.join(folder, `${key}-${name.replaceAll(' ', '-')}`);
      // Bytes that are not UTF-8 spoil the whole file, so these are characters.
      const text = value === BINARY ? '\u0001\u001b[31m\u0085\ufffd' : value;
      fs.writeFileSync(file, `[default]\n${key} = ${text}\noutput = json\n`);
      const variables = { ...surroundings(endpoint), AWS_CONFIG_FILE: file };
      if (isSource) delete variables.AWS_ACCESS_KEY_ID;
      const effect = await effectOf(variables);
      try {
        if (isSource) EXPECTED.explained(effect, value);
        else EXPECTED[expected](effect, value);
      } catch (error) {
        error.message = `${name}: ${error.message}`;
        throw error;
      }
    });
  });
}

test('files that are no configuration are one warning', {
  skip: process.platform === 'win32',
}, async (t) => {
  const { endpoint } = await receiver(t);
  const files = {
    bytes: Buffer.from([0xff, 0xfe, 0x00, 0x5b]),
    heading: '[default\nretry_mode = standard\n',
    orphan: 'retry_mode = standard\n',
    indented: '  retry_mode = standard\n',
    long: `[default]\n${'x = y\n'.repeat(200_000)}`,
  };
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name);
    fs.writeFileSync(file, text);
    for (const variable of ['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE']) {
      const variables = { ...surroundings(endpoint), [variable]: file };
      // A busy machine takes its time to parse the long one.
      EXPECTED.harmless(await effectOf(variables, {}, PATIENT.readTimeout));
    }
  }
});

test('values that can be used are obeyed', { skip: process.platform === 'win32' }, async (t) => {
  const failing = await receiver(t, {
    answer: () => ({ status: 500, body: { __type: 'InternalServerError' } }),
  });
  const attemptsWith = async (value) => {
    const before = failing.requests.length;
    await effectOf({ ...surroundings(failing.endpoint), AWS_MAX_ATTEMPTS: value });
    return failing.requests.length - before;
  };
  for (const [value, attempts] of Object.entries({ 1: 1, '2 ': 2 })) {
    assert.strictEqual(await attemptsWith(value), attempts, `AWS_MAX_ATTEMPTS=${value}`);
  }
  for (const value of ['', 'many']) assert.ok((await attemptsWith(value)) > 3, value);
  const { endpoint, requests } = await receiver(t);
  for (const mode of ['standard', 'adaptive', 'legacy', 'LEGACY ']) {
    const effect = await effectOf({ ...surroundings(endpoint), AWS_RETRY_MODE: mode });
    assert.deepStrictEqual([effect.found, effect.warnings], [true, 0], `${mode}: ${effect.line}`);
  }
  await effectOf({ ...surroundings(endpoint), AWS_REGION: 'ap-south-1' });
  assert.strictEqual(requests.at(-1).region, 'ap-south-1');
  const blank = { ...surroundings(''), AWS_ENDPOINT_URL: endpoint };
  assert.ok((await effectOf(blank)).found);
});

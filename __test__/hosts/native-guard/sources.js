'use strict';

/**
 * The credential sources of AWS's default chain, each with keys of its own, and a stub of the services
 * that hand keys out.
 */

const crypto = require('node:crypto');
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');

const EXPIRES_AT = new Date(Date.now() + 3_600_000);
const EXPIRATION = EXPIRES_AT.toISOString();
const SSO_START_URL = 'https://example.awsapps.com/start';

/** What a request says of the place that its keys came from. */
const TOKEN = 'token-of-the-source';

const SOURCE_PROFILE =
  '[profile base]\naws_access_key_id = BASE\naws_secret_access_key = hush\n' +
  '[default]\nsource_profile = base\nrole_arn = arn:aws:iam::123456789012:role/reader\n';

/**
 * By its name, what a source takes. `write` puts a file into the home folder and returns its path; `url`
 * is the stub's.
 *
 * @type {Record<string, (place: Place) => {key: string, env?: Record<string, string>,
 *   isTold?: (isWorker: boolean) => object}>}
 */
const SOURCES = {
  'variables of the environment': () => ({
    key: 'FROM-ENVIRONMENT',
    env: {
      AWS_ACCESS_KEY_ID: 'FROM-ENVIRONMENT',
      AWS_SECRET_ACCESS_KEY: 'hush',
      AWS_SESSION_TOKEN: TOKEN,
    },
  }),
  'the shared credentials file': ({ write }) => {
    write('.aws/credentials', `[default]\n${keyLines('FROM-CREDENTIALS')}`);
    return { key: 'FROM-CREDENTIALS' };
  },
  'a profile of the configuration file': ({ write }) => {
    const file = write('elsewhere/config', `[profile team]\n${keyLines('FROM-CONFIG')}`);
    return { key: 'FROM-CONFIG', env: { AWS_CONFIG_FILE: file, AWS_PROFILE: 'team' } };
  },
  'a process': ({ write }) => {
    const command = `"${process.execPath}" "${path.join(__dirname, 'issue-keys.js')}"`;
    write('.aws/config', `[default]\ncredential_process = ${command}\n`);
    const isTold = (isWorker) =>
      isWorker ? { OF_BOTH: 'worker', OF_THE_WORKER: 'worker' } : { OF_BOTH: 'process' };
    return { key: 'FROM-PROCESS', isTold };
  },
  'a role to assume': ({ write, url }) => {
    write('.aws/config', SOURCE_PROFILE);
    return { key: 'FROM-AssumeRole', env: { AWS_ENDPOINT_URL_STS: url } };
  },
  'a role to assume, with the endpoint in the profile': ({ write, url }) => {
    const services = `services = local\n[services local]\nsts =\n  endpoint_url = ${url}\n`;
    write('.aws/config', SOURCE_PROFILE + services);
    return { key: 'FROM-AssumeRole' };
  },
  'a web identity token': ({ write, url }) => ({
    key: 'FROM-AssumeRoleWithWebIdentity',
    env: {
      AWS_WEB_IDENTITY_TOKEN_FILE: write('token', 'web-identity'),
      AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/reader',
      AWS_ROLE_SESSION_NAME: 'test',
      AWS_ENDPOINT_URL_STS: url,
    },
  }),
  'a single sign-on session': ({ write, url }) => {
    writeSsoToken(write, 'team');
    const session = `[sso-session team]\nsso_region = eu-west-1\nsso_start_url = ${SSO_START_URL}\n`;
    write('.aws/config', `[default]\nsso_session = team\n${SSO_ACCOUNT}${session}`);
    return { key: 'FROM-SSO', env: { AWS_ENDPOINT_URL_SSO: url } };
  },
  'single sign-on without a session': ({ write, url }) => {
    writeSsoToken(write, SSO_START_URL);
    const settings = `sso_region = eu-west-1\nsso_start_url = ${SSO_START_URL}\n`;
    write('.aws/config', `[default]\n${settings}${SSO_ACCOUNT}`);
    return { key: 'FROM-SSO', env: { AWS_ENDPOINT_URL_SSO: url } };
  },
  'the container': ({ url }) => ({
    key: 'FROM-CONTAINER',
    env: {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${url}/container`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 'let-me-in',
    },
  }),
  'instance metadata': ({ url }) => ({
    key: 'FROM-METADATA',
    env: { AWS_EC2_METADATA_DISABLED: 'false', AWS_EC2_METADATA_SERVICE_ENDPOINT: url },
  }),
};

const SSO_ACCOUNT = 'sso_account_id = 123456789012\nsso_role_name = reader\n';

/** What the stub answers, by method and path. */
const ANSWERS = {
  'POST /': ({ text }) => {
    const parameters = new URLSearchParams(text);
    const action = parameters.get('Action');
    return (
      `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result>` +
      '<AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/reader/test</Arn>' +
      '<AssumedRoleId>ROLE:test</AssumedRoleId></AssumedRoleUser>' +
      `<Credentials><AccessKeyId>FROM-${action}</AccessKeyId>` +
      `<SecretAccessKey>hush</SecretAccessKey><SessionToken>${TOKEN}</SessionToken>` +
      `<Expiration>${EXPIRATION}</Expiration></Credentials></${action}Result></${action}Response>`
    );
  },
  'GET /federation/credentials': ({ headers }) => {
    if (headers['x-amz-sso_bearer_token'] !== 'sso-token') return undefined;
    const [accessKeyId, secretAccessKey, sessionToken] = ['FROM-SSO', 'hush', TOKEN];
    const expiration = EXPIRES_AT.getTime();
    return { roleCredentials: { accessKeyId, secretAccessKey, sessionToken, expiration } };
  },
  'GET /container': ({ headers }) =>
    headers.authorization === 'let-me-in' ? jsonKeys('FROM-CONTAINER') : undefined,
  'PUT /latest/api/token': () => 'metadata-token',
  'GET /latest/meta-data/iam/security-credentials/': () => 'reader',
  'GET /latest/meta-data/iam/security-credentials/reader': ({ headers }) =>
    headers['x-aws-ec2-metadata-token'] === 'metadata-token'
      ? { Code: 'Success', Type: 'AWS-HMAC', LastUpdated: EXPIRATION, ...jsonKeys('FROM-METADATA') }
      : undefined,
};

function keyLines(key) {
  return (
    `aws_access_key_id = ${key}\naws_secret_access_key = hush\n` + `aws_session_token = ${TOKEN}\n`
  );
}

function jsonKeys(key) {
  return { AccessKeyId: key, SecretAccessKey: 'hush', Token: TOKEN, Expiration: EXPIRATION };
}

/** The file in which `aws sso login` leaves a token. */
function writeSsoToken(write, name) {
  const file = crypto.createHash('sha1').update(name).digest('hex');
  const token = {
    accessToken: 'sso-token',
    expiresAt: EXPIRATION,
    region: 'eu-west-1',
    startUrl: SSO_START_URL,
  };
  write(`.aws/sso/cache/${file}.json`, JSON.stringify(token));
}

/**
 * @typedef {object} Place
 * @property {string} url of the stub
 * @property {string} home
 * @property {(name: string, text: string) => string} write
 */

/**
 * @param {any} t the test, at whose end everything is removed
 * @returns {Promise<Place>} an empty home folder and a stub
 */
async function makePlace(t) {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'feature-store-home-'));
  t.after(() => fs.rmSync(home, { recursive: true }));
  const write = (name, text) => {
    const file = path.join(home, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
    return file;
  };
  return { url: await startStub(t), home, write };
}

async function startStub(t) {
  const server = http.createServer(async (incoming, response) => {
    let text = '';
    for await (const chunk of incoming) text += chunk;
    const place = `${incoming.method} ${incoming.url.split('?')[0]}`;
    const answer = ANSWERS[place]?.({ headers: incoming.headers, text });
    const headers = { 'x-aws-ec2-metadata-token-ttl-seconds': '21600' };
    if (typeof answer === 'object') headers['content-type'] = 'application/json';
    response.writeHead(answer === undefined ? 404 : 200, headers);
    response.end(typeof answer === 'object' ? JSON.stringify(answer) : answer);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}`;
}

/** Variables that are not to come from whoever runs the tests. */
const UNSET = Object.fromEntries(
  [
    ...['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'],
    ...['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE', 'NODE_EXTRA_CA_CERTS'],
    ...['HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy', 'NO_PROXY', 'no_proxy'],
  ].map((name) => [name, undefined])
);

module.exports = { SOURCES, TOKEN, UNSET, makePlace };

// Compiled, never run: the ways in which a TypeScript application uses the package.

import { Agent } from 'node:https';

import * as LaunchDarkly from 'launchdarkly-node-server-sdk';

import DynamoDBFeatureStore = require('../../..');

import Default, {
  type BigSegmentOptions,
  type BigSegmentStore,
  createSyncHandler,
  DynamoDBBigSegmentStore,
  type FeatureStore,
  type LDDynamoDBOptions,
  DynamoDBFeatureStore as Named,
  type Options,
  type SyncResult,
  syncFlags,
} from '../../..';

const options: Options = {
  prefix: 'production',
  cacheTTL: Number.POSITIVE_INFINITY,
  logger: LaunchDarkly.basicLogger({ level: 'warn' }),
  staleIfError: 3600,
  staleIfSlow: 0.1,
  staleWhileRevalidate: null,
  maxCacheBytes: 64 * 1024 * 1024,
  preload: true,
  consistentRead: true,
  readTimeout: 1,
  writeTimeout: null,
  readOnly: false,
  refill: null,
  clientOptions: {
    region: 'eu-central-1',
    endpoint: new URL('http://localhost:8000'),
    credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
    httpOptions: { connectTimeout: 1000, timeout: 5000 },
    requestHandler: { requestTimeout: 5000 },
    maxRetries: 3,
  },
};

// What the two AWS SDKs have, in the shapes of their types.
const versionTwo: Options = {
  clientOptions: {
    apiVersion: '2012-08-10',
    credentials: {
      accessKeyId: 'id',
      secretAccessKey: 'secret',
      expired: false,
      expireTime: new Date(),
      get: (_callback: (error: Error) => void) => {},
      getPromise: async () => {},
      needsRefresh: () => false,
      refresh: (_callback: (error: Error) => void) => {},
    },
    endpoint: { host: 'h', hostname: 'h', href: 'http://h', port: 80, protocol: 'http:' },
    httpOptions: { agent: new Agent(), proxy: 'http://proxy:3128', connectTimeout: 1 },
    logger: console,
    maxRetries: 3,
    retryDelayOptions: { base: 50 },
    params: { ConsistentRead: true },
    sslEnabled: true,
  },
};
const versionThree: Options = {
  clientOptions: {
    credentials: async (_context?: { callerClientConfig?: object }) => ({
      accessKeyId: 'id',
      secretAccessKey: 'secret',
      expiration: new Date(),
    }),
    customUserAgent: [['my-app', '1.0']],
    endpoint: async () => ({ protocol: 'https:', hostname: 'h', port: 443, path: '/' }),
    maxAttempts: async () => 5,
    region: async () => 'eu-central-1',
    requestHandler: { httpsAgent: new Agent(), requestTimeout: 5000 },
    retryMode: 'adaptive',
    useFipsEndpoint: async () => true,
    proxyFromEnvironment: true,
  },
};

const asObject: LaunchDarkly.LDOptions = { featureStore: DynamoDBFeatureStore('table') };
const withOptions: LaunchDarkly.LDOptions = { featureStore: Named('table', options), useLdd: true };
const fromDefault: LaunchDarkly.LDOptions = { featureStore: Default('table', null) };

const view: FeatureStore = Named('table')();
view.get({ namespace: 'features' }, 'key', (item) => item?.version);
view.delete({ namespace: 'features' }, 'key', 2);
view.isStoreAvailable((available: boolean) => available);
view.init({ features: {} }, (error) => error?.message, { environmentId: 'an environment' });
view.upsert({ namespace: 'features' }, { key: 'key', version: 1 }, (error) => error?.message);
const requests: number = view.stats().requests.GetItem + Named('table').stats().hits;

const throughClients: Options[] = [
  { dynamoDBClient: { send: async (_command: object) => ({}) } },
  { dynamoDBClient: { getItem: () => ({}), putItem: () => ({}) } },
  { dynamoDBClient: { get: () => ({}), query: () => ({}) } },
];

const shared: BigSegmentOptions = { prefix: 'production', readTimeout: 1, logger: null };
const both: Options = { ...shared, sdk: LaunchDarkly };
const segments: BigSegmentStore = DynamoDBBigSegmentStore('table', shared)({ logger: console });
const times: Promise<number | undefined> = segments
  .getMetadata()
  .then(({ lastUpToDate }) => lastUpToDate);

// The type of the options in the packages that this one replaces, for both stores.
const byOldName: LDDynamoDBOptions = { prefix: 'production', cacheTTL: 30, logger: console };
Named('table', byOldName);
DynamoDBBigSegmentStore('table', byOldName);

const made: Named = new Named('table', both);
const madeForSegments: DynamoDBBigSegmentStore = new DynamoDBBigSegmentStore('table', shared);

const synced: Promise<SyncResult> = syncFlags('table', {
  sdkKey: 'sdk-key',
  prefix: 'production',
  etag: '"a"',
  timeout: 5,
  baseUri: new URL('https://relay.example'),
  allowOlder: false,
});
const handler: (event: object) => Promise<unknown> = createSyncHandler('table', {
  webhookSecret: 's',
});

// @ts-expect-error the handler keeps it
createSyncHandler('table', { etag: '"a"' });
// @ts-expect-error a sync has no cache
syncFlags('table', { cacheTTL: 30 });
// @ts-expect-error big segments are not held
DynamoDBBigSegmentStore('table', { cacheTTL: 30 });
// @ts-expect-error it is a client
Named('table', { dynamoDBClient: 5 });
// @ts-expect-error a table name is needed
Named();
// @ts-expect-error it is a number of seconds
Named('table', { cacheTTL: '15' });

// @ts-expect-error it is a number
Named('table', { clientOptions: { maxRetries: '3' } });
// @ts-expect-error the secret is missing
Named('table', { clientOptions: { credentials: { accessKeyId: 'id' } } });

export {
  asObject,
  both,
  fromDefault,
  handler,
  made,
  madeForSegments,
  requests,
  synced,
  throughClients,
  times,
  versionThree,
  versionTwo,
  withOptions,
};

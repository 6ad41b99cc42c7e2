// Compiled, never run: the ways in which a TypeScript application uses the package.

import * as LaunchDarkly from 'launchdarkly-node-server-sdk';

import DynamoDBFeatureStore = require('../..');

import Default, { type FeatureStore, DynamoDBFeatureStore as Named, type Options } from '../..';

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

const asObject: LaunchDarkly.LDOptions = { featureStore: DynamoDBFeatureStore('table') };
const withOptions: LaunchDarkly.LDOptions = { featureStore: Named('table', options), useLdd: true };
const fromDefault: LaunchDarkly.LDOptions = { featureStore: Default('table', null) };

const view: FeatureStore = Named('table')();
view.get({ namespace: 'features' }, 'key', (item) => item?.version);
view.delete({ namespace: 'features' }, 'key', 2);
view.isStoreAvailable((available: boolean) => available);
const requests: number = view.stats().requests.GetItem + Named('table').stats().hits;

// @ts-expect-error a table name is needed
Named();
// @ts-expect-error it is a number of seconds
Named('table', { cacheTTL: '15' });

export { asObject, fromDefault, requests, withOptions };

// Compiled, never run, with `exactOptionalPropertyTypes`: an option that is undefined is one that is not set.

import {
  type BigSegmentOptions,
  type ClientOptions,
  type Credentials,
  DynamoDBFeatureStore,
  type Options,
  type SyncHandlerOptions,
  type SyncOptions,
} from '../../..';

DynamoDBFeatureStore('table', {
  prefix: process.env.PREFIX,
  clientOptions: {
    region: process.env.REGION,
    httpOptions: { proxy: process.env.PROXY },
    credentials: { accessKeyId: 'id', secretAccessKey: 'secret', sessionToken: process.env.TOKEN },
  },
});

/** All members, and each of them undefined. */
type Undefined<T> = { [Name in keyof T]-?: undefined };

declare const undefinedOptions: Undefined<Options>;
declare const undefinedOfBigSegments: Undefined<BigSegmentOptions>;
declare const undefinedOfSyncs: Undefined<SyncOptions>;
declare const undefinedOfSyncHandlers: Undefined<SyncHandlerOptions>;
declare const undefinedClientOptions: Undefined<ClientOptions>;
declare const undefinedHttpOptions: Undefined<NonNullable<ClientOptions['httpOptions']>>;
declare const undefinedRequestHandler: Undefined<NonNullable<ClientOptions['requestHandler']>>;
declare const undefinedParams: Undefined<NonNullable<ClientOptions['params']>>;
declare const undefinedDelays: Undefined<NonNullable<ClientOptions['retryDelayOptions']>>;

const options: Options = undefinedOptions;
const ofBigSegments: BigSegmentOptions = undefinedOfBigSegments;
const ofSyncs: SyncOptions = undefinedOfSyncs;
const ofSyncHandlers: SyncHandlerOptions = undefinedOfSyncHandlers;
const clientOptions: ClientOptions[] = [
  undefinedClientOptions,
  { httpOptions: undefinedHttpOptions },
  { requestHandler: undefinedRequestHandler },
  { params: undefinedParams },
  { retryDelayOptions: undefinedDelays },
];

const credentials: Credentials = {
  accessKeyId: 'id',
  secretAccessKey: 'secret',
  sessionToken: undefined,
  expiration: undefined,
  accountId: undefined,
};

export { clientOptions, credentials, ofBigSegments, ofSyncHandlers, ofSyncs, options };

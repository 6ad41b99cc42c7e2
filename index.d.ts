/**
 * A LaunchDarkly feature store and big segment store on Amazon DynamoDB.
 */

/** A kind of items: an object with a `namespace`, which the types of SDK 5 to 7 don't declare. */
type Kind = object;

/** A flag or a segment. In SDK 8 and 9 it has more members than its JSON has. */
interface Item {
  key: string;
  version: number;
  deleted?: boolean | undefined;
  [member: string]: any;
}

declare namespace DynamoDBFeatureStore {
  /** A logger, such as the SDKs' `basicLogger` or winston. */
  interface Logger {
    error(...args: any[]): void;
    warn(...args: any[]): void;
  }

  /**
   * The `code` of each error of this package: errors that are thrown, that reject promises, and that the write
   * callbacks of SDK 8 and 9 get. The log line about a failure has the same code in brackets.
   */
  type ErrorCode =
    /** The table does not exist in this region and account. */
    | 'TABLE_NOT_FOUND'
    /** The table's keys are not `namespace` and `key`, both strings. */
    | 'WRONG_KEY_SCHEMA'
    /** No AWS region is configured, or it was not found in time. */
    | 'NO_REGION'
    /** No AWS credentials were found, or not in time. */
    | 'NO_CREDENTIALS'
    /** No file has the AWS profile that is configured. */
    | 'NO_PROFILE'
    /** AWS rejects the credentials as wrong or expired. */
    | 'BAD_CREDENTIALS'
    /** The credentials lack a permission. */
    | 'ACCESS_DENIED'
    /** The endpoint or the proxy is not a usable URL. */
    | 'BAD_ENDPOINT'
    /** DynamoDB throttles requests. The store retries them. */
    | 'THROTTLED'
    /** DynamoDB can't be reached, or fails on its side. The store retries the request. */
    | 'UNAVAILABLE'
    /** DynamoDB did not answer within `readTimeout` or `writeTimeout`. */
    | 'TIMED_OUT'
    /** The process has no thread or no file descriptor left. */
    | 'NO_RESOURCES'
    /** DynamoDB, or your `dynamoDBClient`, rejects the request. */
    | 'REFUSED'
    /** The store is closed. */
    | 'CLOSED'
    /** The caller passed something that is not a kind, key, item or data set. */
    | 'INVALID_DATA'
    /** A sync left out an item that is over the size limit of LaunchDarkly's SDKs. A store only logs it. */
    | 'TOO_LARGE'
    /** LaunchDarkly, or the Relay Proxy, rejects the SDK key. The table is untouched, as with the codes below. */
    | 'BAD_SDK_KEY'
    /** LaunchDarkly answers with a status that a repetition doesn't change, such as 404 or a redirect. */
    | 'LAUNCHDARKLY_REFUSED'
    /** LaunchDarkly can't be reached, fails on its side, limits the requests, or its answer was cut off. */
    | 'LAUNCHDARKLY_UNAVAILABLE'
    /** LaunchDarkly did not answer completely within `timeout`. */
    | 'LAUNCHDARKLY_TIMED_OUT'
    /** LaunchDarkly's answer is not the data of an environment. */
    | 'LAUNCHDARKLY_BAD_ANSWER'
    /** The environment has no flags, but the table has some. */
    | 'NO_FLAGS'
    /** The table has newer flags than LaunchDarkly's answer. */
    | 'OLDER_DATA'
    /** A defect in this package, or something that the caller passed has thrown. */
    | 'INTERNAL'
    /** An option has a bad value. The error is a `TypeError`. */
    | 'INVALID_OPTION'
    /** The module of an SDK 8 or 9 client can't be found. See the option `sdk`. */
    | 'SDK_NOT_FOUND'
    /** The package can't load its addon for this platform. */
    | 'ERR_DYNAMODB_FEATURE_STORE_ADDON';

  /** The code in brackets in each log line. docs/operating.md says what to do about each. */
  type LogCode =
    | ErrorCode
    /** The store is read-only, so that nothing is written. */
    | 'READ_ONLY'
    /** What failed before works again. */
    | 'RECOVERED'
    /** An item in the table can't be read and counts as missing. */
    | 'UNREADABLE_ITEM'
    /** An item is near the size limit of LaunchDarkly's SDKs. */
    | 'LARGE_ITEM'
    /** Writes were given up: the table does not get them. */
    | 'WRITES_LOST'
    /** Somebody has emptied or re-created the table. */
    | 'DATA_LOST'
    /** An option, or a part of it, is not used. */
    | 'OPTION_IGNORED'
    /** A variable, or a file of configuration or certificates, is not used. */
    | 'CONFIG_IGNORED'
    /** A request was sent (`clientOptions.logger`). */
    | 'REQUEST';

  /** AWS credentials, in the form of both AWS SDKs for JavaScript. */
  interface Credentials {
    accessKeyId: string;
    secretAccessKey: string;
    sessionToken?: string | null | undefined;
    /** When the credentials expire. */
    expiration?: Date | null | undefined;
    /** The AWS account of the credentials. */
    accountId?: string | null | undefined;
    [member: string]: any;
  }

  /**
   * A credentials provider: a function as in version 3 of the AWS SDK, or an object of version 2 whose
   * credentials renew themselves.
   */
  type CredentialsProvider =
    | ((...context: any[]) => Credentials | Promise<Credentials>)
    | { getPromise(): Promise<any>; [member: string]: any }
    | { get(callback: (error?: any) => void): void; [member: string]: any };

  /**
   * A value, or a function that returns the value or a promise of it. The function is called once, before the
   * first request.
   */
  type Provided<T> = T | (() => T | Promise<T>);

  /** The endpoint's URL in one of the forms of the AWS SDKs. */
  type Endpoint =
    | string
    | { href: string; [member: string]: any }
    | { hostname: string; [member: string]: any }
    | { url: string | { href: string; [member: string]: any }; [member: string]: any };

  /** An HTTP agent. The store uses only its proxy, `ca` and `maxSockets`. */
  type Agent = object;

  /**
   * Client options, named as in the AWS SDK for JavaScript, versions 2 and 3. Defaults come from `AWS.config`
   * if version 2 is loaded, then from the AWS default chain: environment variables, shared configuration files
   * and profiles, container and instance roles.
   *
   * docs/client-options.md lists all options.
   */
  interface ClientOptions {
    /** The AWS region. Default: from `AWS_REGION`, the profile or the instance. */
    region?: Provided<string> | null | undefined;
    /**
     * The service's URL, for example of DynamoDB Local. A host without a scheme means HTTPS. Default: the
     * region's endpoint.
     */
    endpoint?: Provided<Endpoint> | null | undefined;
    /** Whether to ignore endpoints in the environment and the profile. Default: false. */
    ignoreConfiguredEndpointUrls?: boolean | null | undefined;
    /** Whether the store uses TLS for the region's endpoint. Default: true. */
    sslEnabled?: boolean | null | undefined;
    /** Version 3's name for `sslEnabled`. */
    tls?: boolean | null | undefined;
    /** Whether to use the region's FIPS endpoint. Default: false. */
    useFipsEndpoint?: Provided<boolean | undefined> | null | undefined;
    /** Whether to use the region's dual-stack (IPv4 and IPv6) endpoint. Default: false. */
    useDualstackEndpoint?: Provided<boolean | undefined> | null | undefined;
    /** `'preferred'`, `'required'` or `'disabled'`. */
    accountIdEndpointMode?: Provided<string | undefined> | null | undefined;
    /** The region for which requests are signed. Default: `region`. */
    signingRegion?: string | null | undefined;
    /** `'2012-08-10'` or `'latest'`. */
    apiVersion?: string | Date | null | undefined;

    /** Credentials or a credentials provider. Takes precedence over the options below. */
    credentials?: Credentials | CredentialsProvider | null | undefined;
    accessKeyId?: string | null | undefined;
    secretAccessKey?: string | null | undefined;
    sessionToken?: string | null | undefined;
    /** A provider chain of version 2, or a function. */
    credentialProvider?: object | ((...context: any[]) => any) | null | undefined;
    /** A function that returns a provider, as in version 3. */
    credentialDefaultProvider?: ((...input: any[]) => any) | null | undefined;
    /**
     * The profile in the shared configuration and credentials files. A profile that no file has is an error.
     */
    profile?: string | null | undefined;

    /** The maximum number of retries of a read. Default: retries until `readTimeout`. */
    maxRetries?: number | null | undefined;
    /** The maximum number of attempts of a read, including the first. Default: retries until `readTimeout`. */
    maxAttempts?: Provided<number> | null | undefined;
    /** `'standard'` or `'adaptive'`. */
    retryMode?: Provided<string> | null | undefined;
    /** `base`: the longest pause before the second attempt, in milliseconds. Default: 50. */
    retryDelayOptions?: { base?: number | undefined; [name: string]: any } | null | undefined;
    /**
     * Whether to retry a request that DynamoDB rejected for its time, with the server's time. Default: true.
     */
    correctClockSkew?: boolean | null | undefined;
    /** Version 3's name for the opposite of `correctClockSkew`. */
    disableClockSkewCorrection?: Provided<boolean | undefined> | null | undefined;
    /** Milliseconds to add to this machine's time. Default: 0. */
    systemClockOffset?: number | null | undefined;

    /**
     * Transport options of version 2. `connectTimeout`: in milliseconds, default 2000. `timeout`: for one
     * attempt, in milliseconds; default: half of `readTimeout` for reads, and half of `writeTimeout`, clamped
     * to 2 to 10 seconds, for writes. `proxy`: a URL, which may have a user and a password.
     */
    httpOptions?:
      | {
          connectTimeout?: number | undefined;
          timeout?: number | undefined;
          proxy?: string | { href: string; [member: string]: any } | undefined;
          agent?: Agent | undefined;
          [name: string]: any;
        }
      | null
      | undefined;
    /** Transport options of version 3, or a request handler. */
    requestHandler?:
      | {
          connectionTimeout?: number | undefined;
          requestTimeout?: number | undefined;
          socketTimeout?: number | undefined;
          httpAgent?: Agent | undefined;
          httpsAgent?: Agent | undefined;
          [name: string]: any;
        }
      | null
      | undefined;
    /** A preset of version 3. Sets the connection time-out. */
    defaultsMode?: Provided<string> | null | undefined;
    /** Whether to use the proxy in `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`. Default: false. */
    proxyFromEnvironment?: boolean | null | undefined;

    /** Receives one line for each request, through its method `info`, else `log`, `write` or `debug`. */
    logger?: object | null | undefined;
    /** An addition to the `User-Agent` header: text, or an array of texts and [name, version] pairs. */
    customUserAgent?:
      | string
      | readonly (string | readonly (string | undefined)[])[]
      | null
      | undefined;
    userAgentAppId?: Provided<string | undefined> | null | undefined;
    authSchemePreference?: Provided<string | readonly string[]> | null | undefined;
    /** Only `ConsistentRead` has an effect. */
    params?: { ConsistentRead?: boolean | undefined; [name: string]: any } | null | undefined;
    /** Other options are ignored. Those that could matter log a warning. */
    [name: string]: any;
  }

  /**
   * The application's own DynamoDB client, or an object with the same methods. From version 2 of the AWS SDK
   * for JavaScript: `DynamoDB` or `DynamoDB.DocumentClient`. From version 3: `DynamoDBClient`, `DynamoDB`,
   * `DynamoDBDocumentClient` or `DynamoDBDocument`.
   */
  type Client =
    | { send(command: any, ...more: any[]): any }
    | { getItem(...args: any[]): any; putItem(...args: any[]): any }
    | { get(...args: any[]): any; query(...args: any[]): any };

  /**
   * Options of both stores. For each option, `null` and `undefined` mean the default. A bad value throws a
   * `TypeError` that names the option and has the `code` `INVALID_OPTION`.
   */
  interface BigSegmentOptions {
    /**
     * Options of the DynamoDB client. Defaults come from the environment and the shared AWS configuration
     * files. The environment is the calling thread's `process.env` when the store is made.
     */
    clientOptions?: ClientOptions | null | undefined;
    /**
     * A client for all requests, in place of `clientOptions`. The store never closes it. For a client of
     * version 3, commands come from the application's own `@aws-sdk/client-dynamodb`, or
     * `@aws-sdk/lib-dynamodb` for a document client.
     *
     * The store calls it in the asynchronous context of the call that needs the request (`AsyncLocalStorage`,
     * spans of X-Ray and OpenTelemetry). A request shared by several calls has the context of the first.
     * Background requests have no context: `preload`, retried writes, and reads that no call waits for.
     */
    dynamoDBClient?: Client | null | undefined;
    /**
     * Separates environments that share a table: precedes the namespace of every row, with a colon. Default:
     * none.
     */
    prefix?: string | null | undefined;
    /** Receives log lines. Default: the SDK client's logger, else the console. */
    logger?: Logger | null | undefined;
    /** Whether reads are strongly consistent, at twice the read units. Default: false. */
    consistentRead?: boolean | null | undefined;
    /**
     * How long a read waits for DynamoDB, in seconds. Each attempt gets half of this time. Transient failures
     * are retried until the time has passed. Default: 3.
     */
    readTimeout?: number | null | undefined;
  }

  interface Options extends BigSegmentOptions {
    /**
     * How long a cached answer is fresh, in seconds. 0 turns caching off: every read sends a request.
     * `Infinity` keeps answers for ever. Missing flags are cached for at most 15 s. Default: 15.
     */
    cacheTTL?: number | null | undefined;
    /**
     * How long after `cacheTTL` a stale answer is used while DynamoDB fails, in seconds. 0 means never.
     * Default: `Infinity`, so that all data that was read before stays available.
     */
    staleIfError?: number | null | undefined;
    /**
     * How long a read that has a stale answer waits for a fresh one, in seconds. Default: 0.2.
     */
    staleIfSlow?: number | null | undefined;
    /**
     * How long after `cacheTTL` a read returns a stale answer at once and fetches a fresh one in the
     * background, in seconds. Default: 0.
     */
    staleWhileRevalidate?: number | null | undefined;
    /**
     * The size of the cache in bytes. An item counts twice the length of its JSON: once for the text and once
     * for the parsed item. The least recently used items are evicted first. An answer of `all` is cached only
     * if all items of the kind fit. Default: 134,217,728 (128 MiB).
     */
    maxCacheBytes?: number | null | undefined;
    /**
     * Whether to read all flags and segments when the store is made, with one Query each, so that the first
     * reads find them in the cache. Takes half a read unit per 4 KB of data, or one read unit with
     * `consistentRead`. Default: false.
     */
    preload?: boolean | null | undefined;
    /**
     * Whether reads are strongly consistent, at twice the read units. A process reads its own writes in any
     * case. Default: false.
     */
    consistentRead?: boolean | null | undefined;
    /**
     * How long a read without a stale answer waits for DynamoDB, in seconds. Each attempt gets half of this
     * time. Transient failures (throttling, lost connections, server errors, time-outs) are retried until the
     * time has passed; then the answer is `null`. A read of all items takes one request per megabyte; each gets
     * this time, and all together ten times this time. Default: 3.
     */
    readTimeout?: number | null | undefined;
    /**
     * How long `isStoreAvailable` waits for DynamoDB, in seconds. Default: 1.
     */
    availabilityTimeout?: number | null | undefined;
    /**
     * How long the callback of a write waits for DynamoDB, in seconds. A write that is not in the table by then
     * stays in memory, is visible to this process, and is retried in the background. Each attempt gets half of
     * this time, clamped to 2 to 10 seconds. The time of an init starts again with each row that is written.
     * Default: 10.
     */
    writeTimeout?: number | null | undefined;
    /**
     * Whether to never write to the table. The SDK's data then stays in memory and is visible to this process
     * only. Default: false.
     */
    readOnly?: boolean | null | undefined;
    /**
     * Whether a process that received all data writes it again after the table has lost it (the init marker and
     * rows that this process wrote). The process keeps a second copy of the data for this. Default: false,
     * because a table may be emptied on purpose; a loss is then only logged as an error.
     */
    refill?: boolean | null | undefined;
    /**
     * The module `@launchdarkly/node-server-sdk`, version 8 or 9, whose clients use this store. Needed only if
     * it can't be found at run time, for example in a bundle. Default: the module of the client.
     */
    sdk?: object | null | undefined;
  }

  /** @deprecated The name of `Options` in the packages that this one replaces. */
  type LDDynamoDBOptions = Options;

  /** Statistics of a store value with all its views, counted since the store was made. */
  interface Stats {
    /** Reads answered from the cache with a fresh answer. */
    hits: number;
    /** Reads that sent a request to DynamoDB. */
    misses: number;
    /** Reads answered with a stale answer because no fresh one came in time. */
    stale: number;
    /** Reads that shared another read's request (single flight). */
    coalesced: number;
    /** Requests sent to DynamoDB, including retries. */
    requests: { GetItem: number; Query: number; PutItem: number; BatchWriteItem: number };
    /** Requests that failed. */
    errors: number;
    /** Requests that DynamoDB throttled. */
    throttles: number;
    /** Items in memory, including missing ones and tombstones. */
    items: number;
    /** Bytes in memory, as `maxCacheBytes` counts them. */
    bytes: number;
    /**
     * Items written through this store that are not in the table: in flight, waiting for a retry, or memory only (too
     * large, or `readOnly`).
     */
    unsaved: number;
    /** Read capacity units consumed, as DynamoDB reports them. */
    readUnits: number;
    /** Write capacity units consumed, as DynamoDB reports them. */
    writeUnits: number;
  }

  /**
   * The methods that an SDK client calls. Each callback comes exactly once, and synchronously if a fresh answer
   * is in memory. Failures are logged. For a client of SDK 8 or 9, the callback of a write that DynamoDB has not
   * accepted also receives an `Error`, whose `code` is an `ErrorCode`. The store retries the write all the same. It
   * is no error that the store never writes an item that is too large, or anything with `readOnly`.
   */
  interface FeatureStore {
    /** Reads an item. The answer is `null` if the item is unknown, deleted or can't be read. */
    get(kind: Kind, key: string, callback: (item: any) => void): void;
    /**
     * Reads all items that are not deleted, by key. If they can't be read, the answer is `null`, or `{}` for a
     * client of SDK 8 or 9.
     */
    all(kind: Kind, callback: (items: any) => void): void;
    /**
     * Replaces all flags and segments, and all items of the other kinds in `allData`, whatever their versions.
     * Stores each item under its key in `allData`. The callback comes when the items are in the table, when
     * DynamoDB has rejected them, or when `writeTimeout` has passed. If another init follows before that, it
     * comes with the callback of that init.
     */
    init(
      allData: { [namespace: string]: any },
      callback?: (error?: Error) => void,
      metadata?: any
    ): void;
    /** Returns the `metadata` of the client's last `init`. */
    getInitMetaData(): any;
    /** Stores an item unless the same or a newer version is stored. */
    upsert(kind: Kind, item: Item, callback?: (error?: Error) => void): void;
    /** Stores a tombstone unless the same or a newer version is stored. */
    delete(
      kind: Kind,
      key: string,
      version: number | string,
      callback?: (error?: Error) => void
    ): void;
    /** Checks whether an SDK has initialised this table and prefix. */
    initialized(callback: (initialized: boolean) => void): void;
    /**
     * Checks whether DynamoDB responds within `availabilityTimeout`, and no write waits for a retry. Concurrent
     * calls share one request. While the circuit breaker is open, the answer is `false` at once, except for an
     * occasional probe.
     */
    isStoreAvailable(callback: (available: boolean) => void): void;
    /** Returns the statistics so far. After the close, returns the final statistics. */
    stats(): Stats;
    /**
     * Closes the store and releases its connections, memory and native callbacks. Tries pending writes once
     * more, for at most one second. During that second it still accepts writes that the SDK makes in the
     * callback of an earlier write. Reads in progress end with that second at the latest.
     *
     * The promise never rejects. It resolves when the last write has an answer and everything is released. If
     * several clients use the same store value, each closes its own view; the last one closes the store. Later
     * calls return the same promise.
     */
    close(): Promise<void>;
    /** `'DynamoDB'` */
    readonly description: string;
    /** `'DynamoDB'` */
    getDescription(): string;
  }

  /**
   * The `featureStore` of every SDK. It is an object for `ldclient-node` and `launchdarkly-node-server-sdk` 5,
   * a function of the client's configuration for `launchdarkly-node-server-sdk` 6 and 7, and a function of the
   * client's context for `@launchdarkly/node-server-sdk` 8 and 9, where it also serves as `persistentStore` of
   * a data system. All clients with the same value share its cache.
   */
  interface Store extends FeatureStore {
    /** @throws {Error} if the module of an SDK 8 or 9 client can't be found; see the option `sdk` */
    (config?: any): FeatureStore;
    upsert(kind: Kind, item: Item, callback?: (error?: Error) => void): void;
    /** @deprecated Declared in the types of `ldclient-node` 5, but no version calls it this way. */
    upsert(kind: object, key: string, item: any, callback?: () => void): any;
    initialized(callback: (initialized: boolean) => void): void;
    /** @deprecated Declared in the types of `ldclient-node` 5.7, which doesn't call it this way. */
    initialized(callback?: (error: any) => void): any;
  }

  /**
   * The methods that an SDK client calls for big segments. A failure rejects the promise with an `Error` whose
   * `code` is an `ErrorCode`. The SDK logs failures; the store does not.
   */
  interface BigSegmentStore {
    /**
     * Reads the time of the last synchronisation of big segments, in milliseconds since the Unix epoch;
     * `undefined` if there was none.
     */
    getMetadata(): Promise<{ lastUpToDate?: number }>;
    /**
     * Reads the memberships of a context, by big segment reference: `true` if the context is included, `false`
     * if it is excluded. The answer is `null` if the context has no memberships.
     *
     * @param userHash the base64 form of the SHA-256 hash of the context's key
     */
    getUserMembership(userHash: string): Promise<any>;
    /**
     * Closes the store. Later calls are rejected; calls in progress get one second. The promise never rejects.
     * It resolves when the calls have ended and everything is released.
     */
    close(): Promise<void>;
  }

  /**
   * The `store` of the option `bigSegments` of `launchdarkly-node-server-sdk` 6.2 to 7 and
   * `@launchdarkly/node-server-sdk` 8 and 9.
   */
  interface BigSegmentStoreValue extends BigSegmentStore {
    (config?: any): BigSegmentStore;
  }

  /**
   * Options of `syncFlags`. For each option, `null` and `undefined` mean the default. A bad value rejects with a
   * `TypeError` that names the option and has the `code` `INVALID_OPTION`.
   */
  interface SyncOptions {
    /** The SDK key of the environment. Default: the variable `LAUNCHDARKLY_SDK_KEY`. */
    sdkKey?: string | null | undefined;
    /**
     * Precedes the namespace of every row, with a colon, as in the option `prefix` of the stores that read the table.
     * Default: none.
     */
    prefix?: string | null | undefined;
    /**
     * Options of the DynamoDB client, as for `DynamoDBFeatureStore`. Its proxy and certificates (`ca`) are also those
     * of the connection to LaunchDarkly.
     */
    clientOptions?: ClientOptions | null | undefined;
    /** A client for all requests to DynamoDB, in place of `clientOptions`. */
    dynamoDBClient?: Client | null | undefined;
    /**
     * The `etag` of the last sync's result. If LaunchDarkly has no newer data, the table is neither read nor written.
     * Default: none.
     */
    etag?: string | null | undefined;
    /** How long LaunchDarkly may take for its whole answer, in seconds. Default: 10. */
    timeout?: number | null | undefined;
    /**
     * How long DynamoDB may take for a read, or for a write without accepting another row meanwhile, in seconds.
     * Default: 10.
     */
    writeTimeout?: number | null | undefined;
    /**
     * The URL of LaunchDarkly's polling service, of a private instance or of a Relay Proxy. It may have a path.
     * Default: `https://sdk.launchdarkly.com`.
     */
    baseUri?: string | { href: string; [member: string]: any } | null | undefined;
    /**
     * Whether to write the data even if the table has newer versions. Rows that are newer in the table are then
     * replaced, too. Default: false.
     */
    allowOlder?: boolean | null | undefined;
    /** Whether an environment without flags may delete all flags of the table. Default: false. */
    allowEmpty?: boolean | null | undefined;
    /** Receives warnings. Default: the console. */
    logger?: Logger | null | undefined;
  }

  /** What a sync has done. */
  interface SyncResult {
    /** How many flags and segments it has written. */
    put: number;
    /** How many flags and segments it has deleted. */
    deleted: number;
    /** How many flags and segments of the environment needed no write; 0 if `notModified`. */
    unchanged: number;
    /** What LaunchDarkly calls this state of the environment, for the option `etag`. */
    etag: string | undefined;
    /** Whether LaunchDarkly has no newer data than `etag` names. */
    notModified: boolean;
  }

  /** Options of `createSyncHandler`. A bad value throws a `TypeError` that names the option. */
  interface SyncHandlerOptions extends Omit<SyncOptions, 'etag'> {
    /**
     * The secret of LaunchDarkly's webhook. HTTP requests without its signature are answered with 401. Without the
     * option, or with `null`, HTTP requests are not checked. `undefined` is a bad value, so that a variable that is not
     * set does not turn the check off.
     */
    webhookSecret?: string | null | undefined;
  }

  /** The answer of a Lambda function to an HTTP request. */
  interface HttpResponse {
    /** 200, 401 for a wrong signature, 502 if LaunchDarkly fails, 500 if DynamoDB fails. */
    statusCode: number;
    /** JSON: a `SyncResult`, or `{ error }`. */
    body: string;
  }

  /**
   * An AWS Lambda handler. An event of a function URL, an API Gateway or a load balancer is answered with an
   * `HttpResponse`. For any other event, such as one of a schedule, the handler resolves to the `SyncResult`, or rejects,
   * so that Lambda counts an error.
   */
  type SyncHandler = (event?: any) => Promise<any>;

  /** Callable with or without `new`. */
  interface BigSegmentStoreFunction {
    (tableName: string, options?: BigSegmentOptions | null): BigSegmentStoreValue;
    new (tableName: string, options?: BigSegmentOptions | null): BigSegmentStoreValue;
  }

  /** The package's export: a function, callable with or without `new`. It also has both stores by name. */
  interface FeatureStoreFunction {
    (tableName: string, options?: Options | null): Store;
    new (tableName: string, options?: Options | null): Store;

    /**
     * Makes a feature store on the table `tableName`. The table must exist and have the partition key
     * `namespace` and the sort key `key`, both strings. Prepares credentials and a connection at once, but
     * reads nothing before the first call unless `preload` is set.
     *
     * @throws {TypeError} for a bad value; it names the option
     */
    DynamoDBFeatureStore: FeatureStoreFunction;
    /** The same function, for default imports. */
    default: FeatureStoreFunction;

    /**
     * Makes a big segment store on the table `tableName`, which the Relay Proxy or another synchroniser writes.
     * Sends GetItem only and caches nothing: SDKs cache memberships themselves (`userCacheTime`).
     *
     * @throws {TypeError} for a bad value; it names the option
     */
    DynamoDBBigSegmentStore: BigSegmentStoreFunction;

    /**
     * Brings the table to the flags and segments that LaunchDarkly has now, and resolves when all of them are in the
     * table. Writes only what differs: what a flag refers to before the flag, and the init marker last. Nothing goes on
     * in the background afterwards.
     *
     * A failure rejects with an `Error` whose `code` is an `ErrorCode`. If DynamoDB fails half-way, the message says how
     * many rows were written; the next sync writes the rest.
     */
    syncFlags(tableName: string, options?: SyncOptions | null): Promise<SyncResult>;

    /**
     * Makes an AWS Lambda handler that calls `syncFlags` for each event of a schedule, a webhook of LaunchDarkly or a
     * direct invocation. An execution environment keeps the `etag` for up to an hour.
     *
     * @throws {TypeError} for a bad value; it names the option
     */
    createSyncHandler(tableName: string, options?: SyncHandlerOptions | null): SyncHandler;
  }

  /** The return type of `new DynamoDBFeatureStore(…)`. */
  type DynamoDBFeatureStore = Store;
  /** The return type of `new DynamoDBBigSegmentStore(…)`. */
  type DynamoDBBigSegmentStore = BigSegmentStoreValue;
}

/**
 * Makes a feature store on the table `tableName`. See the member of the same name.
 */
declare const DynamoDBFeatureStore: DynamoDBFeatureStore.FeatureStoreFunction;

export = DynamoDBFeatureStore;

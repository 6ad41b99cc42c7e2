/**
 * A LaunchDarkly feature store and big segment store on Amazon DynamoDB.
 */

/** A kind of items: an object with a `namespace`, which the types of SDK 5 to 7 don't declare. */
type Kind = object;

/** A flag or a segment. In SDK 8 and 9 it has more members than its JSON. */
interface Item {
  key: string;
  version: number;
  deleted?: boolean;
  [member: string]: any;
}

declare namespace DynamoDBFeatureStore {
  /** A logger, such as the SDKs' `basicLogger` or winston. */
  interface Logger {
    error(...args: any[]): void;
    warn(...args: any[]): void;
  }

  /** AWS credentials, as both AWS SDKs for JavaScript have them. */
  interface Credentials {
    accessKeyId: string;
    secretAccessKey: string;
    sessionToken?: string | null;
    /** When they expire. */
    expiration?: Date | null;
    /** The account that they belong to. */
    accountId?: string | null;
    [member: string]: any;
  }

  /**
   * A credentials provider: a function as in version 3 of the AWS SDK, or credentials of version 2 that renew
   * themselves.
   */
  type CredentialsProvider =
    | ((...context: any[]) => Credentials | Promise<Credentials>)
    | { getPromise(): Promise<any>; [member: string]: any }
    | { get(callback: (error?: any) => void): void; [member: string]: any };

  /** A value, or a function that returns it or a promise of it. It is called once, before the first request. */
  type Provided<T> = T | (() => T | Promise<T>);

  /** The endpoint's URL in one of the forms of the AWS SDKs. */
  type Endpoint =
    | string
    | { href: string; [member: string]: any }
    | { hostname: string; [member: string]: any }
    | { url: string | { href: string; [member: string]: any }; [member: string]: any };

  /** An HTTP agent. Only its proxy, `ca` and `maxSockets` are used. */
  type Agent = object;

  /**
   * Client options with the names of the AWS SDK for JavaScript, versions 2 and 3. Defaults come from `AWS.config`
   * if version 2 is loaded, then from the AWS default chain: environment variables, shared configuration files and
   * profiles, container and instance roles.
   *
   * docs/client-options.md lists all of them.
   */
  interface ClientOptions {
    /** The AWS region. Default: from `AWS_REGION`, the profile or the instance. */
    region?: Provided<string> | null;
    /**
     * The URL of the service, for example of DynamoDB Local. A host without a scheme means HTTPS. Default: the
     * region's endpoint.
     */
    endpoint?: Provided<Endpoint> | null;
    /** Whether to ignore endpoints in the environment and the profile. Default: false. */
    ignoreConfiguredEndpointUrls?: boolean | null;
    /** Whether the region's endpoint is used with TLS. Default: true. */
    sslEnabled?: boolean | null;
    /** `sslEnabled` as version 3 names it. */
    tls?: boolean | null;
    /** Whether the region's FIPS endpoint is used. Default: false. */
    useFipsEndpoint?: Provided<boolean | undefined> | null;
    /** Whether the region's IPv4 and IPv6 endpoint is used. Default: false. */
    useDualstackEndpoint?: Provided<boolean | undefined> | null;
    /** `'preferred'`, `'required'` or `'disabled'`. */
    accountIdEndpointMode?: Provided<string | undefined> | null;
    /** The region that requests are signed for. Default: `region`. */
    signingRegion?: string | null;
    /** `'2012-08-10'` or `'latest'`. */
    apiVersion?: string | Date | null;

    /** Credentials or a provider of them. They take precedence over the options below. */
    credentials?: Credentials | CredentialsProvider | null;
    accessKeyId?: string | null;
    secretAccessKey?: string | null;
    sessionToken?: string | null;
    /** A provider chain of version 2. */
    credentialProvider?: object | ((...context: any[]) => any) | null;
    /** A function that returns a provider, as in version 3. */
    credentialDefaultProvider?: ((...input: any[]) => any) | null;
    /** The profile of the shared configuration and credentials files. A profile that no file has is an error. */
    profile?: string | null;

    /** How often a failed read is repeated at most. Default: until `readTimeout`. */
    maxRetries?: number | null;
    /** How often a read is sent at most, the first time included. Default: until `readTimeout`. */
    maxAttempts?: Provided<number> | null;
    /** `'standard'` or `'adaptive'`. */
    retryMode?: Provided<string> | null;
    /** `base`: the longest pause before the second attempt, in milliseconds. Default: 50. */
    retryDelayOptions?: { base?: number; [name: string]: any } | null;
    /** Whether a request that was rejected for its time is repeated with the server's. Default: true. */
    correctClockSkew?: boolean | null;
    /** The opposite of `correctClockSkew`, as version 3 names it. */
    disableClockSkewCorrection?: Provided<boolean | undefined> | null;
    /** Milliseconds added to this machine's time. Default: 0. */
    systemClockOffset?: number | null;

    /**
     * Transport options as version 2 names them. `connectTimeout` is in milliseconds, default: 2000. `timeout` is
     * that of one attempt, in milliseconds, default: half of `readTimeout`, or half of `writeTimeout` but 2 to 10
     * seconds. `proxy` may have a user and a password.
     */
    httpOptions?: {
      connectTimeout?: number;
      timeout?: number;
      proxy?: string | { href: string; [member: string]: any };
      agent?: Agent;
      [name: string]: any;
    } | null;
    /** Transport options as version 3 names them, or a request handler. */
    requestHandler?: {
      connectionTimeout?: number;
      requestTimeout?: number;
      socketTimeout?: number;
      httpAgent?: Agent;
      httpsAgent?: Agent;
      [name: string]: any;
    } | null;
    /** A preset of version 3; sets the connection time-out. */
    defaultsMode?: Provided<string> | null;
    /** Whether the proxy comes from `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`. Default: false. */
    proxyFromEnvironment?: boolean | null;

    /** Gets one line for each request, by its method `info`, else `log`, `write` or `debug`. */
    logger?: object | null;
    /** Added to the `User-Agent` header: text, or texts and pairs of a name and a version. */
    customUserAgent?: string | readonly (string | readonly (string | undefined)[])[] | null;
    userAgentAppId?: Provided<string | undefined> | null;
    authSchemePreference?: Provided<string | readonly string[]> | null;
    /** Only `ConsistentRead` is used. */
    params?: { ConsistentRead?: boolean; [name: string]: any } | null;
    /** Other options are ignored, those that could matter with a warning. */
    [name: string]: any;
  }

  /**
   * A DynamoDB client of the application, or an object with the methods of one. From version 2 of the AWS SDK for
   * JavaScript: `DynamoDB` or `DynamoDB.DocumentClient`. From version 3: `DynamoDBClient`, `DynamoDB`,
   * `DynamoDBDocumentClient` or `DynamoDBDocument`.
   */
  type Client =
    | { send(command: any, ...more: any[]): any }
    | { getItem(...args: any[]): any; putItem(...args: any[]): any }
    | { get(...args: any[]): any; query(...args: any[]): any };

  /**
   * Options of both stores. `null` means the default everywhere. A bad value throws a `TypeError` that names the
   * option.
   */
  interface BigSegmentOptions {
    /**
     * Options of the DynamoDB client. Defaults come from the environment and the shared AWS configuration files.
     * The environment is the `process.env` of the calling thread at the time when the store is made.
     */
    clientOptions?: ClientOptions | null;
    /**
     * A client for all requests, instead of one made from `clientOptions`. The store never closes it. The commands
     * for a client of version 3 come from the application's own `@aws-sdk/client-dynamodb`, or
     * `@aws-sdk/lib-dynamodb` for a document client.
     *
     * It is called in the asynchronous context of the call that needs the request (`AsyncLocalStorage`, spans of
     * X-Ray and OpenTelemetry). A request that several calls share has the context of the first. Background requests
     * have no context: `preload`, repeated writes, and reads that nobody waits for.
     */
    dynamoDBClient?: Client | null;
    /**
     * Separates environments that share a table: it precedes the namespace of every row, with a colon. Default:
     * none.
     */
    prefix?: string | null;
    /** Gets the log lines. Default: the SDK client's logger, else the console. */
    logger?: Logger | null;
    /** Whether reads are strongly consistent, which takes twice the read units. Default: false. */
    consistentRead?: boolean | null;
    /**
     * How long a read waits for DynamoDB, in seconds. Until then, requests that fail transiently or are not
     * answered within half of this time are repeated. Default: 3.
     */
    readTimeout?: number | null;
  }

  interface Options extends BigSegmentOptions {
    /**
     * How long a cached answer is fresh, in seconds. 0 turns caching off: every read is a request. `Infinity` keeps
     * answers for ever. Default: 15. Missing flags are cached for at most 15 s.
     */
    cacheTTL?: number | null;
    /**
     * How long after `cacheTTL` a stale answer is used while DynamoDB fails, in seconds. 0 means never. Default:
     * `Infinity`, so that an outage loses nothing that was read before.
     */
    staleIfError?: number | null;
    /**
     * How long a read that has a stale answer waits for a fresh one, in seconds. Default: 0.2.
     */
    staleIfSlow?: number | null;
    /**
     * How long after `cacheTTL` a stale answer is used at once while a fresh one is fetched in the background, in
     * seconds. Default: 0.
     */
    staleWhileRevalidate?: number | null;
    /**
     * The size of the cache in bytes. An item counts with twice the length of its JSON: once for the text and once
     * for the parsed item. The least recently used items are evicted first. The answer of `all` is only cached if all
     * items of the kind fit. Default: 134,217,728 (128 MiB).
     */
    maxCacheBytes?: number | null;
    /**
     * Whether all flags and segments are read as soon as the store is made, with one Query each, so that the first
     * reads find them in the cache. This takes half a read unit per 4 KB of data, or one with `consistentRead`.
     * Default: false.
     */
    preload?: boolean | null;
    /**
     * Whether reads are strongly consistent, which takes twice the read units. Default: false. A process always
     * reads its own writes.
     */
    consistentRead?: boolean | null;
    /**
     * How long a read without a stale answer waits for DynamoDB, in seconds. Until then, requests that fail
     * transiently (throttled, connection lost, server error) or are not answered within half of this time are
     * repeated; then the answer is `null`. Reading all items takes one request per megabyte, each with this time.
     * Default: 3.
     */
    readTimeout?: number | null;
    /**
     * How long `isStoreAvailable` waits for DynamoDB, in seconds. Default: 1.
     */
    availabilityTimeout?: number | null;
    /**
     * How long the callback of a write waits for DynamoDB, in seconds. A write that is not in the table by then stays
     * in memory, is visible to this process, and is retried in the background. Each attempt gets half of this time,
     * clamped to 2 to 10 seconds, and is then repeated. The time of an init starts again with each row that is
     * written. Default: 10.
     */
    writeTimeout?: number | null;
    /**
     * Whether the table is never written to. The SDK's data then stays in memory and is visible to this process
     * only. Default: false.
     */
    readOnly?: boolean | null;
    /**
     * Whether a process that received all data writes it again after the table has lost it (the init marker and the
     * rows that this process wrote). It keeps a second copy of the data for that. Default: false, since a table may be
     * emptied on purpose; the loss is then only logged as an error.
     */
    refill?: boolean | null;
    /**
     * The module `@launchdarkly/node-server-sdk`, version 8 or 9, whose clients use this store. Only needed where it
     * can't be found at run time, as in a bundle. Default: the module that the client comes from.
     */
    sdk?: object | null;
  }

  /** Statistics of a store value with all its views, since it was made. */
  interface Stats {
    /** Reads answered from the cache while fresh. */
    hits: number;
    /** Reads that sent a request to DynamoDB. */
    misses: number;
    /** Reads answered with a stale answer, since there was no fresh one in time. */
    stale: number;
    /** Reads that shared the request of another one (single flight). */
    coalesced: number;
    /** Requests sent to DynamoDB, repeated ones included. */
    requests: { GetItem: number; Query: number; PutItem: number; BatchWriteItem: number };
    /** Requests that failed. */
    errors: number;
    /** Requests that DynamoDB throttled. */
    throttles: number;
    /** Items in memory, including missing and deleted ones. */
    items: number;
    /** Bytes in memory, as `maxCacheBytes` counts them. */
    bytes: number;
    /**
     * Items that were written through this store and are not in the table: in flight, waiting for a retry, or kept in
     * memory only (too large, or `readOnly`).
     */
    unsaved: number;
    /** Read capacity units consumed, as DynamoDB reports them. */
    readUnits: number;
    /** Write capacity units consumed, as DynamoDB reports them. */
    writeUnits: number;
  }

  /**
   * The methods that an SDK client calls. Callbacks come exactly once, and synchronously when a fresh answer is in
   * memory. Failures are logged. For a client of SDK 8 or 9, the callback of a write that is not in the table also gets
   * an `Error`.
   */
  interface FeatureStore {
    /** Reads an item; `null` if it is unknown, deleted or can't be read. */
    get(kind: Kind, key: string, callback: (item: any) => void): void;
    /**
     * Reads all items that are not deleted, by key. If they can't be read: `null`, or `{}` for a client of SDK 8 or
     * 9.
     */
    all(kind: Kind, callback: (items: any) => void): void;
    /**
     * Replaces all flags and segments, and all items of the other kinds in `allData`, whatever their versions. Each
     * is stored under its key in `allData`. The callback comes when they are in the table, DynamoDB has rejected them,
     * or `writeTimeout` has passed. If another init follows meanwhile, it comes with that one's.
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
    /** Checks whether any SDK has initialised this table and prefix. */
    initialized(callback: (initialized: boolean) => void): void;
    /**
     * Checks whether DynamoDB answers within `availabilityTimeout`; concurrent calls share one request. While the
     * circuit breaker is open, the answer is false at once, but for one probe now and then.
     */
    isStoreAvailable(callback: (available: boolean) => void): void;
    /** Returns the statistics so far; after a close, those until then. */
    stats(): Stats;
    /**
     * Closes the store and releases its connections, memory and native callbacks. Pending writes are tried once more,
     * for at most one second. Writes that an SDK makes meanwhile, each from the callback of the one before, are still
     * accepted. Reads that wait end after that second.
     *
     * The promise never rejects. It is fulfilled when the last write has been answered and everything is released.
     * If several clients use the same store value, each closes its own view, and the last one the store. A second call
     * returns the same promise.
     */
    close(): Promise<void>;
    /** `'DynamoDB'` */
    readonly description: string;
    /** `'DynamoDB'` */
    getDescription(): string;
  }

  /**
   * The `featureStore` of every SDK: an object for `ldclient-node` and `launchdarkly-node-server-sdk` 5, a function
   * of the client's configuration for `launchdarkly-node-server-sdk` 6 and 7, and a function of the client's context
   * for `@launchdarkly/node-server-sdk` 8 and 9, there also for `persistentStore` of a data system. All clients with
   * the same value share its cache.
   */
  interface Store extends FeatureStore {
    /** @throws {Error} if the module of a client of SDK 8 or 9 can't be found; see the option `sdk` */
    (config?: any): FeatureStore;
    upsert(kind: Kind, item: Item, callback?: (error?: Error) => void): void;
    /** @deprecated Declared in the types of `ldclient-node` 5, but no version calls it this way. */
    upsert(kind: object, key: string, item: any, callback?: () => void): any;
    initialized(callback: (initialized: boolean) => void): void;
    /** @deprecated Declared in the types of `ldclient-node` 5.7, which doesn't call it this way. */
    initialized(callback?: (error: any) => void): any;
  }

  /**
   * The methods that an SDK client calls for big segments. A failure rejects the promise with an `Error` that has a
   * `code`. The SDK logs it; the store doesn't.
   */
  interface BigSegmentStore {
    /**
     * Reads when the big segments were last synchronised, in milliseconds since the Unix epoch; `undefined` if they
     * never were.
     */
    getMetadata(): Promise<{ lastUpToDate?: number }>;
    /**
     * Reads the memberships of a context: by the reference of a big segment, `true` if the context is included and
     * `false` if it is excluded; `null` if the context has none.
     *
     * @param userHash the base64 form of the SHA-256 hash of the context's key
     */
    getUserMembership(userHash: string): Promise<any>;
    /**
     * Closes the store. Later calls are rejected; calls that wait have one second. The promise never rejects. It is
     * fulfilled when they have ended and everything is released.
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

  /** With or without `new`. */
  interface BigSegmentStoreFunction {
    (tableName: string, options?: BigSegmentOptions | null): BigSegmentStoreValue;
    new (tableName: string, options?: BigSegmentOptions | null): BigSegmentStoreValue;
  }

  /** The package's export: a function, to be called with or without `new`, which also has both stores by name. */
  interface FeatureStoreFunction {
    (tableName: string, options?: Options | null): Store;
    new (tableName: string, options?: Options | null): Store;

    /**
     * Makes a feature store on the table `tableName`, which must exist and have the partition key `namespace` and
     * the sort key `key`, both strings. Credentials and a connection are prepared at once. Without `preload`, nothing
     * is read before the first call.
     *
     * @throws {TypeError} for a bad value; it names the option
     */
    DynamoDBFeatureStore: FeatureStoreFunction;
    /** The same. */
    default: FeatureStoreFunction;

    /**
     * Makes a big segment store on the table `tableName`, which the Relay Proxy or another synchroniser writes. It
     * sends GetItem only. It caches nothing: SDKs cache memberships themselves (`userCacheTime`).
     *
     * @throws {TypeError} for a bad value; it names the option
     */
    DynamoDBBigSegmentStore: BigSegmentStoreFunction;
  }

  /** What `new DynamoDBFeatureStore(…)` returns. */
  type DynamoDBFeatureStore = Store;
  /** What `new DynamoDBBigSegmentStore(…)` returns. */
  type DynamoDBBigSegmentStore = BigSegmentStoreValue;
}

/**
 * A feature store on the table `tableName`; see the member of the same name.
 */
declare const DynamoDBFeatureStore: DynamoDBFeatureStore.FeatureStoreFunction;

export = DynamoDBFeatureStore;

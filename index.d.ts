/**
 * A LaunchDarkly feature store and big segment store on Amazon DynamoDB.
 */

/** A kind of items: an object with a `namespace`, which the types of SDK 5 to 7 don't tell. */
type Kind = object;

/** A flag or a segment. In SDK 8 and 9 it has more to it than its JSON. */
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
   * Who is asked for credentials: a function of the AWS SDK v3, or an object of version 2 that renews
   * itself.
   */
  type CredentialsProvider =
    | ((...context: any[]) => Credentials | Promise<Credentials>)
    | { getPromise(): Promise<any>; [member: string]: any }
    | { get(callback: (error?: any) => void): void; [member: string]: any };

  /** A value, or a function that gives it, which is called once. */
  type Provided<T> = T | (() => T | Promise<T>);

  /** The endpoint's URL in one of the forms that the AWS SDKs have for it. */
  type Endpoint =
    | string
    | { href: string; [member: string]: any }
    | { hostname: string; [member: string]: any }
    | { url: string | { href: string; [member: string]: any }; [member: string]: any };

  /** What can be read off an agent is used: its proxy, `ca`, `maxSockets`. */
  type Agent = object;

  /**
   * How DynamoDB is reached, in the names of the AWS SDK for JavaScript, versions 2 and 3. What is not
   * given comes from a loaded version 2's `AWS.config`, else from the AWS default chain: environment
   * variables, shared configuration files and profiles, container and instance roles.
   *
   * docs/client-options.md has all of them.
   */
  interface ClientOptions {
    /** The AWS region. Default: `AWS_REGION`, the profile, the instance. */
    region?: Provided<string> | null;
    /**
     * The URL of the service, for DynamoDB Local and the like. A bare host means HTTPS. Default: the
     * region's.
     */
    endpoint?: Provided<Endpoint> | null;
    /** Whether endpoints in the environment and the profile are passed over. */
    ignoreConfiguredEndpointUrls?: boolean | null;
    /** Whether the region's endpoint is reached with TLS. Default: true. */
    sslEnabled?: boolean | null;
    /** The same in the names of version 3. */
    tls?: boolean | null;
    useFipsEndpoint?: Provided<boolean | undefined> | null;
    useDualstackEndpoint?: Provided<boolean | undefined> | null;
    /** `'preferred'`, `'required'` or `'disabled'`. */
    accountIdEndpointMode?: Provided<string | undefined> | null;
    /** The region that requests are signed for, where it is not the endpoint's. */
    signingRegion?: string | null;
    /** `'2012-08-10'` or `'latest'`. */
    apiVersion?: string | Date | null;

    /** Credentials, or who is asked for them; they win over the options below. */
    credentials?: Credentials | CredentialsProvider | null;
    accessKeyId?: string | null;
    secretAccessKey?: string | null;
    sessionToken?: string | null;
    /** A chain of version 2. */
    credentialProvider?: object | ((...context: any[]) => any) | null;
    /** A function of version 3 that makes a provider. */
    credentialDefaultProvider?: ((...input: any[]) => any) | null;
    /** The profile of the shared configuration and credentials files. One that no file has is an error. */
    profile?: string | null;

    /** How often more a read is sent that fails. Default: 2. */
    maxRetries?: number | null;
    /** How often a read is sent, the first time included. Default: 3. */
    maxAttempts?: Provided<number> | null;
    /** `'standard'` or `'adaptive'`. */
    retryMode?: Provided<string> | null;
    /** `base`: the longest first pause between two attempts, in milliseconds. Default: 50. */
    retryDelayOptions?: { base?: number; [name: string]: any } | null;
    /** Whether a request that is refused for its time is sent again with the server's. Default: true. */
    correctClockSkew?: boolean | null;
    /** The opposite, in the names of version 3. */
    disableClockSkewCorrection?: Provided<boolean | undefined> | null;
    /** Milliseconds that are added to this machine's time. */
    systemClockOffset?: number | null;

    /**
     * Time-outs in milliseconds, in the names of version 2: for making a connection (default: 2000), and
     * for an attempt (default: half of `readTimeout` or `writeTimeout`, of the latter 2 to 10
     * seconds); a proxy, with or without user and password.
     */
    httpOptions?: {
      connectTimeout?: number;
      timeout?: number;
      proxy?: string | { href: string; [member: string]: any };
      agent?: Agent;
      [name: string]: any;
    } | null;
    /** The same in the names of version 3, or a handler. */
    requestHandler?: {
      connectionTimeout?: number;
      requestTimeout?: number;
      socketTimeout?: number;
      httpAgent?: Agent;
      httpsAgent?: Agent;
      [name: string]: any;
    } | null;
    /** A preset of version 3. */
    defaultsMode?: Provided<string> | null;
    /** Whether `HTTPS_PROXY` and its like are obeyed. Default: false. */
    proxyFromEnvironment?: boolean | null;

    /** Gets a line for each call: by `info`, else `log`, else `write`, else `debug`. */
    logger?: object | null;
    /** Added to the user agent: text, or pairs of a name and a version. */
    customUserAgent?: string | readonly (string | readonly (string | undefined)[])[] | null;
    userAgentAppId?: Provided<string | undefined> | null;
    authSchemePreference?: Provided<string | readonly string[]> | null;
    /** `ConsistentRead` alone. */
    params?: { ConsistentRead?: boolean; [name: string]: any } | null;
    /** Others are ignored, those that might matter with a warning. */
    [name: string]: any;
  }

  /**
   * A DynamoDB client that the application made, or whatever has the methods of one. Of version 2 of
   * the AWS SDK for JavaScript: `DynamoDB` or `DynamoDB.DocumentClient`. Of version 3:
   * `DynamoDBClient`, `DynamoDB`, `DynamoDBDocumentClient` or `DynamoDBDocument`.
   */
  type Client =
    | { send(command: any, ...more: any[]): any }
    | { getItem(...args: any[]): any; putItem(...args: any[]): any }
    | { get(...args: any[]): any; query(...args: any[]): any };

  /**
   * Options of both stores. `null` means "not given" everywhere. A bad value throws a `TypeError` that
   * names the option.
   */
  interface BigSegmentOptions {
    /**
     * How DynamoDB is reached. What is not given comes from the environment and the shared AWS configuration
     * files. The environment is that of the calling thread, `process.env`, as it is when the store is made.
     */
    clientOptions?: ClientOptions | null;
    /**
     * A client through which every request goes, instead of one made from `clientOptions`. It is never
     * closed. The commands for a client of version 3 come from the application's own
     * `@aws-sdk/client-dynamodb`, or `@aws-sdk/lib-dynamodb` for a document client.
     *
     * It is called in the asynchronous context of the call that needs the request (`AsyncLocalStorage`, spans
     * of X-Ray and OpenTelemetry); where several calls need the same one, in that of the first. Requests in
     * the background have no context: `preload`, writes that are tried again, reads that nobody waits for.
     */
    dynamoDBClient?: Client | null;
    /**
     * Keeps environments that share a table apart: put, with a colon, before the namespace of every
     * row. Default: none.
     */
    prefix?: string | null;
    /** Where lines are logged. Default: the SDK client's logger, else the console. */
    logger?: Logger | null;
    /** Whether reads are strongly consistent, at twice the read units. Default: false. */
    consistentRead?: boolean | null;
    /**
     * For how many seconds a read waits for DynamoDB. A request that fails for the moment, or is not
     * answered within half of that time, is sent again until it is over. Default: 3.
     */
    readTimeout?: number | null;
  }

  interface Options extends BigSegmentOptions {
    /**
     * For how many seconds an answer is used without asking DynamoDB again. 0 turns caching off:
     * every read is a request. `Infinity` keeps answers for ever. Default: 15. That there is no such
     * flag is believed for 15 seconds at most.
     */
    cacheTTL?: number | null;
    /**
     * For how many seconds after that an answer is still used when DynamoDB fails. 0 for not at all.
     * Default: `Infinity`, so that nothing that was known is lost in an outage.
     */
    staleIfError?: number | null;
    /**
     * For how many seconds a read that has such an answer waits for a newer one. Default: 0.2.
     */
    staleIfSlow?: number | null;
    /**
     * For how many seconds after `cacheTTL` an answer is used at once, while a newer one is fetched
     * behind it. Default: 0.
     */
    staleWhileRevalidate?: number | null;
    /**
     * How many bytes of items are held. An item counts with twice the length of its JSON, once for
     * the text and once for what is parsed of it; the least recently used ones go first. All items of
     * a kind are only held together if they fit. Default: 134,217,728 (128 MiB).
     */
    maxCacheBytes?: number | null;
    /**
     * Whether all flags and segments are read as soon as the store is made, with one Query for each
     * of the two, so that the first reads find them there. It takes half a read unit for each 4 KB of
     * all of them (one with `consistentRead`). Default: false.
     */
    preload?: boolean | null;
    /**
     * Whether reads are strongly consistent, at twice the read units. Default: false. What this
     * process wrote itself it reads back in either case.
     */
    consistentRead?: boolean | null;
    /**
     * For how many seconds a read that has nothing older to be answered with waits for DynamoDB. A
     * request that fails for the moment (throttled, broken off, an error on DynamoDB's side), or is not
     * answered within half of that time, is sent again until it is over; only then is the answer `null`.
     * Reading all items takes a request per megabyte; each has this time. Default: 3.
     */
    readTimeout?: number | null;
    /**
     * For how many seconds `isStoreAvailable` waits for DynamoDB. Default: 1.
     */
    availabilityTimeout?: number | null;
    /**
     * For how many seconds the callback of a write waits for DynamoDB. What is not in the table by then
     * is kept in memory, used by this process, and tried again in the background until it is in. A
     * request that is not answered within half of this time, but 2 to 10 seconds, is sent again. An init has
     * the time anew whenever DynamoDB takes a row. Default: 10.
     */
    writeTimeout?: number | null;
    /**
     * Whether nothing is ever written to the table. What the SDK hands over is then kept in memory and
     * used by this process alone. Default: false.
     */
    readOnly?: boolean | null;
    /**
     * Whether a table that has lost its data, the marker and what this process wrote, is written anew
     * by a process that was given all of it. It holds a second copy of it for that. Default: false,
     * since a table may be emptied on purpose; then an error is logged.
     */
    refill?: boolean | null;
    /**
     * The module `@launchdarkly/node-server-sdk`, version 8 or 9, whose clients get this store. Only
     * needed where it can't be found at run time, as in a bundle. Default: the module that the client
     * comes from.
     */
    sdk?: object | null;
  }

  /** What a store value and all its views have done since the store was made. */
  interface Stats {
    /** Reads answered with what was fresh. */
    hits: number;
    /** Reads for which DynamoDB was asked. */
    misses: number;
    /** Reads answered with what was past its time, since nothing newer could be had soon. */
    stale: number;
    /** Reads that waited for the request of another one. */
    coalesced: number;
    /** Requests sent to DynamoDB, those included that were sent again. */
    requests: { GetItem: number; Query: number; PutItem: number; BatchWriteItem: number };
    /** Requests that failed. */
    errors: number;
    /** Requests that DynamoDB refused because there were too many of them. */
    throttles: number;
    /** Items held, those included that are known to be missing or deleted. */
    items: number;
    /** Bytes held, as `maxCacheBytes` counts them. */
    bytes: number;
    /**
     * Items that this store was given and that are not in the table: on their way there, waiting for
     * DynamoDB to take them, or too large or not meant for it.
     */
    unsaved: number;
    /** Read capacity units that DynamoDB said it took. */
    readUnits: number;
    /** Write capacity units that DynamoDB said it took. */
    writeUnits: number;
  }

  /**
   * What an SDK client calls. Callbacks come exactly once, and at once when the answer is known;
   * failures are logged. A client of SDK 8 or 9 is also told of a write that is not in the table, by
   * an `Error`.
   */
  interface FeatureStore {
    /** The item; `null` for one that is unknown, deleted or can't be read. */
    get(kind: Kind, key: string, callback: (item: any) => void): void;
    /**
     * All items that are not deleted, by key. When they can't be read: `null`, for a client of SDK 8
     * or 9 `{}`.
     */
    all(kind: Kind, callback: (items: any) => void): void;
    /**
     * Replaces all flags and segments, and all items of the other kinds that are given, whatever their
     * versions. Each is filed under the key that it has here. The callback comes when they are in the table,
     * or DynamoDB has refused them, or `writeTimeout` has passed; where another data set is handed over
     * meanwhile, when that is so of that one.
     */
    init(
      allData: { [namespace: string]: any },
      callback?: (error?: Error) => void,
      metadata?: any
    ): void;
    /** The metadata that the client gave with its last `init`. */
    getInitMetaData(): any;
    /** Stores an item unless a version as new is stored already. */
    upsert(kind: Kind, item: Item, callback?: (error?: Error) => void): void;
    /** Stores a tombstone unless a version as new is stored already. */
    delete(
      kind: Kind,
      key: string,
      version: number | string,
      callback?: (error?: Error) => void
    ): void;
    /** Whether somebody has initialised this table and prefix. */
    initialized(callback: (initialized: boolean) => void): void;
    /**
     * Whether DynamoDB answers within `availabilityTimeout`: one read tells all who ask meanwhile. False at
     * once, without a request, while reads are known to fail; one read now and then tries again.
     */
    isStoreAvailable(callback: (available: boolean) => void): void;
    /** What was done so far. After a close, what had been done until then. */
    stats(): Stats;
    /**
     * Lets go of what this store holds: connections, memory, and what native code could call. What is not in
     * the table yet is tried once more, for a second at most. What an SDK writes meanwhile, each from the
     * callback of the one before, is still taken; reads that wait end with that second.
     *
     * A shutdown can wait for the promise, which is never rejected: it is fulfilled when the last write has
     * been answered and all is let go of. Of several clients with the same store value, each closes its own
     * view, and the last one the store. A second call returns the same promise.
     */
    close(): Promise<void>;
    /** `'DynamoDB'` */
    readonly description: string;
    /** `'DynamoDB'` */
    getDescription(): string;
  }

  /**
   * Serves as the `featureStore` of every SDK: as an object for `ldclient-node` and
   * `launchdarkly-node-server-sdk` 5, as a function that is called with the client's configuration for
   * `launchdarkly-node-server-sdk` 6 and 7, and with its context for `@launchdarkly/node-server-sdk` 8
   * and 9, there also as the `persistentStore` of a data system. All clients that are given the same
   * value share its cache.
   */
  interface Store extends FeatureStore {
    /** @throws {Error} for a client of SDK 8 or 9 whose module can't be found; see the option `sdk` */
    (config?: any): FeatureStore;
    upsert(kind: Kind, item: Item, callback?: (error?: Error) => void): void;
    /** @deprecated The types of `ldclient-node` 5 have it so, but none of its versions calls it so. */
    upsert(kind: object, key: string, item: any, callback?: () => void): any;
    initialized(callback: (initialized: boolean) => void): void;
    /** @deprecated The types of `ldclient-node` 5.7 have it so, but it doesn't call it so. */
    initialized(callback?: (error: any) => void): any;
  }

  /** What an SDK client asks about its contexts. Failures are logged, and rejected with an `Error`. */
  interface BigSegmentStore {
    /**
     * When the big segments were brought up to date, in Unix milliseconds; `undefined` where nobody
     * has said so.
     */
    getMetadata(): Promise<{ lastUpToDate?: number }>;
    /**
     * By the reference of a big segment, `true` where a context is included in it and `false` where it
     * is excluded; `null` for a context of which nothing is known.
     *
     * @param userHash the base64 form of the SHA-256 hash of the context's key
     */
    getUserMembership(userHash: string): Promise<any>;
    /**
     * Later calls are rejected. The promise is fulfilled, and never rejected, when calls that wait have ended,
     * for which they have a second, and all is let go of.
     */
    close(): Promise<void>;
  }

  /**
   * Serves as the `store` of the option `bigSegments` of `launchdarkly-node-server-sdk` 6.2 to 7 and
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

  /** With or without `new`. The package is this function, and has both under their names. */
  interface FeatureStoreFunction {
    (tableName: string, options?: Options | null): Store;
    new (tableName: string, options?: Options | null): Store;

    /**
     * A feature store on the table `tableName`, which must exist and have the partition key `namespace`
     * and the sort key `key`, both strings. Credentials and a connection are got ready at once; without
     * `preload`, nothing is read before the first call.
     *
     * @throws {TypeError} for a bad value; it names the option
     */
    DynamoDBFeatureStore: FeatureStoreFunction;
    /** The same. */
    default: FeatureStoreFunction;

    /**
     * A big segment store on the table `tableName`, which the Relay Proxy or another synchroniser
     * writes. Only GetItem is asked of DynamoDB. Nothing is held: SDKs keep memberships for a while
     * themselves (`userCacheTime`).
     *
     * @throws {TypeError} for a bad value; it names the option
     */
    DynamoDBBigSegmentStore: BigSegmentStoreFunction;
  }

  /** What `new DynamoDBFeatureStore(…)` gives. */
  type DynamoDBFeatureStore = Store;
  /** What `new DynamoDBBigSegmentStore(…)` gives. */
  type DynamoDBBigSegmentStore = BigSegmentStoreValue;
}

/**
 * A feature store on the table `tableName`; see the member of the same name.
 */
declare const DynamoDBFeatureStore: DynamoDBFeatureStore.FeatureStoreFunction;

export = DynamoDBFeatureStore;

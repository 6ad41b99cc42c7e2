/**
 * A LaunchDarkly feature store on Amazon DynamoDB.
 */

/** A kind of items, as the LaunchDarkly SDK passes it. */
interface Kind {
  namespace: string;
}

/** A flag or a segment. */
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

  /** Fixed AWS credentials. */
  interface Credentials {
    accessKeyId: string;
    secretAccessKey: string;
    sessionToken?: string | null;
  }

  /**
   * How DynamoDB is reached, in the names of the AWS SDK for JavaScript. What is not given comes from
   * the AWS default chain: environment variables, shared configuration files and profiles, container
   * and instance roles.
   */
  interface ClientOptions {
    /** The AWS region. Default: `AWS_REGION`, the profile, the instance. */
    region?: string | null;
    /**
     * The URL of the service, for DynamoDB Local and the like. A bare host means HTTPS. Default: the
     * region's.
     */
    endpoint?: string | { href: string } | null;
    /** Fixed credentials; they win over the three options below. */
    credentials?: Credentials | null;
    accessKeyId?: string | null;
    secretAccessKey?: string | null;
    sessionToken?: string | null;
    /** Others are ignored with a warning. */
    [name: string]: any;
  }

  /** `null` means "not given" everywhere. A bad value throws a `TypeError` that names the option. */
  interface Options {
    /** How DynamoDB is reached. */
    clientOptions?: ClientOptions | null;
    /**
     * Keeps environments that share a table apart: put, with a colon, before the namespace of every
     * row. Default: none.
     */
    prefix?: string | null;
    /**
     * For how many seconds an answer is used without asking DynamoDB again. 0 turns caching off:
     * every read is a request. `Infinity` keeps answers for ever. Default: 15. That there is no such
     * flag is believed for 15 seconds at most.
     */
    cacheTTL?: number | null;
    /** Where lines are logged. Default: the SDK client's logger, else the console. */
    logger?: Logger | null;
    /**
     * Whether reads are strongly consistent, at twice the read units. Default: false. What this
     * process wrote itself it reads back in either case, unless caching is off.
     */
    consistentRead?: boolean | null;
    /**
     * For how many seconds a read waits for DynamoDB before it is answered with `null`. A request that
     * is not answered within half of it is sent again. Reading all items takes a request per megabyte;
     * each has this time. Default: 3.
     */
    readTimeout?: number | null;
    /**
     * For how many seconds a write is tried before it is given up with a logged error. A request that
     * is not answered within half of it is sent again. An init has this time anew whenever DynamoDB
     * takes a row; an update that had to wait for earlier ones has at least a second. Default: 10.
     */
    writeTimeout?: number | null;
  }

  /**
   * What an SDK client calls. Callbacks come exactly once, and at once when the answer is known;
   * failures are logged.
   */
  interface FeatureStore {
    /** The item; `null` for one that is unknown, deleted or can't be read. */
    get(kind: Kind, key: string, callback: (item: any) => void): void;
    /** All items that are not deleted, by key; `null` when they can't be read. */
    all(kind: Kind, callback: (items: any) => void): void;
    /** Replaces all items of the given kinds, whatever their versions. */
    init(allData: { [namespace: string]: any }, callback?: () => void): void;
    /** Stores an item unless a version as new is stored already. */
    upsert(kind: Kind, item: Item, callback?: () => void): void;
    /** Stores a tombstone unless a version as new is stored already. */
    delete(kind: Kind, key: string, version: number | string, callback?: () => void): void;
    /** Whether somebody has initialised this table and prefix. */
    initialized(callback: (initialized: boolean) => void): void;
    /** Lets go of what this store holds. */
    close(): void;
    /** `'DynamoDB'` */
    readonly description: string;
    /** `'DynamoDB'` */
    getDescription(): string;
  }

  /**
   * Serves as the `featureStore` of every SDK: as an object for `ldclient-node` and
   * `launchdarkly-node-server-sdk` 5, as a function that is called with the client's configuration
   * for `launchdarkly-node-server-sdk` 6 and 7. All clients that are given the same value share its
   * cache.
   */
  interface Store extends FeatureStore {
    (config?: any): FeatureStore;
  }
}

/**
 * A feature store on the table `tableName`, which must exist and have the partition key `namespace`
 * and the sort key `key`, both strings. Nothing is sent before the first call.
 *
 * @throws {TypeError} for a bad value; it names the option
 */
declare function DynamoDBFeatureStore(
  tableName: string,
  options?: DynamoDBFeatureStore.Options | null
): DynamoDBFeatureStore.Store;

declare namespace DynamoDBFeatureStore {
  export { DynamoDBFeatureStore, DynamoDBFeatureStore as default };
}

export = DynamoDBFeatureStore;

'use strict';

/**
 * Clients of the published AWS SDKs, of each kind that `dynamoDBClient` takes.
 */

// Version 2 prints a long warning that it is no longer maintained.
process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const { AWS_ENVIRONMENT } = require('../../support/environment');

const region = AWS_ENVIRONMENT.AWS_REGION;
/** What the store does about failures is to be seen, not what the client does. */
const V2 = { region, maxRetries: 0 };
const V3 = { region, maxAttempts: 1 };

const v2 = () => require('aws-sdk');
const v3 = () => require('@aws-sdk/client-dynamodb');
const lib = () => require('@aws-sdk/lib-dynamodb');

/** @type {Record<string, (endpoint: string) => any>} makers by kind */
const CLIENTS = {
  'v2-dynamodb': (endpoint) => new (v2().DynamoDB)({ ...V2, endpoint }),
  'v2-document': (endpoint) => new (v2().DynamoDB.DocumentClient)({ ...V2, endpoint }),
  'v3-client': (endpoint) => new (v3().DynamoDBClient)({ ...V3, endpoint }),
  'v3-dynamodb': (endpoint) => new (v3().DynamoDB)({ ...V3, endpoint }),
  'v3-document-client': (endpoint) =>
    lib().DynamoDBDocumentClient.from(new (v3().DynamoDBClient)({ ...V3, endpoint })),
  'v3-document': (endpoint) =>
    lib().DynamoDBDocument.from(new (v3().DynamoDBClient)({ ...V3, endpoint })),
};

/** Lets go of a client's connections, where it has a way to. */
function destroy(client) {
  if (typeof client.destroy === 'function') client.destroy();
}

module.exports = { CLIENTS, destroy };

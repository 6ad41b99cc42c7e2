'use strict';

/** The AWS X-Ray SDK around a JS client of a store. A socket here stands in for its daemon. */

require('../../../support/environment');
// Version 2 prints a long warning that it is no longer maintained.
process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const dgram = require('node:dgram');
const { once } = require('node:events');
const { after, before } = require('node:test');

const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
const AWS = require('aws-sdk');
const AWSXRay = require('aws-xray-sdk');

const { waitFor } = require('../../../support/wait');
const { testConcurrentRequests } = require('./scenario');

const daemon = dgram.createSocket('udp4');
/** @type {any[]} finished segments, with the subsegments in them */
let segments = [];

before(async () => {
  daemon.on('message', (message) => {
    const [, document] = String(message).split('\n');
    segments.push(JSON.parse(document));
  });
  daemon.bind(0, '127.0.0.1');
  await once(daemon, 'listening');
  AWSXRay.setDaemonAddress(`127.0.0.1:${daemon.address().port}`);
  AWSXRay.middleware.disableCentralizedSampling();
});

after(() => daemon.close());

async function within(name, work) {
  const segment = new AWSXRay.Segment(name);
  await AWSXRay.getNamespace().runPromise(async () => {
    AWSXRay.setSegment(segment);
    await work();
  });
  segment.close();
}

async function takeTraced() {
  await waitFor(() => segments.length === 2, 'the segments');
  const taken = segments;
  segments = [];
  return taken.flatMap(({ name, subsegments = [] }) =>
    subsegments.map(({ aws }) => ({ operation: aws.operation, parent: name }))
  );
}

testConcurrentRequests(
  'X-Ray, version 3 of the AWS SDK',
  (endpoint) => AWSXRay.captureAWSv3Client(new DynamoDBClient({ endpoint, maxAttempts: 1 })),
  within,
  takeTraced
);

testConcurrentRequests(
  'X-Ray, version 2 of the AWS SDK',
  (endpoint) => AWSXRay.captureAWSClient(new AWS.DynamoDB({ endpoint, maxRetries: 0 })),
  within,
  takeTraced
);

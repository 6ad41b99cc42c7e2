'use strict';

/** Events of a Lambda function: what AWS's services send, as far as a handler may look at it. */

/** An event of a schedule of EventBridge. */
function schedule() {
  return {
    version: '0',
    id: '53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa',
    'detail-type': 'Scheduled Event',
    source: 'aws.events',
    account: '123456789012',
    time: '2026-01-01T00:00:00Z',
    region: 'eu-west-1',
    resources: ['arn:aws:events:eu-west-1:123456789012:rule/sync'],
    detail: {},
  };
}

/** A header that is undefined is absent. */
const present = (headers) =>
  Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined));
const lowerCase = (headers) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

/** Payload form 2.0, with the names of headers in lower case. */
function formTwo(body, headers, isBase64Encoded) {
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: '/',
    rawQueryString: '',
    headers: { 'content-type': 'application/json', ...lowerCase(present(headers)) },
    requestContext: {
      accountId: 'anonymous',
      http: { method: 'POST', path: '/', protocol: 'HTTP/1.1', sourceIp: '192.0.2.1' },
      stage: '$default',
    },
    ...(body === null
      ? {}
      : { body: isBase64Encoded ? Buffer.from(body).toString('base64') : body }),
    isBase64Encoded,
  };
}

/** Payload form 1.0, with the names of headers as they were sent. */
function formOne(body, headers) {
  const all = { 'Content-Type': 'application/json', ...present(headers) };
  return {
    resource: '/',
    path: '/',
    httpMethod: 'POST',
    headers: all,
    multiValueHeaders: Object.fromEntries(Object.entries(all).map(([name, v]) => [name, [v]])),
    queryStringParameters: null,
    requestContext: { httpMethod: 'POST', path: '/', stage: 'prod' },
    body,
    isBase64Encoded: false,
  };
}

/** An Application Load Balancer whose target group has headers of several values. */
function balancer(body, headers) {
  const { multiValueHeaders } = formOne(body, lowerCase(headers));
  return {
    requestContext: { elb: { targetGroupArn: 'arn' } },
    httpMethod: 'POST',
    path: '/',
    multiValueHeaders,
    body: body === null ? '' : Buffer.from(body).toString('base64'),
    isBase64Encoded: true,
  };
}

/** Requests by what sends them. */
const HTTP = {
  'a function URL': (body, headers) => formTwo(body, headers, false),
  'a function URL with a base64 body': (body, headers) => formTwo(body, headers, true),
  'an API Gateway with form 1.0': formOne,
  'a load balancer': balancer,
};

module.exports = { HTTP, schedule };

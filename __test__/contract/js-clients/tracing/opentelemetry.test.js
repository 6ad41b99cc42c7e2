'use strict';

/** OpenTelemetry's instrumentation of the AWS SDK, around a JS client of a store. */

require('../../../support/environment');

const { context, trace } = require('@opentelemetry/api');
const { AwsInstrumentation } = require('@opentelemetry/instrumentation-aws-sdk');
const {
  InMemorySpanExporter,
  NodeTracerProvider,
  SimpleSpanProcessor,
} = require('@opentelemetry/sdk-trace-node');

const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
provider.register();
// It has to be there before the clients are loaded.
new AwsInstrumentation().setTracerProvider(provider);

const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');

const { testConcurrentRequests } = require('./scenario');

const tracer = trace.getTracer('the application');

async function within(name, work) {
  const span = tracer.startSpan(name);
  await context.with(trace.setSpan(context.active(), span), work);
  span.end();
}

function takeTraced() {
  const spans = exporter.getFinishedSpans();
  const names = new Map(spans.map((span) => [span.spanContext().spanId, span.name]));
  const requests = spans.filter(({ attributes }) => attributes['rpc.method']);
  return requests.map(({ attributes, parentSpanContext }) => ({
    operation: String(attributes['rpc.method']),
    parent: parentSpanContext && names.get(parentSpanContext.spanId),
  }));
}

testConcurrentRequests(
  'OpenTelemetry, version 3 of the AWS SDK',
  (endpoint) => new DynamoDBClient({ endpoint, maxAttempts: 1 }),
  within,
  takeTraced
);

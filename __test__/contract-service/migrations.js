'use strict';

/**
 * Reads or writes through a migration between two endpoints of the harness.
 *
 * @param {any} LaunchDarkly the SDK
 * @param {any} client
 * @param {any} request
 */
async function migrate(LaunchDarkly, client, request) {
  const { LDMigrationError, LDMigrationSuccess } = LaunchDarkly;
  const to = (uri) => async (payload) => {
    try {
      const response = await fetch(uri, { method: 'POST', body: payload || undefined });
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
      return LDMigrationSuccess(await response.text());
    } catch (error) {
      return LDMigrationError(error.message);
    }
  };
  const migration = LaunchDarkly.createMigration(client, {
    execution: execution(LaunchDarkly, request.readExecutionOrder),
    latencyTracking: request.trackLatency,
    errorTracking: request.trackErrors,
    check: request.trackConsistency ? (a, b) => a === b : undefined,
    readNew: to(request.newEndpoint),
    writeNew: to(request.newEndpoint),
    readOld: to(request.oldEndpoint),
    writeOld: to(request.oldEndpoint),
  });
  const { key, context, defaultStage, payload, operation } = request;
  const done = await migration[operation](key, context, defaultStage, payload ?? undefined);
  const { success, result, error } = operation === 'write' ? done.authoritative : done;
  return success ? result : error;
}

function execution({ LDConcurrentExecution, LDExecutionOrdering, LDSerialExecution }, order) {
  if (order === 'concurrent') return new LDConcurrentExecution();
  const { Fixed, Random } = LDExecutionOrdering;
  return new LDSerialExecution(order === 'random' ? Random : Fixed);
}

module.exports = { migrate };

'use strict';

const { post } = require('./callbacks');

/**
 * Makes hooks that tell the harness of their calls.
 *
 * @param {{name: string, callbackUri: string, data?: any, errors?: any}[]} requested
 */
function reportingHooks(requested) {
  // The harness compares the order in which the reports arrive.
  let reported = Promise.resolve();
  const report = (uri, body) => {
    // A test may end before its last report.
    reported = reported
      .then(() => post(uri, body))
      .then(
        () => {},
        () => {}
      );
  };
  return requested.map(({ name, callbackUri, data, errors }) => {
    const stage = (name) => (evaluationSeriesContext, evaluationSeriesData, evaluationDetail) => {
      const error = errors?.[name];
      if (error) throw new Error(error);
      report(callbackUri, {
        stage: name,
        evaluationSeriesContext,
        evaluationSeriesData,
        evaluationDetail,
      });
      return { ...evaluationSeriesData, ...data?.[name] };
    };
    return {
      getMetadata: () => ({ name }),
      beforeEvaluation: stage('beforeEvaluation'),
      afterEvaluation: stage('afterEvaluation'),
    };
  });
}

module.exports = { reportingHooks };

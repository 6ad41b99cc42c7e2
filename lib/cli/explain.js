'use strict';

/**
 * Explains failures of requests: what failed, where, and what to do next.
 *
 * @typedef {import('./arguments').Values} Values
 * @typedef {import('./failure').Step} Step
 *
 * @typedef {object} Context
 * @property {Values} values the arguments
 * @property {string} action the IAM action of the request, without `dynamodb:`
 * @property {() => Promise<Place | undefined>} place where the request went, if that is known
 *
 * @typedef {{region: string, endpoint: string}} Place
 */

const { commandLine } = require('./command-line');
const { Failure } = require('./failure');
const { otherScheme } = require('./scheme');

/** A failure of a request. */
class RequestFailure extends Failure {
  /**
   * @param {string} code that of the native failure
   * @param {string} message
   * @param {Step[]} steps
   */
  constructor(code, message, steps) {
    super(message, steps);
    this.code = code;
  }
}

/** What AWS says about a missing permission. */
const DENIED =
  /(\w+): (?:User: )?(\S+) is not authorized to perform: (\S+)(?: on resource: (\S+))?(?: (?:because|with) (.*))?/;

/**
 * @param {{code: string, cause: string}} failure without advice
 * @param {Context} context
 * @returns {Promise<RequestFailure>}
 */
async function explained({ code, cause }, context) {
  const name = `table ${JSON.stringify(context.values.table)}`;
  const text = withOptionNames(cause);
  const { message, steps } = await explanation(code, text, context);
  return new RequestFailure(code, `${name}: ${message}`, steps);
}

/**
 * @param {string} code
 * @param {string} cause
 * @param {Context} context
 * @returns {Promise<{message: string, steps: Step[]}>}
 */
async function explanation(code, cause, context) {
  if (/\bResourceInUseException\b/.test(cause)) return inUse(context);
  if (code === 'ACCESS_DENIED') return denied(cause, context);
  if (code === 'UNAVAILABLE' || code === 'TIMED_OUT') return unreachable(cause, context);
  const message = code === 'TABLE_NOT_FOUND' ? cause + at(await context.place()) : cause;
  return { message, steps: (STEPS[code] || (() => []))(context) };
}

/** @type {Record<string, (context: Context) => Step[]>} */
const STEPS = {
  BAD_CREDENTIALS: () => [
    { text: "Check the credentials, the session token and this machine's clock" },
  ],
  BAD_ENDPOINT: () => [
    { text: 'Give --endpoint, or the variable, as a URL such as http://localhost:8000' },
  ],
  NO_CREDENTIALS: () => [
    { text: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, pass --profile, or sign in' },
    { text: 'DynamoDB Local takes any keys, such as AWS_ACCESS_KEY_ID=local' },
  ],
  NO_PROFILE: () => [
    {
      text:
        'Correct the name, or add the profile: as [profile NAME] to the config file, or as [NAME] to the ' +
        'credentials file',
    },
  ],
  NO_FLAGS: () => [{ text: 'If they are to be deleted, pass --allow-empty' }],
  NO_REGION: () => [
    { text: 'Pass --region, such as --region eu-west-1, or set the variable AWS_REGION' },
  ],
  NO_RESOURCES: () => [
    { text: "Raise this process's limits of open files and threads (ulimit -n and -u)" },
  ],
  OLDER_DATA: () => [{ text: 'Sync again later, or pass --allow-older to write it anyway' }],
  TABLE_NOT_FOUND: ({ values }) => [
    { text: 'Create it', command: commandLine(values, 'create-table') },
    { text: "Or correct the table's name, --region, --profile or --endpoint" },
  ],
  THROTTLED: () => [{ text: "Try again later, or raise the table's capacity" }],
  WRONG_KEY_SCHEMA: ({ values }) => stepsForOtherKeys(values),
};

/**
 * @param {Values} values
 * @returns {Step[]}
 */
function stepsForOtherKeys(values) {
  return [
    { text: 'See which keys it has', command: commandLine(values, 'check') },
    newTable(values),
  ];
}

/**
 * @param {Values} values
 * @returns {Step}
 */
function newTable(values) {
  return {
    text: "A table's keys can't be changed; create another table, with a name of your choice",
    command: commandLine({ ...values, table: 'NEW_NAME' }, 'create-table'),
  };
}

/**
 * @param {Context} context
 */
function inUse({ values }) {
  return {
    message: 'the table exists already (ResourceInUseException)',
    steps: [
      { text: 'Check whether stores can use it', command: commandLine(values, 'check') },
      { text: 'Or pass --if-not-exists, which accepts a table with the right keys' },
    ],
  };
}

/**
 * @param {string} cause
 * @param {Context} context
 */
function denied(cause, { action, values }) {
  const [, code, user, named, resource, reason] = DENIED.exec(cause) || [];
  const what = named || `dynamodb:${action}`;
  const where = resource || 'the table';
  const who = user ? ` to ${user}` : '';
  const why = code ? [code, reason].filter(Boolean).join(': ') : cause;
  const steps = [{ text: `Allow ${what} on ${where}${who}` }];
  if (action === 'Scan' && values.prefix === undefined) {
    steps.push({ text: 'Or check one prefix: with --prefix, dynamodb:Query takes its place' });
  }
  return { message: `${what} on ${where} is denied (${why})`, steps };
}

/**
 * @param {string} cause
 * @param {Context} context
 * @returns {Promise<{message: string, steps: Step[]}>}
 */
async function unreachable(cause, context) {
  const place = await context.place();
  const other = place && (await otherScheme(place.endpoint, cause));
  const text = other
    ? `The endpoint ${other.speaks}: use ${other.endpoint}`
    : 'Check --endpoint, --region and the network, and whether DynamoDB runs there';
  return { message: cause + at(place), steps: [{ text }] };
}

/**
 * @param {Place | undefined} place
 */
function at(place) {
  return place ? `; endpoint ${place.endpoint}, region ${place.region}` : '';
}

/**
 * @param {string} text
 * @returns {string} the text with the command line's names of the options
 */
function withOptionNames(text) {
  return text
    .replace(/\bclientOptions\.(endpoint|profile|region)\b/g, '--$1')
    .replace(/\bbaseUri\b/g, '--base-uri');
}

module.exports = { RequestFailure, explained, newTable, stepsForOtherKeys, withOptionNames };

'use strict';

const COMMON = `  --endpoint URL    another endpoint, such as that of DynamoDB Local
  --region REGION   the AWS region; else AWS_REGION, the profile or the instance tell
  --profile NAME    the profile of the shared AWS configuration and credentials
  --json            print JSON, for other programs
  --help            this help`;

const PREFIX = '  --prefix PREFIX   that of the stores; without it ';

/** @type {Record<string, string>} */
const OF_COMMANDS = {
  'create-table': `dynamodb-feature-store create-table NAME [options]

Creates a DynamoDB table that feature stores can use, and waits until it is ready. It is paid for by the
request, unless told otherwise.

  --provisioned READ WRITE
                    with so many read and write units a second
${COMMON}

Needs the permissions dynamodb:CreateTable and dynamodb:DescribeTable.`,

  check: `dynamodb-feature-store check NAME [options]

Tells whether the table can be used, and what is in it: which prefixes have been initialised, how many flags
and segments they have, which rows can't be read, which are near the size limit, and what reading all flags
costs. Reads the whole table, or what is under one prefix.

${PREFIX}all of them; "" is none
${COMMON}

Needs the permission dynamodb:Scan, with --prefix dynamodb:Query in its place, and dynamodb:DescribeTable for
what it says of keys and capacity.
Exit code: 3 when something is found that needs attention.`,

  list: `dynamodb-feature-store list NAME [options]

Lists the flags and segments of one prefix.

${PREFIX}those without any
  --kind KIND       flags or segments alone
${COMMON}

Needs the permission dynamodb:Query.`,

  get: `dynamodb-feature-store get NAME KEY [options]

Prints a flag or segment as it is in the table.

${PREFIX}of those without any
  --kind KIND       flags (default) or segments
${COMMON}

Needs the permission dynamodb:GetItem. Exit code: 3 when there is none.`,
};

const GENERAL = `dynamodb-feature-store COMMAND …

  create-table NAME   creates a table that feature stores can use
  check NAME          tells whether a table can be used, and what is in it
  list NAME           lists flags and segments
  get NAME KEY        prints a flag or segment
  version             prints the version of this package

${COMMON}

Nothing but create-table writes. Exit codes: 0 all is well, 1 it could not be done, 2 wrong arguments,
3 it was done, and found something amiss. More on a command: dynamodb-feature-store COMMAND --help`;

/**
 * @param {string} [command]
 * @returns {string}
 */
function help(command) {
  return (command && OF_COMMANDS[command]) || GENERAL;
}

module.exports = { help };

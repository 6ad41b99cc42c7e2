'use strict';

const COMMON = `  --endpoint URL    another endpoint, such as that of DynamoDB Local
  --region REGION   the AWS region; default: from AWS_REGION, the profile or the instance
  --profile NAME    the profile of the shared AWS configuration and credentials
  --json            print JSON, for other programs
  --help            print this help`;

const PREFIX = '  --prefix PREFIX   the prefix of the stores; default: ';

/** @type {Record<string, string>} */
const OF_COMMANDS = {
  'create-table': `dynamodb-feature-store create-table NAME [options]

Creates a DynamoDB table that feature stores can use, and waits until it is ready. Its capacity is on-demand
unless --provisioned is set.

  --provisioned READ WRITE
                    read and write capacity units per second
${COMMON}

Needs the permissions dynamodb:CreateTable and dynamodb:DescribeTable.`,

  check: `dynamodb-feature-store check NAME [options]

Checks whether the table can be used and prints what is in it: which prefixes are initialised, how many flags
and segments they have, which rows can't be read, which are near the size limit, and how many read units
reading all flags takes. Reads the whole table, or one prefix.

${PREFIX}all of them; "" for no prefix
${COMMON}

Needs the permission dynamodb:Scan, or dynamodb:Query with --prefix, and dynamodb:DescribeTable to print keys
and capacity.
Exit code: 3 if something needs attention.`,

  list: `dynamodb-feature-store list NAME [options]

Lists the flags and segments of one prefix.

${PREFIX}none
  --kind KIND       only flags or only segments
${COMMON}

Needs the permission dynamodb:Query.`,

  get: `dynamodb-feature-store get NAME KEY [options]

Prints a flag or segment as the table has it.

${PREFIX}none
  --kind KIND       flags (default) or segments
${COMMON}

Needs the permission dynamodb:GetItem. Exit code: 3 if there is none.`,
};

const GENERAL = `dynamodb-feature-store COMMAND …

  create-table NAME   creates a table that feature stores can use
  check NAME          checks whether a table can be used, and prints what is in it
  list NAME           lists flags and segments
  get NAME KEY        prints a flag or segment
  version             prints the version of this package

${COMMON}

Only create-table writes. Exit codes: 0 success, 1 failure, 2 wrong arguments, 3 success, but a problem was
found. More about a command: dynamodb-feature-store COMMAND --help`;

/**
 * @param {string} [command]
 * @returns {string}
 */
function help(command) {
  return (command && OF_COMMANDS[command]) || GENERAL;
}

module.exports = { help };

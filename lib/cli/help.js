'use strict';

/**
 * The help texts. No line is longer than 80 columns.
 */

const COMMON = `  --endpoint URL    another endpoint, such as that of DynamoDB Local
  --region REGION   the AWS region (default: AWS_REGION, the profile, the
                    instance)
  --profile NAME    a profile of the shared AWS configuration and credentials
  --json            print JSON, for other programs
  --help            print this help`;

const PREFIX = '  --prefix PREFIX   the prefix of the stores (default:';

/** @type {Record<string, string>} */
const OF_COMMANDS = {
  'create-table': `Usage: npx dynamodb-feature-store create-table NAME [options]

Creates a DynamoDB table that feature stores can use, and waits until it is
ready. Its capacity is on-demand unless --provisioned is set.

Options
  --provisioned READ WRITE
                    read and write capacity units per second
  --tag KEY=VALUE   a tag of the table; may be given several times
  --deletion-protection
                    DynamoDB refuses to delete the table
  --point-in-time-recovery
                    the table can be restored to any second of the last 35 days
  --if-not-exists   succeed if there is a table of this name with the right
                    keys, and leave it as it is
${COMMON}

Permissions
  dynamodb:CreateTable and dynamodb:DescribeTable, dynamodb:TagResource for
  --tag, dynamodb:UpdateContinuousBackups for --point-in-time-recovery

Examples
  npx dynamodb-feature-store create-table flags --region eu-west-1
  npx dynamodb-feature-store create-table flags --if-not-exists \\
    --tag team=web --deletion-protection --point-in-time-recovery
  npx dynamodb-feature-store create-table flags --endpoint http://localhost:8000`,

  check: `Usage: npx dynamodb-feature-store check NAME [options]

Checks whether stores can use the table, and reports what is in it: for each
prefix whether it is initialised, how many flags, segments and tombstones it
has, which rows can't be read or are near the size limit, and how many capacity
units a preload and a full init take. Reads the whole table, or one prefix.

Options
${PREFIX} all of them); "" is
                    no prefix
${COMMON}

Permissions
  dynamodb:Scan, or dynamodb:Query with --prefix; dynamodb:DescribeTable for
  keys and capacity

Exit code
  3 if something needs attention

Examples
  npx dynamodb-feature-store check flags
  npx dynamodb-feature-store check flags --prefix production --json`,

  list: `Usage: npx dynamodb-feature-store list NAME [options]

Lists the flags and segments of one prefix.

Options
${PREFIX} none)
  --kind KIND       flags or segments (default: both)
${COMMON}

Permissions
  dynamodb:Query; if there are none, also dynamodb:Scan for a page of the table,
  to name the prefixes that are there

Examples
  npx dynamodb-feature-store list flags --prefix production
  npx dynamodb-feature-store list flags --kind segments --json`,

  get: `Usage: npx dynamodb-feature-store get NAME KEY [options]

Prints a flag or segment as it is in the table.

Options
${PREFIX} none)
  --kind KIND       flags or segments (default: flags)
${COMMON}

Permissions
  dynamodb:GetItem; if there is no such item, also dynamodb:Scan for a page of
  the table, to name the prefixes that are there

Exit code
  3 if there is no such item, or only its tombstone

Examples
  npx dynamodb-feature-store get flags my-flag
  npx dynamodb-feature-store get flags my-segment --kind segments`,

  version: `Usage: npx dynamodb-feature-store version

Prints the version of this package.`,
};

const GENERAL = `Usage: npx dynamodb-feature-store COMMAND [options]

Creates and inspects DynamoDB tables of LaunchDarkly feature stores. Only
create-table writes.

Commands
  create-table NAME   creates a table that feature stores can use
  check NAME          checks whether stores can use a table, and reports what is
                      in it
  list NAME           lists flags and segments
  get NAME KEY        prints a flag or segment
  version             prints the version of this package
  help COMMAND        prints the options of a command

Options
${COMMON}

Exit codes
  0  success
  1  failure
  2  wrong arguments, or standard output can't be written
  3  success, but something needs attention

Examples
  npx dynamodb-feature-store create-table flags --region eu-west-1
  npx dynamodb-feature-store check flags`;

/**
 * @param {string | undefined} command
 * @param {import('./text').Style} style
 * @returns {string}
 */
function help(command, style) {
  const text = (command && OF_COMMANDS[command]) || GENERAL;
  return text.replace(/^[A-Z][a-z]+( [a-z]+)?$|^Usage:/gm, (heading) => style.heading(heading));
}

module.exports = { help };

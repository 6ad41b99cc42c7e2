'use strict';

/**
 * The help texts. No line is longer than 80 columns.
 */

const CONNECTION = `  --endpoint URL    another endpoint, such as that of DynamoDB Local
  --region REGION   the AWS region (default: AWS_REGION, the profile, the
                    instance)
  --profile NAME    a profile of the shared AWS configuration and credentials`;
const HELP = '  --help            print this help';
const COMMON = `${CONNECTION}
  --json            print JSON, for other programs
${HELP}`;

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

  export: `Usage: npx dynamodb-feature-store export NAME [options]

Writes the flags and segments of one prefix as a flag file: JSON that the file
data sources of the SDKs and the command import read. Tombstones are left out.

Options
${PREFIX} none)
  --output FILE, -o FILE
                    write to this file, not to standard output
${CONNECTION}
${HELP}

Permissions
  dynamodb:Query; if there are none, also dynamodb:Scan for a page of the table,
  to name the prefixes that are there

Exit code
  3 if there are no flags and segments, or rows that can't be read are left out

Examples
  npx dynamodb-feature-store export flags --prefix production -o flags.json
  npx dynamodb-feature-store export flags > flags.json`,

  import: `Usage: npx dynamodb-feature-store import NAME FILE [options]

Replaces all flags and segments of one prefix by those of a flag file: JSON with
flags, flagValues and segments, as the file data sources of the SDKs read it;
YAML is not supported. Writes only what differs, segments first, and deletes
what the file lacks. Before that, says what it is going to write, and to which
table.

Options
${PREFIX} none)
  --dry-run         only say what would be written, row by row
${COMMON}

Permissions
  dynamodb:Query, dynamodb:GetItem, dynamodb:BatchWriteItem, dynamodb:PutItem
  and dynamodb:DeleteItem; without the last three for --dry-run

Examples
  npx dynamodb-feature-store import flags flags.json --prefix test --dry-run
  npx dynamodb-feature-store import flags flags.json --prefix test`,

  sync: `Usage: npx dynamodb-feature-store sync NAME [options]

Brings the flags and segments of one prefix to what LaunchDarkly, or a Relay
Proxy, has now. Takes the SDK key from an environment variable. Writes only what
differs, segments first, and deletes what the environment lacks. Before that,
says what it is going to write, and to which table. Never replaces newer flags.

Options
${PREFIX} none)
  --sdk-key-env VARIABLE
                    the variable with the SDK key of the environment (default:
                    LAUNCHDARKLY_SDK_KEY)
  --base-uri URL    a private instance or a Relay Proxy (default:
                    https://sdk.launchdarkly.com)
  --watch SECONDS   sync again and again, with pauses of this length
  --dry-run         only say what would be written, row by row
  --allow-older     also replace flags that are newer in the table
  --allow-empty     delete all flags if the environment has none
${COMMON}

Permissions
  dynamodb:Query, dynamodb:GetItem, dynamodb:BatchWriteItem, dynamodb:PutItem
  and dynamodb:DeleteItem; without the last three for --dry-run

Examples
  npx dynamodb-feature-store sync flags --prefix production --dry-run
  npx dynamodb-feature-store sync flags --watch 60`,

  diff: `Usage: npx dynamodb-feature-store diff NAME OTHER [options]

Compares the flags and segments of two tables, or of two prefixes of a table:
which are only in one of them, or have another version or content. The order of
members in the JSON does not matter. Tombstones count as absent.

Options
${PREFIX} none)
  --other-prefix PREFIX
  --other-endpoint URL
  --other-region REGION
  --other-profile NAME
                    those of the other table (default: the same)
${COMMON}

Permissions
  dynamodb:Query and dynamodb:GetItem on both tables

Exit code
  3 if they differ

Examples
  npx dynamodb-feature-store diff flags flags --prefix blue --other-prefix green
  npx dynamodb-feature-store diff flags flags --region eu-west-1 \\
    --other-region us-east-1 --json`,

  version: `Usage: npx dynamodb-feature-store version

Prints the version of this package.`,
};

const GENERAL = `Usage: npx dynamodb-feature-store COMMAND [options]

Creates, inspects, fills and compares DynamoDB tables of LaunchDarkly feature
stores. Only create-table, import and sync write to DynamoDB.

Commands
  create-table NAME   creates a table that feature stores can use
  check NAME          checks whether stores can use a table, and reports what is
                      in it
  list NAME           lists flags and segments
  get NAME KEY        prints a flag or segment
  export NAME         writes the flags and segments as a flag file
  import NAME FILE    replaces the flags and segments by those of a flag file
  sync NAME           brings the flags and segments to what LaunchDarkly has
  diff NAME OTHER     compares two tables or prefixes
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

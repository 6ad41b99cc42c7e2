'use strict';

/**
 * A `credential_process`. The session token names the variables that the process saw.
 */

const { OF_BOTH, OF_THE_PROCESS, OF_THE_WORKER } = process.env;

const seen = { OF_BOTH, OF_THE_PROCESS, OF_THE_WORKER };
const keys = {
  Version: 1,
  AccessKeyId: 'FROM-PROCESS',
  SecretAccessKey: 'hush',
  SessionToken: JSON.stringify(seen),
};
process.stdout.write(JSON.stringify(keys));

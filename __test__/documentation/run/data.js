'use strict';

/** JSON and YAML. Policies name actions of DynamoDB, and templates pass cfn-lint. */

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const path = require('node:path');

const dynamodb = require('@aws-sdk/client-dynamodb');
const yaml = require('yaml');

const { installPython } = require('../../support/python');

const REQUIREMENTS = path.join(__dirname, '..', 'requirements.txt');
const CFN_LINT = 'from cfnlint.runner import main; main()';

/**
 * @param {import('../printed').Block} block
 */
async function checkJson({ text }) {
  const { Statement: statements = [] } = JSON.parse(text);
  const actions = [statements].flat().flatMap(({ Action: action }) => action);
  const unknown = actions.filter((action) => !isAction(action));
  assert.deepStrictEqual(unknown, []);
}

function isAction(action) {
  const [service, name] = action.split(':');
  return service === 'dynamodb' && `${name}Command` in dynamodb;
}

/**
 * @param {import('../printed').Block} block
 * @param {import('../application').Application} application
 */
async function checkYaml({ text, line }, application) {
  const document = yaml.parseDocument(text, { logLevel: 'silent' });
  assert.deepStrictEqual(document.errors, []);
  if (document.has('Resources')) lint(application.write(`template-${line}.yaml`, text));
}

/**
 * @param {string} template the file of a CloudFormation template
 */
function lint(template) {
  const python = installPython(REQUIREMENTS);
  const { status, stdout, stderr } = spawnSync(python, ['-c', CFN_LINT, template], {
    encoding: 'utf8',
  });
  assert.strictEqual(status, 0, `${stdout}${stderr}`);
}

module.exports = { checkJson, checkYaml };

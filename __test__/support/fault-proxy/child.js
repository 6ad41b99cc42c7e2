'use strict';

/**
 * The process of a fault proxy. It executes its parent's messages, responds to each, and ends with the parent.
 */

const { startProxy } = require('../engine-proxy');
const { limitPages } = require('../faults');
const { interceptor } = require('./rules');

async function main() {
  const proxy = await startProxy(process.argv[2]);
  let inFlight = 0;
  let mostInFlight = 0;
  const watch = async (_request, forward) => {
    inFlight += 1;
    mostInFlight = Math.max(mostInFlight, inFlight);
    try {
      return await forward();
    } finally {
      inFlight -= 1;
    }
  };

  const commands = {
    set: (rules, seed = 1, pageRows = undefined) => {
      const pages = pageRows ? [limitPages(pageRows)] : [];
      proxy.intercept(watch, interceptor(rules, seed), ...pages);
    },
    counts: () => ({ ...proxy.requests, mostInFlight }),
    reset: () => {
      proxy.reset();
      mostInFlight = 0;
      proxy.intercept(watch);
    },
    writesOf: (key) => {
      const has = ({ operation, body }) =>
        /Put|Write/.test(operation) && JSON.stringify(body).includes(`"${key}"`);
      const seen = proxy.history.filter(has).map(({ operation, body, at, answered, answer }) => {
        const requests = Object.values(body.RequestItems || {}).flat();
        const own = requests.find(
          ({ PutRequest, DeleteRequest }) =>
            (PutRequest ? PutRequest.Item : DeleteRequest.Key).key.S === key
        );
        const item = body.Item || own?.PutRequest?.Item;
        const what = item ? `version ${item.version?.N}` : own && 'delete';
        const namespace = (item || own?.DeleteRequest?.Key)?.namespace.S;
        return { operation, what, namespace, at, status: answered ? answer.status : 'none' };
      });
      return seen.filter(({ what }) => what);
    },
    leave: () => proxy.leave(),
    comeBack: () => proxy.comeBack(),
    close: () => proxy.close(),
  };
  process.on('message', async ({ id, command, args }) => {
    try {
      const result = await commands[command](...args);
      process.send({ id, result });
    } catch (error) {
      process.send({ id, error: String(error.stack) });
    }
  });
  process.on('disconnect', () => process.exit());
  commands.reset();
  process.send({ endpoint: proxy.endpoint });
}

main();

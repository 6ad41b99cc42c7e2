import { readFile } from 'node:fs/promises';

export async function load(url, context, nextLoad) {
  const loaded = await nextLoad(url, context);
  if (loaded.format !== 'commonjs') return loaded;
  return { format: 'commonjs', source: await readFile(new URL(url)), shortCircuit: true };
}

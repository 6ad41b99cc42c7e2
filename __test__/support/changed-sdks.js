'use strict';

/**
 * Changes of the file in which SDK 8 or 9 converts items, as a future SDK could make them.
 */

/** @typedef {[RegExp, string]} Replacement each occurrence of the pattern is a change of its own */

const KIND = '!(clause\\.contextKind|rollout\\.contextKind|rule\\.rolloutContextKind)';
const REPLACER = /(?<=function replacer\(key, value\) \{)/;

/** @type {Replacement[]} */
const REPLACEMENTS = [
  // Long lists.
  [/CUTOFF = 100/, 'CUTOFF = 99'],
  [/CUTOFF = 100/, 'CUTOFF = 101'],
  [/\.length > (?=TARGET)/, '.length >= '],
  [/\.length > (?=TARGET)/, '.length - 1 > '],
  [/\S+\.length > TARGET_LIST_ARRAY_CUTOFF/, 'false'],
  [/delete segment\.(in|ex)cluded;/, ''],
  [/target\.values = \[\];/, ''],
  [/new Set\((\S+)\);/, '$1;'],
  // Attribute references.
  [new RegExp(KIND), '$1'],
  [new RegExp(KIND), '$1 === undefined'],
  [new RegExp(`,\\s*${KIND}`), ''],
  [/(clause\.attribute|rollout\.bucketBy|rule\.bucketBy)(?=,\s*!)/, '"/" + $1'],
  [/(?<=rollout && )rollout\.bucketBy/, 'false'],
  [/(?<=if \()rule\.bucketBy/, 'false'],
  [/processRollout\((rollout|rule\.rollout)\);/, ''],
  [
    /(flag|segment|rule) (=== null \|\| \1 === void 0|== null) \? void 0 : \1\.\w+(?=\) =+ null)/,
    'null',
  ],
  [/(?<= )\S+\.AttributeReference\.[iI]nvalidReference/, 'undefined'],
  [/(?<= )(\S+\.AttributeReference)\.[iI]nvalidReference/, 'new $1("/")'],
  // Writing.
  [/(?<=if \(value instanceof \S+ \{\s*)return (undefined|void 0);/, 'return value;'],
  [/value\.(in|ex)cluded = \[.*\];/, ''],
  [/target\.values = \[\.\.\..*\];/, ''],
  [/delete (value|target)\.generated_\w+;/, ''],
  [REPLACER, 'if (key === "unknown") return 1;'],
];
/**
 * How SDK 8 removes nulls, and how SDK 9.6 and later do.
 *
 * @type {Record<8 | 9, Replacement[]>}
 */
const NULL_REPLACEMENTS = {
  8: [
    [/value === null(?=\) \{\s*return)/, 'false'],
    [/(?<=value === null\) \{\s*)return undefined;/, 'return "";'],
  ],
  9: [
    [/nullReplacer\((flag|segment)\b.*;/, ''],
    [/ && !Array\.isArray\(item\.parent\)/, ''],
    [/item\.value === null && /, 'false && '],
    [/typeof item\.value === "object"/, 'false'],
    [/(?<=Object\.entries\(item\.value\))/, '.filter(([key]) => key !== "variations")'],
    [/(?<=nullReplacer\(segment)/, ', ["salt"]'],
  ],
};

/** Where an SDK could compute more members: code in which `add` does so with an object, and `each` with a list's. */
const ADDITIONS = {
  Flag: [
    'add(flag)',
    'add(flag.fallthrough)',
    'add(flag.fallthrough && flag.fallthrough.rollout)',
    'add(flag.migration)',
    'add(flag.clientSideAvailability)',
    'each(flag.rules)',
    'each(flag.targets)',
    'each(flag.contextTargets)',
    'each(flag.prerequisites)',
    'each(flag.rules, (rule) => add(rule.rollout))',
    'each(flag.rules, (rule) => rule.rollout && each(rule.rollout.variations))',
    'each(flag.rules, (rule) => each(rule.clauses))',
    'each(flag.targets, (target) => target.values.length > 100 && add(target))',
    'each(flag.rules, (rule) => each(rule.clauses, (c) => c.values && c.values.length > 100 && add(c)))',
  ],
  Segment: [
    'add(segment)',
    'each(segment.rules)',
    'each(segment.includedContexts)',
    'each(segment.excludedContexts)',
    'each(segment.rules, (rule) => each(rule.clauses))',
  ],
};

/**
 * @param {string} source the text of the file in which an SDK converts items
 * @param {8 | 9} version the SDK's
 * @param {{flags: object, segments: object, operators: string[]}} model items with all members
 * @returns {{change: string, changed: string}[]} each change, for messages, and the changed text
 */
function changesOf(source, version, model) {
  const start = Math.max(source.lastIndexOf('// src/store/serialization.ts'), 0);
  const end = version === 9 ? source.indexOf('\n// src/', start) : source.length;
  const section = source.slice(start, end);
  const [Reference] = section.match(/(?<=instanceof )\S+\.AttributeReference/) || [];
  return [
    ...REPLACEMENTS,
    ...NULL_REPLACEMENTS[version],
    ...additions(model, Reference),
    ...lostMembers(model),
  ].flatMap(([pattern, replacement]) => {
    const matches = [...section.matchAll(new RegExp(pattern, 'g'))];
    if (matches.length === 0) throw new Error(`SDK ${version} has no ${pattern}`);
    return matches.map(({ 0: text, index }) => {
      const here = new RegExp(pattern, 'y');
      here.lastIndex = index;
      const changed = section.replace(here, replacement);
      const line = section.slice(0, index).split('\n').length;
      const change = `${pattern} → ${replacement}, line ${line}: ${text}`;
      return { change, changed: source.slice(0, start) + changed + source.slice(end) };
    });
  });
}

/** @returns {Replacement[]} SDKs that compute more members, which they don't write */
function additions({ flags, segments, operators }, Reference) {
  const add = `(object) => { if (object) object.computed = new ${Reference}("a"); }`;
  const each = '(list, action = add) => (list || []).forEach(action)';
  const conditional = (item, items) =>
    Object.keys(Object.assign({}, ...Object.values(items)))
      .filter((name) => name !== 'deleted')
      .map((name) => `if (${item}.${name}) add(${item})`);
  const all = {
    Flag: [
      ...ADDITIONS.Flag,
      ...conditional('flag', flags),
      ...operators.map(
        (op) =>
          `each(flag.rules, ({ clauses }) => each(clauses, (c) => c.op === "${op}" && add(c)))`
      ),
    ],
    Segment: [...ADDITIONS.Segment, ...conditional('segment', segments)],
  };
  return Object.entries(all).flatMap(([Kind, codes]) => {
    const begin = new RegExp(`(?<=function process${Kind}\\(\\w+\\) \\{)`);
    return codes.map((code) => {
      return /** @type {Replacement} */ ([
        begin,
        `{ const add = ${add}, each = ${each}; ${code}; }`,
      ]);
    });
  });
}

/** @returns {Replacement[]} SDKs that don't write a member */
function lostMembers({ flags, segments }) {
  const names = new Set(['unknown']);
  // What is in a variation is not the SDK's.
  const withoutValues = Object.values(flags).map((flag) => ({ ...flag, variations: [] }));
  JSON.stringify([withoutValues, Object.values(segments)], (_name, value) => {
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
      for (const member of Object.keys(value)) names.add(member);
    }
    return value;
  });
  // Without these two, the store refuses an SDK. A null in place of the third is no item.
  for (const name of ['key', 'version', 'deleted']) names.delete(name);
  return [...names].map((name) => [REPLACER, `if (key === "${name}") return undefined;`]);
}

module.exports = { changesOf };

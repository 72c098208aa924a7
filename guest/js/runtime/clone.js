'use strict';
// structuredClone, for what programs of this size clone.

function structuredClone(value, _options, seen = new Map()) {
  if (value === null || typeof value !== 'object') return value;
  if (seen.has(value)) return seen.get(value);
  const keep = (copy) => { seen.set(value, copy); return copy; };
  if (value instanceof Date) return keep(new Date(value));
  if (value instanceof RegExp) return keep(new RegExp(value.source, value.flags));
  if (ArrayBuffer.isView(value)) return keep(value.slice());
  if (value instanceof ArrayBuffer) return keep(value.slice(0));
  const clone = (item) => structuredClone(item, undefined, seen);
  if (Array.isArray(value)) {
    const copy = keep([]);
    for (const item of value) copy.push(clone(item));
    return copy;
  }
  if (value instanceof Map) {
    const copy = keep(new Map());
    for (const [name, item] of value) copy.set(clone(name), clone(item));
    return copy;
  }
  if (value instanceof Set) {
    const copy = keep(new Set());
    for (const item of value) copy.add(clone(item));
    return copy;
  }
  const copy = keep({});
  for (const name of Object.keys(value)) copy[name] = clone(value[name]);
  return copy;
}

module.exports = { structuredClone };

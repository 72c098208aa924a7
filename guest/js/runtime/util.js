'use strict';
// The module `util`: the npm package of that name, and what is younger than it.

const util = require('util/util.js');

// Numbers and names of the errors that this platform has, as libuv has them on Linux.
const ERRORS = [
  [-7, 'E2BIG'], [-13, 'EACCES'], [-98, 'EADDRINUSE'], [-99, 'EADDRNOTAVAIL'], [-103, 'ECONNABORTED'],
  [-111, 'ECONNREFUSED'], [-104, 'ECONNRESET'], [-113, 'EHOSTUNREACH'], [-22, 'EINVAL'], [-5, 'EIO'], [-21, 'EISDIR'],
  [-2, 'ENOENT'], [-20, 'ENOTDIR'], [-32, 'EPIPE'], [-110, 'ETIMEDOUT'], [-3008, 'ENOTFOUND'],
];

const types = { ...util.types };

function isDeepStrictEqual(one, other) {
  try {
    require('assert').deepStrictEqual(one, other);
    return true;
  } catch { return false; }
}

function styleText(format, text) { return `${text}`; }
function stripVTControlCharacters(text) { return text.replace(/\u001b\[[0-9;]*m/g, ''); }
function toUSVString(text) { return `${text}`.toWellFormed?.() ?? `${text}`; }

// Where the caller was called from, and so on.
function getCallSites(count = 10) {
  const lines = (new Error().stack ?? '').split('\n').slice(1, count + 1);
  return lines.map((line) => {
    const [, functionName = '', scriptName = '', lineNumber = 0, column = 0] = /at (.*?) ?\(?([^()]*?)(?::(\d+))?(?::(\d+))?\)?$/.exec(line) ?? [];
    return { functionName, scriptName, scriptId: '', lineNumber: Number(lineNumber), column: Number(column), columnNumber: Number(column) };
  });
}

function debuglog(name) {
  const on = new RegExp(`\\b${name}\\b`, 'i').test(process.env.NODE_DEBUG ?? '');
  const log = (...words) => { if (on) process._rawDebug(`${name.toUpperCase()} 1: ${util.format(...words)}`); };
  log.enabled = on;
  return log;
}

function promisify(original) {
  if (original?.[promisify.custom]) return original[promisify.custom];
  return util.promisify(original);
}
promisify.custom = Symbol.for('nodejs.util.promisify.custom');

// The package knows the mark of its own; Node's is what programs define.
const inspect = (value, ...given) => {
  const custom = value !== null && typeof value === 'object' && value[Symbol.for('nodejs.util.inspect.custom')];
  if (typeof custom !== 'function') return util.inspect(value, ...given);
  const shown = custom.call(value, 2, given[0] ?? {}, inspect);
  return typeof shown === 'string' ? shown : util.inspect(shown, ...given);
};
Object.assign(inspect, util.inspect, { custom: Symbol.for('nodejs.util.inspect.custom'), defaultOptions: {} });

module.exports = {
  ...util, types, inspect, isDeepStrictEqual, styleText, stripVTControlCharacters, toUSVString, getCallSites, getCallSite: getCallSites, debuglog, debug: debuglog,
  promisify,
  getSystemErrorMap: () => new Map(ERRORS.map(([number, name]) => [number, [name, name]])),
  getSystemErrorName: (number) => ERRORS.find(([known]) => known === number)?.[1],
  get TextEncoder() { return globalThis.TextEncoder; },
  get TextDecoder() { return globalThis.TextDecoder; },
};

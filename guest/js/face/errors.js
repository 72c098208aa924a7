'use strict';
// Errors with Node's names, codes and texts: those of the core, and those of arguments that only JavaScript has.

const { inspect, getSystemErrorMap } = require('util');

const bases = { Error, TypeError, RangeError };

// As Node prints its own: the code stands behind the name in the stack, not in the name.
function nodeError(Base, code, message) {
  const error = new Base(message);
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)).slice(1);
  Object.defineProperty(error, 'stack', {
    value: [`${error.name} [${code}]: ${message}`, ...frames].join('\n'),
    writable: true, configurable: true, enumerable: false,
  });
  error.code = code;
  return error;
}

// An error of JavaScript on its way through the core: the core hands on its number, so that the same object comes back.
const travelling = new Map();
let lastTravelling = 0;

function fromError(error) {
  if (error === undefined || error === null) return null;
  const number = `#${++lastTravelling}`;
  travelling.set(number, error);
  if (travelling.size > 1000) travelling.delete(travelling.keys().next().value);
  return { name: 'Error', code: 'JS', message: number };
}

function errno(code) {
  for (const [number, [name]] of getSystemErrorMap?.() ?? []) if (name === code) return number;
  return undefined;
}

function toError(value) {
  if (value.code === 'JS' && travelling.has(value.message)) return travelling.get(value.message);
  const Base = bases[value.name] ?? Error;
  let error;
  if (/^ERR_/.test(value.code) && value.name !== 'AbortError') {
    error = nodeError(Base, value.code, value.message);
  } else {
    error = new Base(value.message);
    if (value.name === 'AbortError') error.name = 'AbortError';
    if (value.code) error.code = value.code;
  }
  for (const name of ['reason', 'bytesParsed', 'syscall', 'address', 'port']) {
    if (value[name] !== undefined && value[name] !== null) error[name] = value[name];
  }
  if (value.rawPacket !== undefined) error.rawPacket = Buffer.from(value.rawPacket, 'latin1');
  if (value.syscall) error.errno = errno(value.code);
  return error;
}

function received(value) {
  if (value === undefined || value === null) return ` Received ${value}`;
  if (typeof value === 'function') return ` Received function ${value.name}`;
  if (typeof value === 'object') {
    if (value.constructor?.name) return ` Received an instance of ${value.constructor.name}`;
    return ` Received ${inspect(value, { depth: -1 })}`;
  }
  let text = inspect(value, { colors: false });
  if (text.length > 28) text = `${text.slice(0, 25)}...`;
  return ` Received type ${typeof value} (${text})`;
}

const what = (name) => {
  if (name.endsWith(' argument')) return name;
  return `"${name}" ${name.includes('.') ? 'property' : 'argument'}`;
};

const invalidArgType = (name, expected, value) =>
  nodeError(TypeError, 'ERR_INVALID_ARG_TYPE', `The ${what(name)} must be ${expected}.${received(value)}`);

const invalidArgValue = (name, value, reason = 'is invalid') =>
  nodeError(TypeError, 'ERR_INVALID_ARG_VALUE',
            `The ${name.includes('.') ? 'property' : 'argument'} '${name}' ${reason}. Received ${inspect(value)}`);

const outOfRange = (name, range, value) =>
  nodeError(RangeError, 'ERR_OUT_OF_RANGE',
            `The value of "${name}" is out of range. It must be ${range}. Received ${inspect(value)}`);

const headersSent = (action) =>
  nodeError(Error, 'ERR_HTTP_HEADERS_SENT', `Cannot ${action} headers after they are sent to the client`);

const streamDestroyed = (operation) =>
  nodeError(Error, 'ERR_STREAM_DESTROYED', `Cannot call ${operation} after a stream was destroyed`);

const hangUp = () => Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });

function validateBoolean(value, name) {
  if (typeof value !== 'boolean') throw invalidArgType(name, 'of type boolean', value);
}

function validateString(value, name) {
  if (typeof value !== 'string') throw invalidArgType(name, 'of type string', value);
}

function validateObject(value, name) {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw invalidArgType(name, 'of type object', value);
  }
}

function validateFunction(value, name) {
  if (typeof value !== 'function') throw invalidArgType(name, 'of type function', value);
}

function validateInteger(value, name, min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER) {
  if (typeof value !== 'number') throw invalidArgType(name, 'of type number', value);
  if (!Number.isInteger(value)) throw outOfRange(name, 'an integer', value);
  if (value < min || value > max) throw outOfRange(name, `>= ${min} && <= ${max}`, value);
}

function validateNumber(value, name, min) {
  if (typeof value !== 'number') throw invalidArgType(name, 'of type number', value);
  if (!(value >= min)) throw outOfRange(name, `>= ${min}`, value);
}

const LONGEST_TIMER = 2 ** 31 - 1;

function timerDuration(msecs, name) {
  if (typeof msecs !== 'number') throw invalidArgType(name, 'of type number', msecs);
  if (msecs < 0 || !Number.isFinite(msecs)) throw outOfRange(name, 'a non-negative finite number', msecs);
  if (msecs > LONGEST_TIMER) {
    process.emitWarning(`${msecs} does not fit into a 32-bit signed integer.` +
      `\nTimer duration was truncated to ${LONGEST_TIMER}.`, 'TimeoutOverflowWarning');
    return LONGEST_TIMER;
  }
  return msecs;
}

module.exports = {
  nodeError, fromError, toError, invalidArgType, invalidArgValue, outOfRange, headersSent, streamDestroyed, hangUp,
  validateBoolean, validateString, validateObject, validateFunction, validateInteger, validateNumber, timerDuration,
};

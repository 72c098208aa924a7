'use strict';
// OutgoingMessage: what responses and requests have in common. Every header, framing and body rule is the core's.

const EventEmitter = require('events');
const { Stream } = require('stream');
const core = require('./core');
const { kHandle } = require('./incoming');
const {
  headersSent, invalidArgType, invalidArgValue, nodeError, streamDestroyed, timerDuration, validateString,
} = require('./errors');

const kSent = Symbol('sent');
const kCallbacks = Symbol('callbacks');
const kFinished = Symbol('finished');
const kErrored = Symbol('errored');
const kHighWaterMark = Symbol('kHighWaterMark');
const kGiven = Symbol('given');
const kOutputData = Symbol('outputData');
const HIGH_WATER_MARK = 64 * 1024;

function OutgoingMessage(options) {
  if (EventEmitter.usingDomains) EventEmitter.call(this);
  // 0: the message is nobody's but the program's, until something is done with it.
  this[kHandle] = 0;
  const highWaterMark = options?.highWaterMark;
  if (highWaterMark !== undefined && highWaterMark !== HIGH_WATER_MARK) this[kHighWaterMark] = highWaterMark;
}
Object.setPrototypeOf(OutgoingMessage.prototype, Stream.prototype);
Object.setPrototypeOf(OutgoingMessage, Stream);
const prototype = OutgoingMessage.prototype;

// What most messages leave as it is.
Object.assign(prototype, {
  [kSent]: false, [kCallbacks]: null, [kFinished]: false, [kErrored]: null, [kGiven]: null, [kOutputData]: null,
  [kHighWaterMark]: HIGH_WATER_MARK, outputSize: 0, writable: true, destroyed: false, finished: false, socket: null, _last: false,
  _defaultKeepAlive: true, useChunkedEncodingByDefault: true, _closed: false,
  // Whether a connection of the core sends it.
  _isBound: false,
});

const handleOf = (message) => (message[kHandle] ||= message._create());
prototype._create = () => core.create('outgoing');

// Also for objects that only look like messages.
const isSent = (message) => (message instanceof OutgoingMessage ? message.headersSent : Boolean(message._header));
const ask = (message, operation, ...given) => core.call(handleOf(message), operation, ...given);

// Header values as the core knows them: text, a whole number, or a list of texts.
function headerValue(name, value) {
  if (value === undefined) {
    throw nodeError(TypeError, 'ERR_HTTP_INVALID_HEADER_VALUE', `Invalid value "${value}" for header "${name}"`);
  }
  if (Array.isArray(value)) return value.map(String);
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) return value;
  return `${value}`;
}

function checkName(name) {
  if (typeof name !== 'string' || !name) {
    throw nodeError(TypeError, 'ERR_INVALID_HTTP_TOKEN', `Header name must be a valid HTTP token ["${name}"]`);
  }
}

function field(name, value) {
  checkName(name);
  return [name, headerValue(name, value)];
}

// The fields of an object, of a list of pairs, or of a flat list.
function toFields(headers) {
  if (!Array.isArray(headers)) return Object.keys(headers).map((name) => field(name, headers[name]));
  if (Array.isArray(headers[0])) return headers.map(([name, value]) => field(name, value));
  if (headers.length % 2) throw invalidArgValue('headers', headers);
  const fields = [];
  for (let i = 0; i < headers.length; i += 2) fields.push(field(headers[i], headers[i + 1]));
  return fields;
}

// Lists that are not of texts are given back as they were.
function keepGiven(message, name, value) {
  if (Array.isArray(value) && !value.every((item) => typeof item === 'string')) {
    (message[kGiven] ??= new Map()).set(name.toLowerCase(), value);
  } else message[kGiven]?.delete(name.toLowerCase());
}

prototype.setHeader = function(name, value) {
  if (isSent(this)) throw headersSent('set');
  ask(this, 'setHeader', ...field(name, value));
  keepGiven(this, name, value);
  return this;
};

prototype.appendHeader = function(name, value) {
  if (isSent(this)) throw headersSent('append');
  ask(this, 'appendHeader', ...field(name, value));
  keepGiven(this, name);
  return this;
};

prototype.setHeaders = function(headers) {
  if (isSent(this)) throw headersSent('set');
  if (!headers || Array.isArray(headers) || typeof headers.keys !== 'function' || typeof headers.get !== 'function') {
    throw invalidArgType('headers', 'an instance of Headers or Map', headers);
  }
  const cookies = [];
  for (const [name, value] of headers) {
    if (name === 'set-cookie') cookies.push(...[value].flat()); else this.setHeader(name, value);
  }
  if (cookies.length) this.setHeader('set-cookie', cookies);
  return this;
};

prototype.getHeader = function(name) {
  validateString(name, 'name');
  const value = ask(this, 'getHeader', name) ?? undefined;
  return value === undefined ? value : this[kGiven]?.get(name.toLowerCase()) ?? value;
};

prototype.hasHeader = function(name) {
  validateString(name, 'name');
  return ask(this, 'hasHeader', name);
};

prototype.getHeaders = function() {
  const headers = Object.create(null);
  for (const [name, value] of ask(this, 'getHeaders')) headers[name] = this[kGiven]?.get(name) ?? value;
  return headers;
};

prototype.getHeaderNames = function() { return ask(this, 'getHeaderNames'); };
prototype.getRawHeaderNames = function() { return ask(this, 'getRawHeaderNames'); };

prototype.removeHeader = function(name) {
  validateString(name, 'name');
  if (isSent(this)) throw headersSent('remove');
  ask(this, 'removeHeader', name);
};

prototype.addTrailers = function(headers) { ask(this, 'addTrailers', toFields(headers)); };

// The implicit head: what is set as a property goes to the core before it.
prototype._prepare = function() {};

prototype._implicitHeader = function() {
  throw nodeError(Error, 'ERR_METHOD_NOT_IMPLEMENTED', 'The _implicitHeader() method is not implemented');
};

prototype.flushHeaders = function() {
  if (!this._isBound && !this.headersSent) this._implicitHeader();
  this._prepare();
  ask(this, 'flushHeaders');
  this._kick();
};

// What is written in one tick leaves together. Where the core goes on by itself, whoever listens hears of it then.
prototype._kick = function() {
  if (!core.goesOn || this._events !== undefined || this[kCallbacks] !== null) core.later();
};

prototype.cork = function() {
  ask(this, 'cork');
  this.socket?.cork?.();
};

prototype.uncork = function() {
  ask(this, 'uncork');
  this.socket?.uncork?.();
  this._kick();
};

function toBytes(chunk, encoding) {
  if (chunk === null) throw nodeError(TypeError, 'ERR_STREAM_NULL_VALUES', 'May not write null values to stream');
  if (typeof chunk === 'string') return Buffer.from(chunk, encoding && encoding !== 'buffer' ? encoding : 'utf8');
  if (chunk instanceof Uint8Array) return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  throw invalidArgType('chunk', 'of type string or an instance of Buffer or Uint8Array', chunk);
}

const isUtf8 = (encoding) => encoding === undefined || encoding === null || encoding === 'utf8' || encoding === 'utf-8';

const nothing = () => {};

// An error that is told in the next tick, to the callback and as an event.
function fail(message, error, callback) {
  process.nextTick(() => {
    callback?.(error);
    if (!message.destroyed) message.emit('error', error);
  });
}

// Whether the connection is gone, which a program hears of otherwise.
const isGone = (error) => error.code === 'ERR_STREAM_DESTROYED';

prototype.write = function(chunk, encoding, callback) {
  if (typeof encoding === 'function') [encoding, callback] = [null, encoding];
  const bytes = toBytes(chunk, encoding);
  if (this.finished) {
    const error = nodeError(Error, 'ERR_STREAM_WRITE_AFTER_END', 'write after end');
    if (this.destroyed) process.nextTick(callback ?? nothing, error); else fail(this, error, callback);
    return false;
  }
  if (this.destroyed) {
    process.nextTick(callback ?? nothing, streamDestroyed('write'));
    return false;
  }
  if (!this._isBound) return this._writeUnbound(bytes, callback);
  this._prepare();
  let room;
  try {
    room = core.write(handleOf(this), bytes);
  } catch (error) {
    if (!isGone(error)) throw error;
    process.nextTick(callback ?? nothing, error);
    return false;
  }
  if (callback) (this[kCallbacks] ??= []).push(callback);
  if (room) this._kick(); else core.kick();
  return room;
};

prototype.end = function(chunk, encoding, callback) {
  if (typeof chunk === 'function') [chunk, encoding, callback] = [null, null, chunk];
  else if (typeof encoding === 'function') [encoding, callback] = [null, encoding];
  let bytes = null;
  if (chunk) bytes = this._isBound && core.takesText && typeof chunk === 'string' && isUtf8(encoding) ? chunk : toBytes(chunk, encoding);
  if (this.finished) {
    if (bytes) fail(this, nodeError(Error, 'ERR_STREAM_WRITE_AFTER_END', 'write after end'), callback);
    else if (typeof callback === 'function') this._endedBefore(callback);
    return this;
  }
  if (!this._isBound) return this._endUnbound(bytes, callback);
  this._prepare();
  if (typeof callback === 'function') this.once('finish', callback);
  try {
    core.end(this[kHandle] || handleOf(this), bytes);
    this[kSent] = true;
  } catch (error) {
    if (!isGone(error)) throw error;
  }
  this.finished = true;
  this._kick();
  return this;
};

// A message that no connection of the core sends goes to the socket that it was given, or waits for one: rendered by
// the core where it has a head, as it is where the program's own class does without.
prototype._writeUnbound = function(bytes, callback) {
  if (!this.headersSent) this._implicitHeader();
  if (this.headersSent) {
    core.write(handleOf(this), bytes);
    bytes = core.read(handleOf(this), 0);
  }
  return this._toSocket(bytes, callback);
};

prototype._endUnbound = function(bytes, callback) {
  if (!this.headersSent) this._beforeEnd();
  if (typeof callback === 'function') this.once('finish', callback);
  if (this.headersSent || this._isResponse) {
    core.end(handleOf(this), bytes);
    bytes = core.read(handleOf(this), 0);
  }
  this.finished = true;
  if (bytes?.length) this._toSocket(bytes);
  this._toSocket(Buffer.alloc(0), () => {
    this[kFinished] = true;
    this.emit('finish');
  });
  return this;
};

// A head that comes with the end knows how long the body is.
prototype._beforeEnd = function() { this._implicitHeader(); };

prototype._toSocket = function(bytes, callback) {
  if (this.socket) return this.socket.write(bytes, callback);
  this.outputData.push({ data: bytes, callback });
  this.outputSize += bytes.length;
  return this.outputSize < this[kHighWaterMark];
};

prototype._endedBefore = function(callback) {
  if (this.writableFinished) {
    callback(nodeError(Error, 'ERR_STREAM_ALREADY_FINISHED', 'Cannot call end after a stream was finished'));
  } else this.on('finish', callback);
};

// More is flushed: whoever waits for that is called.
prototype._moved = function() {
  const callbacks = this[kCallbacks];
  if (callbacks === null) return;
  const flushed = ask(this, 'flushed');
  if (flushed === null) return;
  this[kCallbacks] = null;
  for (const callback of callbacks) callback(flushed ? null : streamDestroyed('write'));
};

prototype.pipe = function() {
  this.emit('error', nodeError(Error, 'ERR_STREAM_CANNOT_PIPE', 'Cannot pipe, not readable'));
};

prototype.setTimeout = function(msecs, callback) {
  if (callback) this.on('timeout', callback);
  if (this._isBound) {
    ask(this, 'setTimeout', timerDuration(msecs, 'msecs'));
    core.kick();
  } else if (this.socket) this.socket.setTimeout(msecs);
  else this.once('socket', (socket) => socket.setTimeout(msecs));
  return this;
};

prototype.destroy = function(error) {
  if (this.destroyed) return this;
  this.destroyed = true;
  this[kErrored] = error;
  if (this.socket) this.socket.destroy(error); else this.once('socket', (socket) => socket.destroy(error));
  return this;
};

prototype[EventEmitter.captureRejectionSymbol] = function(error) { this.destroy(error); };

// What the core knows of a message, and what can be set there.
const ofCore = (get, set) => ({
  configurable: true,
  get() { return ask(this, get); },
  set(value) { if (set) ask(this, set, Boolean(value)); },
});

Object.defineProperties(prototype, {
  outputData: {
    configurable: true, enumerable: true,
    get() { return this[kOutputData] ??= []; },
    set(value) { this[kOutputData] = value; },
  },
  headersSent: { configurable: true, enumerable: true, get() { return this[kSent] ||= ask(this, 'headersSent'); } },
  _header: { configurable: true, get() { return this.headersSent ? 'HTTP/1.1' : null; }, set() {} },
  _headerSent: { configurable: true, get() { return this.headersSent; }, set() {} },
  writableEnded: { get() { return this.finished; } },
  writableFinished: { get() { return this[kFinished]; } },
  writableObjectMode: { get() { return false; } },
  writableLength: { get() { return this._isBound ? ask(this, 'writableLength') : this.outputSize + (this.socket?.writableLength ?? 0); } },
  writableHighWaterMark: { get() { return this.socket ? this.socket.writableHighWaterMark : this[kHighWaterMark]; } },
  writableCorked: ofCore('writableCorked'),
  writableNeedDrain: { get() { return !this.destroyed && !this.finished && ask(this, 'writableNeedDrain'); } },
  errored: { get() { return this[kErrored]; } },
  closed: { get() { return this._closed; } },
  connection: { get() { return this.socket; }, set(socket) { this.socket = socket; } },
  chunkedEncoding: ofCore('chunkedEncoding'),
  shouldKeepAlive: ofCore('shouldKeepAlive', 'setShouldKeepAlive'),
  sendDate: ofCore('sendDate', 'setSendDate'),
  strictContentLength: ofCore('strictContentLength', 'setStrictContentLength'),
});

function validateHeaderName(name, label) {
  if (typeof name !== 'string' || !name) {
    throw nodeError(TypeError, 'ERR_INVALID_HTTP_TOKEN', `${label || 'Header name'} must be a valid HTTP token ["${name}"]`);
  }
  core.call(0, 'validateHeaderName', name, label);
}

function validateHeaderValue(name, value) {
  headerValue(name, value);
  core.call(0, 'validateHeaderValue', name, `${value}`);
}

module.exports = {
  OutgoingMessage, ask, handleOf, headerValue, checkName, toFields, validateHeaderName, validateHeaderValue,
  kSent, kCallbacks, kFinished, kErrored, kHighWaterMark,
};

'use strict';
// IncomingMessage: a received message as a stream. What it is made of comes from the core.

const { Readable } = require('stream');
const core = require('./core');
const { kConnection } = require('./connection');
const { fromError, timerDuration, toError } = require('./errors');

const kHandle = Symbol('handle');
const kHeaders = Symbol('headers');
const kHeadersDistinct = Symbol('headersDistinct');
const kTrailers = Symbol('trailers');
const kTrailersDistinct = Symbol('trailersDistinct');
const kState = Symbol('state');

// Bytes that are read at once.
const CHUNK = 64 * 1024;

// The events of a message; 'timeout' only where somebody listens, because that changes what happens.
const EVENTS = 0b1_0111;
const TIMEOUT = 0b1000;

function IncomingMessage(socket) {
  Readable.call(this, socket ? { highWaterMark: socket.readableHighWaterMark } : undefined);
  this[kHandle] = 0;
  this[kState] = { waiting: false, ending: false, byCore: false, listened: EVENTS };
  this._readableState.readingMore = true;
  this.socket = socket;
  this.httpVersionMajor = null;
  this.httpVersionMinor = null;
  this.httpVersion = null;
  this.complete = false;
  this[kHeaders] = null;
  this.rawHeaders = [];
  this[kTrailers] = null;
  this.rawTrailers = [];
  this.joinDuplicateHeaders = false;
  this.aborted = false;
  this.upgrade = null;
  this.url = '';
  this.method = null;
  this.statusCode = null;
  this.statusMessage = null;
  this.client = socket;
  this._consumed = false;
  this._dumped = false;
}
Object.setPrototypeOf(IncomingMessage.prototype, Readable.prototype);
Object.setPrototypeOf(IncomingMessage, Readable);
const prototype = IncomingMessage.prototype;

// Later names win, as they do in an object of JavaScript; `__proto__` is a name like any other.
function toObject(pairs, object = {}) {
  for (const [name, value] of pairs) {
    if (name === '__proto__') {
      Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
    } else object[name] = value;
  }
  return object;
}

function property(symbol, read) {
  return {
    configurable: true, enumerable: true,
    get() { return this[symbol] ??= read(this); },
    set(value) { this[symbol] = value; },
  };
}

// A message that a program has made itself knows no more than its lines.
const headers = (message) => (message[kHandle]
  ? core.call(message[kHandle], 'headers')
  : core.call(0, 'joined', message.rawHeaders, Boolean(message.joinDuplicateHeaders)));

const trailers = (operation) => (message) => {
  return message[kHandle] ? toObject(core.call(message[kHandle], operation)) : {};
};

Object.defineProperties(prototype, {
  headers: property(kHeaders, (message) => toObject(headers(message))),
  headersDistinct: property(kHeadersDistinct, (message) => toObject(core.call(0, 'distinct', message.rawHeaders))),
  trailers: property(kTrailers, trailers('trailers')),
  trailersDistinct: property(kTrailersDistinct, trailers('trailersDistinct')),
  connection: { configurable: true, get() { return this.socket; }, set(socket) { this.socket = socket; } },
});

// What the core has received becomes this message.
prototype._start = function(received) {
  this[kHandle] = received.message;
  this.httpVersionMajor = received.major;
  this.httpVersionMinor = received.minor;
  this.httpVersion = `${received.major}.${received.minor}`;
  this.rawHeaders = received.raw;
  if (received.status === undefined) {
    this.method = received.method;
    this.url = received.url;
  } else {
    this.statusCode = received.status;
    this.statusMessage = received.reason;
  }
  core.register(received.message, this);
  return this;
};

core.tellListening(prototype, Readable.prototype, ['timeout']);

prototype._sync = function() {
  if (!this[kHandle]) return;
  const listened = this._events.timeout === undefined ? EVENTS : EVENTS | TIMEOUT;
  if (listened === this[kState].listened) return;
  this[kState].listened = listened;
  core.call(this[kHandle], 'listenFor', listened);
};

prototype._read = function() {
  if (!this._consumed) {
    this._readableState.readingMore = false;
    this._consumed = true;
  }
  if (!this[kHandle]) return;
  this[kState].waiting = true;
  this._pull();
};

prototype._isWaiting = function() { return this[kState].waiting; };

// Gives the stream what it has asked for.
prototype._pull = function() {
  const state = this[kState];
  if (!state.waiting || this._readableState.destroyed || !this[kHandle]) return;
  if (core.call(this[kHandle], 'atEnd')) {
    this._finishReading();
    return;
  }
  const bytes = core.read(this[kHandle], CHUNK);
  if (bytes === 'pending') return;
  state.waiting = false;
  core.later();
  if (typeof bytes !== 'string') this.push(bytes);
};

// 'timeout' comes from the socket.
prototype._timesOutWithSocket = function() { this[kState].bySocket = true; };

// Nothing is left but the end. The core hears of it when it is told, in the tick behind it.
prototype._finishReading = function() {
  const state = this[kState];
  state.waiting = false;
  this.complete = true;
  this.rawTrailers = core.call(this[kHandle], 'rawTrailers');
  if (!state.ending) {
    state.ending = true;
    this.prependOnceListener('end', () => process.nextTick(() => this._ended()));
  }
  this.push(null);
};

prototype._ended = function() {
  const connection = this.socket?.[kConnection];
  if (connection?.pipe && connection.socket.destroyed) { core.finish(connection.pipe); core.work(); }
  core.read(this[kHandle], 1);
  core.work();
  this._freed?.();
  core.later();
};

prototype._destroy = function(error, callback) {
  const state = this[kState];
  state.waiting = false;
  const cut = !this.readableEnded || !this.complete;
  if (cut && !state.byCore) {
    this.aborted = true;
    this.emit('aborted');
    if (this[kHandle]) {
      core.call(this[kHandle], 'destroy', fromError(error));
      core.kick();
    } else if (this.socket && !this.socket.destroyed) this.socket.destroy(error);
  }
  if (!error && cut && this[kHandle]) error = Object.assign(new Error('aborted'), { code: 'ECONNRESET' });
  process.nextTick(callback, this.listenerCount('error') === 0 ? null : error);
};

prototype._event = function(kind, payload) {
  const state = this[kState];
  switch (kind) {
    case 'readable': this._pull(); return;
    case 'aborted':
      this.aborted = true;
      this.emit('aborted');
      return;
    case 'error':
      state.byCore = true;
      Readable.prototype.destroy.call(this, this.listenerCount('error') ? toError(payload) : null);
      return;
    case 'close':
      if (!this._readableState.destroyed && (this.aborted || this._dumped)) {
        state.byCore = true;
        if (this._dumped) this.complete = true;
        Readable.prototype.destroy.call(this);
      }
      core.retire(this[kHandle], this);
      return;
    case 'timeout': if (!state.bySocket) this.emit('timeout', this.socket); return;
    default:
  }
};

prototype.setTimeout = function(msecs, callback) {
  if (callback) this.on('timeout', callback);
  if (this[kHandle]) {
    core.call(this[kHandle], 'setTimeout', timerDuration(msecs, 'msecs'));
    core.kick();
  } else this.socket?.setTimeout(msecs);
  return this;
};

// Throws the rest away.
prototype._dump = function() {
  if (this._dumped) return;
  this._dumped = true;
  this.removeAllListeners('data');
  this.resume();
};

// Node's own way to add a field to the objects, which programs replace.
prototype._addHeaderLines = function(headers, count) {
  for (let i = 0; i + 1 < count; i += 2) this._addHeaderLine(headers[i], headers[i + 1], this.headers);
};
prototype._addHeaderLine = function(name, value, fields) {
  const merged = core.call(0, 'joined', [...flatten(fields), name, `${value}`], this.joinDuplicateHeaders);
  for (const key of Object.keys(fields)) delete fields[key];
  toObject(merged, fields);
};

function flatten(fields) {
  const flat = [];
  for (const [name, value] of Object.entries(fields)) {
    for (const item of Array.isArray(value) ? value : [value]) flat.push(name, `${item}`);
  }
  return flat;
}

module.exports = { IncomingMessage, kHandle, toObject };

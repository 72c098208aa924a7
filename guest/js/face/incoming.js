'use strict';
// IncomingMessage: a received message as a stream. What it is made of comes from the core.

const EventEmitter = require('events');
const { Readable } = require('stream');
const core = require('./core');
const { kConnection } = require('./connection');
const { fromError, timerDuration, toError } = require('./errors');

const kHandle = Symbol('handle');
const kHeaders = Symbol('headers');
const kHeadersDistinct = Symbol('headersDistinct');
const kRawHeaders = Symbol('rawHeaders');
const kTrailers = Symbol('trailers');
const kTrailersDistinct = Symbol('trailersDistinct');
const kRawTrailers = Symbol('rawTrailers');
const kWaiting = Symbol('waiting');
const kEnding = Symbol('ending');
const kByCore = Symbol('byCore');
const kBySocket = Symbol('bySocket');
const kListened = Symbol('listened');
const kHasStream = Symbol('hasStream');
const kUnseen = Symbol('unseen');
const kVersion = Symbol('version');
const kComplete = Symbol('complete');

// Bytes that are read at once.
const CHUNK = 64 * 1024;

// The events of a message; 'timeout' only where somebody listens, because that changes what happens.
const EVENTS = 0b0111;
const TIMEOUT = 0b1000;

// Most requests have no body that anybody reads: the stream is made when somebody looks at it (`_readableState`).
function IncomingMessage(socket) {
  if (EventEmitter.usingDomains) EventEmitter.call(this);
  this[kHandle] = 0;
  this.socket = socket;
}
Object.setPrototypeOf(IncomingMessage.prototype, Readable.prototype);
Object.setPrototypeOf(IncomingMessage, Readable);
const prototype = IncomingMessage.prototype;

Object.assign(prototype, {
  [kHeaders]: null, [kHeadersDistinct]: null, [kRawHeaders]: null, [kTrailers]: null, [kTrailersDistinct]: null,
  [kRawTrailers]: null, [kWaiting]: false, [kEnding]: false, [kByCore]: false, [kBySocket]: false, [kListened]: EVENTS,
  [kUnseen]: false, [kHasStream]: false, [kVersion]: 0, [kComplete]: false, url: '', method: null, statusCode: null, statusMessage: null,
  // Where it is looked for first.
  _events: undefined, joinDuplicateHeaders: false, aborted: false, _consumed: false, _dumped: false,
});

// A property that is read from others until a program sets it.
const readFrom = (name, get) => Object.defineProperty(prototype, name, {
  configurable: true, enumerable: true, get,
  set(value) { Object.defineProperty(this, name, { value, configurable: true, enumerable: true, writable: true }); },
});
readFrom('client', function() { return this.socket; });
readFrom('httpVersionMajor', function() { return this[kVersion] === 0 ? null : Math.floor(this[kVersion] / 10); });
readFrom('httpVersionMinor', function() { return this[kVersion] === 0 ? null : this[kVersion] % 10; });
readFrom('httpVersion', function() { return this[kVersion] === 0 ? null : `${this.httpVersionMajor}.${this.httpVersionMinor}`; });
readFrom('upgrade', function() { return this[kHandle] ? false : null; });
readFrom('complete', function() { return this[kComplete] || this[kUnseen]; });

Object.defineProperty(prototype, '_readableState', {
  configurable: true,
  get() {
    if (this[kHandle] === undefined) return undefined;
    const { client } = this;
    Readable.call(this, client ? { highWaterMark: client.readableHighWaterMark } : undefined);
    const state = this._readableState;
    state.readingMore = true;
    if (this[kUnseen]) {
      for (const name of ['ended', 'endEmitted', 'destroyed', 'closed', 'closeEmitted']) state[name] = true;
    } else if (this[kHandle]) core.call(this[kHandle], 'touch');
    return state;
  },
  set(value) {
    this[kHasStream] = true;
    Object.defineProperty(this, '_readableState', { value, configurable: true, enumerable: true, writable: true });
  },
});

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
  rawHeaders: property(kRawHeaders, (message) => (message[kHandle] ? core.call(message[kHandle], 'rawHeaders') : [])),
  rawTrailers: property(kRawTrailers, () => []),
  connection: { configurable: true, get() { return this.socket; }, set(socket) { this.socket = socket; } },
});

// What the core has received becomes this message.
prototype._start = function(received) {
  this[kHandle] = received.message;
  this[kVersion] = received.major * 10 + received.minor;
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

// As `_start`, of a request: its handle, version, method and URL.
prototype._startRequest = function(handle, version, method, url) {
  this[kHandle] = handle;
  this[kVersion] = version;
  this.method = method;
  this.url = url;
  core.enlist(handle, this);
};

core.tellListening(prototype, Readable.prototype, ['timeout']);

prototype._sync = function() {
  if (!this[kHandle]) return;
  const listened = this._events?.timeout === undefined ? EVENTS : EVENTS | TIMEOUT;
  if (listened === this[kListened]) return;
  this[kListened] = listened;
  core.call(this[kHandle], 'listenFor', listened);
};

prototype._read = function() {
  if (!this._consumed) {
    this._readableState.readingMore = false;
    this._consumed = true;
    const connection = this.socket?.[kConnection];
    if (connection) connection.reading = this;
  }
  if (!this[kHandle]) return;
  this[kWaiting] = true;
  this._pull();
};

prototype._isWaiting = function() { return this[kWaiting]; };

// Gives the stream what it has asked for.
prototype._pull = function() {
  if (!this[kWaiting] || this._readableState.destroyed || !this[kHandle]) return;
  if (core.isSpent(this[kHandle])) {
    this._finishReading();
    return;
  }
  const bytes = core.read(this[kHandle], CHUNK);
  if (bytes === 'pending') return;
  this[kWaiting] = false;
  core.later();
  if (typeof bytes !== 'string') this.push(bytes);
};

// 'timeout' comes from the socket.
prototype._timesOutWithSocket = function() { this[kBySocket] = true; };

// Nothing is left but the end. The core hears of it when it is told, in the tick behind it.
prototype._finishReading = function() {
  this[kWaiting] = false;
  this[kComplete] = true;
  this.rawTrailers = core.call(this[kHandle], 'rawTrailers');
  if (!this[kEnding]) {
    this[kEnding] = true;
    this.prependOnceListener('end', () => process.nextTick(() => this._ended()));
  }
  this.push(null);
};

prototype._ended = function() {
  const connection = this.socket?.[kConnection];
  if (connection?.reading === this) connection.reading = null;
  if (connection?.pipe && connection.socket.destroyed) { core.finish(connection.pipe); core.work(); }
  core.read(this[kHandle], 1);
  core.work();
  this._freed?.();
  core.later();
};

prototype._destroy = function(error, callback) {
  const connection = this.socket?.[kConnection];
  if (connection?.reading === this) connection.reading = null;
  this[kWaiting] = false;
  const cut = !this.readableEnded || !this.complete;
  if (cut && !this[kByCore]) {
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
  switch (kind) {
    case 'readable': this._pull(); return;
    case 'aborted':
      this.aborted = true;
      this.emit('aborted');
      return;
    case 'error':
      this[kByCore] = true;
      Readable.prototype.destroy.call(this, this.listenerCount('error') ? toError(payload) : null);
      return;
    case 'close':
      if (!this[kUnseen] && (this.aborted || this._dumped) && !this._readableState.destroyed) {
        this[kByCore] = true;
        if (this._dumped) this[kComplete] = true;
        Readable.prototype.destroy.call(this);
      }
      core.retire(this[kHandle], this);
      return;
    case 'timeout': if (!this[kBySocket]) this.emit('timeout', this.socket); return;
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

// Nobody has looked at the stream, and nothing is left but its end: the core, which throws away what nobody has begun to
// read, tells it to nobody.
prototype._dumpUnseen = function() {
  return this[kUnseen] ||= this._events === undefined && !this[kHasStream] && this[kHandle] !== 0 && core.isSpent(this[kHandle]);
};

// Whether nobody can tell when it happens.
prototype._quietly = function(kind) {
  if (kind !== core.CLOSE || !this[kUnseen]) return false;
  core.retire(this[kHandle], this);
  return true;
};

// Throws the rest away.
prototype._dump = function() {
  if (this._dumped || this._dumpUnseen()) return;
  this._dumped = true;
  this.removeAllListeners('data');
  this.resume();
};

// Node's own way to add a field to the objects, which programs replace.
prototype._addHeaderLines = function(headers, count) {
  for (let i = 0; i + 1 < count; i += 2) this._addHeaderLine(headers[i], headers[i + 1], this.headers);
};
prototype._addHeaderLine = function(name, value, fields) {
  // Which name it goes by, and whether as a list.
  const [[key, alone]] = core.call(0, 'joined', [name, ''], this.joinDuplicateHeaders);
  if (fields[key] === undefined) {
    fields[key] = Array.isArray(alone) ? [value] : value;
    return;
  }
  const lines = [].concat(fields[key], value).flatMap((item) => [name, `${item}`]);
  toObject(core.call(0, 'joined', lines, this.joinDuplicateHeaders), fields);
};

module.exports = { IncomingMessage, kHandle, toObject };

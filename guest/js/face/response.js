'use strict';
// ServerResponse.

const { inspect } = require('util');
const core = require('./core');
const { kHandle } = require('./incoming');
const { OutgoingMessage, ask, toFields, kCallbacks, kErrored, kFinished, kSent } = require('./outgoing');
const { fromError, headersSent, nodeError, toError, validateObject } = require('./errors');

// Events that the core tells only where somebody listens.
const LISTENED = { drain: 1, prefinish: 1 << 1, timeout: 1 << 3 };
const kListened = Symbol('listened');
const kStatusMessage = Symbol('statusMessage');
const kStatusTold = Symbol('statusTold');

function ServerResponse(request, options) {
  OutgoingMessage.call(this, options);
  this.req = request;
}
Object.setPrototypeOf(ServerResponse.prototype, OutgoingMessage.prototype);
Object.setPrototypeOf(ServerResponse, OutgoingMessage);
const prototype = ServerResponse.prototype;
Object.assign(prototype, {
  // Where it is looked for first.
  _events: undefined, statusCode: 200, [kStatusMessage]: undefined, [kListened]: 0, [kStatusTold]: false, _sent100: false, _expect_continue: false,
});

// Once the head is out it is what that says.
Object.defineProperty(prototype, 'statusMessage', {
  configurable: true, enumerable: true,
  get() {
    if (this[kStatusMessage] === undefined && this[kHandle] && this.headersSent) {
      this[kStatusMessage] = ask(this, 'statusMessage') ?? undefined;
    }
    return this[kStatusMessage];
  },
  set(value) { this[kStatusMessage] = value; },
});

// The core has a request that this answers.
prototype._start = function(handle) {
  this[kHandle] = handle;
  this._isBound = true;
  core.enlist(handle, this);
};

core.tellListening(prototype, OutgoingMessage.prototype, Object.keys(LISTENED));

prototype._sync = function() {
  if (!this._isBound) return;
  let listened = 0;
  for (const name in LISTENED) if (this._events?.[name] !== undefined) listened |= LISTENED[name];
  if (listened === this[kListened]) return;
  this[kListened] = listened;
  ask(this, 'listenFor', listened);
};

const invalidStatus = (given) => nodeError(
  RangeError, 'ERR_HTTP_INVALID_STATUS_CODE', `Invalid status code: ${typeof given === 'string' ? given : inspect(given)}`);

function validStatus(given) {
  const status = given | 0;
  if (status < 100 || status > 999) throw invalidStatus(given);
  return status;
}

prototype._prepare = function() {
  if (this._events !== undefined) this._sync();
  const statusCode = this.statusCode, statusMessage = this[kStatusMessage];
  if (statusCode === 200 && statusMessage === undefined && !this[kStatusTold]) return;
  if (this.headersSent) return;
  this[kStatusTold] = true;
  ask(this, 'setStatus', validStatus(statusCode), statusMessage === undefined ? null : `${statusMessage}`);
};

prototype._implicitHeader = function() { this.writeHead(this.statusCode); };

prototype._isResponse = true;
prototype._beforeEnd = function() { this._prepare(); };

// One that a program makes itself answers the request that it names.
prototype._create = function() {
  const { method, httpVersionMajor, httpVersionMinor } = this.req ?? {};
  return core.create('response', method, httpVersionMajor ?? 1, httpVersionMinor ?? 1);
};

// What the system has taken at once is finished before anybody is told.
Object.defineProperty(prototype, 'writableFinished', {
  configurable: true,
  get() {
    if (this[kFinished] || !this.finished || !this._isBound) return this[kFinished];
    core.work();
    return ask(this, 'writableFinished');
  },
});

prototype.writeHead = function(statusCode, reason, headers) {
  if (this.headersSent) throw headersSent('write');
  const status = validStatus(statusCode);
  let text = null;
  if (typeof reason === 'string') {
    text = reason;
    this.statusMessage = reason;
  } else {
    if (this.statusMessage) text = `${this.statusMessage}`;
    headers ??= reason;
  }
  this.statusCode = status;
  ask(this, 'writeHead', status, text, headers ? toFields(headers) : [], Array.isArray(headers));
  this[kSent] = true;
  core.kick();
  return this;
};
prototype.writeHeader = prototype.writeHead;

function interim(response, callback, operation, ...given) {
  ask(response, operation, ...given);
  core.kick();
  if (callback) process.nextTick(callback);
}

prototype.writeContinue = function(callback) {
  interim(this, callback, 'writeContinue');
  this._sent100 = true;
};

prototype.writeProcessing = function(callback) { interim(this, callback, 'writeProcessing'); };

prototype.writeEarlyHints = function(hints, callback) {
  validateObject(hints, 'hints');
  const { link } = hints;
  if (link === null || link === undefined) return;
  if (typeof link !== 'string' && !Array.isArray(link)) {
    throw nodeError(TypeError, 'ERR_INVALID_ARG_VALUE', 'The argument \'hints\' must be an array or string of format ' +
      `"</styles.css>; rel=preload; as=style". Received ${inspect(link)}`);
  }
  interim(this, callback, 'writeEarlyHints', Object.entries(hints).map(([name, value]) => [name, texts(value)]));
};

const texts = (value) => (Array.isArray(value) ? value.map(String) : `${value}`);

prototype._writeRaw = function(data, encoding, callback) {
  core.kick();
  return this.socket ? this.socket.write(data, encoding, callback) : false;
};

prototype._send = function(data, encoding, callback) {
  if (!this.headersSent) this.flushHeaders();
  return data ? this._writeRaw(data, encoding, callback) : true;
};

prototype.assignSocket = function(socket) {
  if (socket._httpMessage) throw nodeError(Error, 'ERR_HTTP_SOCKET_ASSIGNED', 'Socket already assigned');
  socket._httpMessage = this;
  this.socket = socket;
  this.emit('socket', socket);
  const waiting = this.outputData;
  [this.outputData, this.outputSize] = [[], 0];
  for (const { data, callback } of waiting) socket.write(data, callback);
};

prototype.detachSocket = function(socket) {
  socket._httpMessage = null;
  this.socket = null;
};

prototype.destroy = function(error) {
  if (this.destroyed) return this;
  if (!this._isBound) return OutgoingMessage.prototype.destroy.call(this, error);
  // What was ended before has left already where the system takes it.
  if (this.finished) core.work();
  this.destroyed = true;
  this[kErrored] = error;
  const { socket } = this;
  ask(this, 'destroy', fromError(error));
  socket?.destroy(error);
  core.kick();
  return this;
};

prototype._event = function(kind, payload) {
  switch (kind) {
    case 'finish': this._finish(); return;
    case 'close':
      this.destroyed = true;
      this._closed = true;
      this._moved();
      this.emit('close');
      core.retire(this[kHandle], this);
      return;
    case 'error': if (this.listenerCount('error')) this.emit('error', toError(payload)); return;
    case 'timeout': this.emit('timeout', this.socket); return;
    default: this.emit(kind);
  }
};

// Whether nobody can tell when it happens: nobody listens, and to the request neither.
prototype._quietly = function(kind) {
  if (this._events !== undefined || this[kCallbacks] !== null || this.emit !== OutgoingMessage.prototype.emit) return false;
  if (kind === core.FINISH) {
    const req = this.req;
    if (req && !req._consumed && !req._dumpUnseen?.()) return false;
    this[kFinished] = true;
    if (this.socket) this.socket._httpMessage = null;
    this.socket = null;
    return true;
  }
  if (!this[kFinished]) return false;
  this.destroyed = true;
  this._closed = true;
  core.retire(this[kHandle], this);
  return true;
};

prototype._finish = function() {
  this[kFinished] = true;
  this._moved();
  const { req, socket } = this;
  this.emit('finish');
  if (socket) socket._httpMessage = null;
  this.socket = null;
  // What nobody began to read is thrown away.
  if (req && !req._consumed) req._dump();
};

module.exports = { ServerResponse };

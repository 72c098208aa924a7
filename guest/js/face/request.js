'use strict';
// ClientRequest.

const net = require('net');
const url = require('url');
const { letGo } = require('./agent');
const core = require('./core');
const { Connection, connectionOf, kConnection } = require('./connection');
const { IncomingMessage, kHandle, toObject } = require('./incoming');
const { OutgoingMessage, ask, headerValue, checkName, toFields, kErrored, kFinished } = require('./outgoing');
const { commandLine } = require('./command_line');
const { fromError, invalidArgType, timerDuration, toError, validateBoolean, validateFunction, validateInteger } = require('./errors');

// Listening to these changes what the core does.
const EVENTS = { connect: 1 << 1, information: 1 << 5, response: 1 << 7, timeout: 1 << 9, upgrade: 1 << 10 };
const ALWAYS = 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 8;

const kTold = Symbol('told');
const kId = Symbol('id');
const kOver = Symbol('over');
const theModule = { globalAgent: undefined };

function ClientRequest(input, options, callback) {
  OutgoingMessage.call(this);
  [options, callback] = merged(input, options, callback);
  this.agent = chosenAgent(options);
  validate(options);
  this._options = forSocket(options, this.agent);
  this.aborted = false;
  this.reusedSocket = false;
  this.res = null;
  this.maxHeadersCount = null;
  this.upgradeOrConnect = false;
  this.timeoutCb = null;
  this.timeout = options.timeout === undefined ? this.agent?.options?.timeout : timerDuration(options.timeout, 'timeout');
  this[kTold] = { events: ALWAYS | EVENTS.response, maxHeadersCount: null };
  this[kOver] = false;
  const given = coreOptions(options, this.agent);
  if (options.timeout !== undefined) given.timeout = this.timeout;
  if (callback) this.once('response', callback);
  if (this.agent) startWithAgent(this, given); else startAlone(this, given, options);
  if (options.signal) abortWith(this, options.signal);
  core.later();
}
Object.setPrototypeOf(ClientRequest.prototype, OutgoingMessage.prototype);
Object.setPrototypeOf(ClientRequest, OutgoingMessage);
const prototype = ClientRequest.prototype;
prototype._isBound = true;

function merged(input, options, callback) {
  if (typeof input === 'string') input = url.urlToHttpOptions(new URL(input));
  else if (input instanceof URL) input = url.urlToHttpOptions(input);
  else [input, options, callback] = [null, input, options];
  if (typeof options === 'function') [options, callback] = [input || {}, options];
  else options = Object.assign(input || {}, options);
  return [options, callback];
}

function chosenAgent(options) {
  const { agent } = options;
  const fallback = options._defaultAgent || theModule.globalAgent;
  if (agent === false) return new fallback.constructor();
  if (agent === null || agent === undefined) {
    return typeof options.createConnection === 'function' ? undefined : fallback;
  }
  if (typeof agent.addRequest !== 'function') {
    throw invalidArgType('options.agent', 'one of Agent-like Object, undefined, or false', agent);
  }
  return agent;
}

function validateHost(host, name) {
  if (host !== null && host !== undefined && typeof host !== 'string') {
    throw invalidArgType(`options.${name}`, 'of type string or one of undefined or null', host);
  }
}

function validate(options) {
  validateHost(options.hostname, 'hostname');
  validateHost(options.host, 'host');
  const { method } = options;
  if (method !== null && method !== undefined && typeof method !== 'string') {
    throw invalidArgType('options.method', 'of type string', method);
  }
  if (options.maxHeaderSize !== undefined) validateInteger(options.maxHeaderSize, 'maxHeaderSize', 0);
  for (const name of ['insecureHTTPParser', 'joinDuplicateHeaders']) {
    if (options[name] !== undefined) validateBoolean(options[name], `options.${name}`);
  }
}

// What a socket is made with.
function forSocket(options, agent) {
  const defaultPort = options.defaultPort || agent?.defaultPort;
  return {
    ...options, host: options.hostname || options.host || 'localhost', port: options.port || defaultPort || 80, defaultPort,
  };
}

const OPTIONS = [
  'host', 'hostname', 'method', 'insecureHTTPParser', 'joinDuplicateHeaders', 'localAddress', 'maxHeaderSize',
  'setDefaultHeaders', 'setHost', 'family',
];

function coreOptions(options, agent) {
  const given = commandLine();
  for (const name of OPTIONS) if (options[name] !== undefined && options[name] !== null) given[name] = options[name];
  for (const name of ['path', 'auth']) if (options[name]) given[name] = String(options[name]);
  if (options.port) given.port = Number(options.port);
  const defaultPort = options.defaultPort || agent?.defaultPort;
  if (defaultPort) given.defaultPort = Number(defaultPort);
  if (Array.isArray(options.uniqueHeaders)) given.uniqueHeaders = options.uniqueHeaders;
  protocol(options, agent);
  const { headers } = options;
  if (headers) {
    given.rawHeaders = Array.isArray(headers);
    if (!given.rawHeaders) {
      for (const name of Object.keys(headers)) {
        checkName(name);
        if (name.toLowerCase() === 'host' && Array.isArray(headers[name])) {
          throw invalidArgType('options.headers.host', 'of type string', headers[name]);
        }
        headerValue(name, headers[name]);
      }
    }
    given.headers = toFields(headers);
  }
  return given;
}

// The agent's protocol is a property of JavaScript's.
function protocol(options, agent) {
  const expected = agent?.protocol || theModule.globalAgent.protocol;
  const given = options.protocol || expected;
  if (given === expected) return;
  const error = new TypeError(`Protocol "${given}" not supported. Expected "${expected}"`);
  throw Object.assign(error, { code: 'ERR_INVALID_PROTOCOL' });
}

function made(request, value) {
  request[kHandle] = value.request;
  request[kId] = value.id;
  request.method = value.method;
  request.path = value.path;
  request.host = value.host;
  request.protocol = value.protocol;
  core.register(value.request, request);
}

function startWithAgent(request, given) {
  const { agent } = request;
  if (!agent[kHandle]) {
    agent.addRequest(request, request._options);
    return;
  }
  agent._look();
  made(request, core.create('request', given, agent[kHandle], null, request[kTold].events));
  agent._expect(request[kId], request);
  // As in Node the connection is made before the constructor returns, and nobody knows of it yet.
  core.gather();
  core.tellNow(agent[kHandle], 'createConnection');
}

function startAlone(request, given, options) {
  let connection = null, called = false, first = null, failure = null;
  const callback = (error, socket) => {
    if (called) return;
    called = true;
    if (error && request[kHandle]) request.destroy(error);
    else if (error) failure = error;
    else if (connection) connection.bind(socket);
    else first = socket;
  };
  if (typeof options.createConnection === 'function') {
    const forCreate = { ...request._options };
    if (forCreate.socketPath) forCreate.path = forCreate.socketPath; else delete forCreate.path;
    const socket = options.createConnection(forCreate, callback);
    if (socket) callback(null, socket);
  } else first = net.createConnection(request._options);
  connection = new Connection(first, null);
  const value = core.create('request', given, null, connection.number, request[kTold].events);
  made(request, value);
  connection.attach(value.pipe);
  if (failure) request.destroy(failure);
}

function abortWith(request, signal) {
  const abort = () => {
    const error = new Error('The operation was aborted', { cause: signal.reason });
    error.name = 'AbortError';
    error.code = 'ABORT_ERR';
    request.destroy(error);
  };
  if (signal.aborted) {
    process.nextTick(abort);
    return;
  }
  signal.addEventListener('abort', abort, { once: true });
  request.once('close', () => signal.removeEventListener('abort', abort));
}

prototype._hasProperties = true;
prototype._sync = function() {
  const told = this[kTold];
  let events = ALWAYS;
  for (const name in EVENTS) if (this._events?.[name] !== undefined) events |= EVENTS[name];
  if (events !== told.events) {
    told.events = events;
    ask(this, 'listenFor', events);
  }
  if (this.maxHeadersCount !== told.maxHeadersCount) {
    told.maxHeadersCount = this.maxHeadersCount;
    ask(this, 'setMaxHeadersCount', this.maxHeadersCount);
  }
};

// Nothing of a request is on its way before it has its connection, which the program hears of first.
prototype._kick = function() { if (this.socket) core.kick(); else core.later(); };
prototype._implicitHeader = function() {};
prototype.onSocket = function() {};

prototype.abort = function() {
  if (this.aborted) return;
  this.aborted = true;
  ask(this, 'abort');
  this.destroyed = true;
  this.res?._dump();
  core.later();
};

prototype.destroy = function(error) {
  if (this.destroyed) return this;
  this.destroyed = true;
  this.res?._dump();
  this[kErrored] = error;
  ask(this, 'destroy', fromError(error));
  this.socket?.destroy(error);
  core.later();
  return this;
};

prototype.setTimeout = function(msecs, callback) {
  if (this[kOver]) return this;
  msecs = timerDuration(msecs, 'msecs');
  if (callback) {
    validateFunction(callback, 'callback');
    this.once('timeout', callback);
  }
  this.timeout = msecs;
  ask(this, 'setTimeout', msecs);
  const set = (socket) => {
    if (socket.connecting) socket.once('connect', () => { socket.timeout = msecs; }); else socket.timeout = msecs;
  };
  if (this.socket) {
    set(this.socket);
    listenToTimeout(this, this.socket);
  } else this.once('socket', set);
  core.later();
  return this;
};

// By the socket's event, as in Node: a request listens to it where it has a timeout, its response behind it.
function listenToTimeout(request, socket) {
  if (request.timeoutCb) return;
  request.timeoutCb = () => request.emit('timeout');
  socket.once('timeout', request.timeoutCb);
}

function letGoOfTimeout(request, socket) {
  for (const listener of [request.timeoutCb, request._responseTimeout]) if (listener) socket?.removeListener('timeout', listener);
  request.timeoutCb = null;
}

prototype.clearTimeout = function(callback) { this.setTimeout(0, callback); };

const onSocket = (method) => function(...given) {
  if (this.socket) this.socket[method]?.(...given);
  else this.once('socket', (socket) => socket[method]?.(...given));
};
prototype.setNoDelay = onSocket('setNoDelay');
prototype.setSocketKeepAlive = onSocket('setKeepAlive');

prototype._event = function(kind, payload) {
  switch (kind) {
    case 'socket': this._socket(payload); return;
    case 'response': this._response(payload); return;
    case 'information': this._information(payload); return;
    case 'upgrade': case 'connect': this._upgrade(kind, payload); return;
    case 'finish':
      this[kFinished] = true;
      this._moved();
      this.emit('finish');
      return;
    case 'error': {
      const given = this[kErrored];
      const error = (!given && this.socket?.[kConnection]?.error) || toError(payload);
      this[kErrored] ??= error;
      this.destroyed = true;
      this.emit('error', error);
      return;
    }
    case 'close':
      this.destroyed = true;
      this._closed = true;
      this.agent?._forget?.(this[kId]);
      core.retire(this[kHandle], this);
      this.emit('close');
      return;
    case 'timeout': return;
    default: this.emit(kind);
  }
};

prototype._socket = function(payload) {
  const connection = connectionOf(payload.socket);
  if (connection && !connection.socket) {
    connection.bound = () => this._socket(payload);
    return;
  }
  if (!connection) {
    core.release(payload.connection);
    return;
  }
  const { socket } = connection;
  connection.watch(payload.connection);
  this.socket = socket;
  socket._httpMessage = this;
  this.reusedSocket = ask(this, 'reusedSocket');
  const agent = connection.reusedBy;
  connection.reusedBy = null;
  agent?.reuseSocket(socket, this);
  if (this.timeout !== undefined) listenToTimeout(this, socket);
  this.emit('socket', socket);
};

prototype._response = function(payload) {
  const socket = connectionOf(payload.socket)?.socket ?? this.socket;
  const response = new IncomingMessage(socket)._start(payload);
  response.req = this;
  response._freed = () => { if (this.agent?.[kHandle]) core.tellNow(this.agent[kHandle], 'free', 'keepSocketAlive'); };
  this.res = response;
  if (this.aborted) {
    response._dump();
    return;
  }
  if (this.timeoutCb) {
    this._responseTimeout = () => response.emit('timeout');
    response._timesOutWithSocket();
    socket?.on('timeout', this._responseTimeout);
  }
  response.once('end', () => {
    this[kOver] = true;
    this.destroyed = true;
    process.nextTick(letGoOfTimeout, this, socket);
  });
  if (!this.emit('response', response)) response._dump();
};

prototype._information = function(payload) {
  this.emit('information', {
    statusCode: payload.status, statusMessage: payload.reason, httpVersion: `${payload.major}.${payload.minor}`,
    httpVersionMajor: payload.major, httpVersionMinor: payload.minor, headers: toObject(payload.headers),
    rawHeaders: payload.raw,
  });
};

prototype._upgrade = function(kind, payload) {
  const connection = connectionOf(payload.socket);
  const response = new IncomingMessage(connection?.socket)._start(payload);
  response.upgrade = true;
  response.req = this;
  this.res = response;
  core.release(payload.connection);
  if (!connection) return;
  const { socket } = connection;
  connection.detach();
  if (socket._readableState) socket._readableState.flowing = null;
  socket._httpMessage = null;
  letGo(socket);
  letGoOfTimeout(this, socket);
  socket.emit('agentRemove');
  this.upgradeOrConnect = true;
  this.emit(kind, response, socket, Buffer.from(payload.head, 'latin1'));
  this.destroyed = true;
};

module.exports = { ClientRequest, theModule };

'use strict';
// Server: a net.Server whose connections are the core's.

const EventEmitter = require('events');
const net = require('net');
const { promisify } = require('util');
const core = require('./core');
const { Connection, byNumber, connectionOf, socketOf } = require('./connection');
const { IncomingMessage, kHandle } = require('./incoming');
const { ServerResponse } = require('./response');
const { commandLine } = require('./command_line');
const { nodeError, toError, validateBoolean, validateInteger, validateObject } = require('./errors');

const kIncomingMessage = Symbol('IncomingMessage');
const kServerResponse = Symbol('ServerResponse');
const kListening = Symbol('listening');
const kConnectionsCheckingInterval = Symbol('http.server.connectionsCheckingInterval');
const kTold = Symbol('told');

// Listening to these changes what the core does.
const EVENTS = {
  checkContinue: 1, checkExpectation: 1 << 1, clientError: 1 << 2, connect: 1 << 3, dropRequest: 1 << 6,
  timeout: 1 << 8, upgrade: 1 << 9,
};
const CONNECTION = 1 << 4;

// Properties that a program may set while the server runs.
const TIMES = ['headersTimeout', 'requestTimeout', 'keepAliveTimeout', 'timeout', 'maxRequestsPerSocket'];

const OPTIONS = [
  'headersTimeout', 'highWaterMark', 'insecureHTTPParser', 'joinDuplicateHeaders', 'keepAliveTimeout', 'maxHeaderSize',
  'requestTimeout', 'requireHostHeader', 'rejectNonStandardBodyWrites',
];

function validated(options) {
  if (options === null || options === undefined) options = {};
  validateObject(options, 'options');
  const { insecureHTTPParser } = options;
  if (insecureHTTPParser !== undefined && insecureHTTPParser !== null) {
    validateBoolean(insecureHTTPParser, 'options.insecureHTTPParser');
  }
  for (const name of ['requireHostHeader', 'joinDuplicateHeaders', 'rejectNonStandardBodyWrites']) {
    if (options[name] !== undefined) validateBoolean(options[name], `options.${name}`);
  }
  for (const name of ['maxHeaderSize', 'requestTimeout', 'headersTimeout', 'keepAliveTimeout', 'connectionsCheckingInterval']) {
    if (options[name] !== undefined) validateInteger(options[name], name, 0);
  }
  return { ...options };
}

function coreOptions(options) {
  const given = commandLine();
  for (const name of OPTIONS) if (options[name] !== undefined && options[name] !== null) given[name] = options[name];
  if (Array.isArray(options.uniqueHeaders)) given.uniqueHeaders = options.uniqueHeaders.map(String);
  return given;
}

function Server(options, listener) {
  if (!(this instanceof Server)) return new Server(options, listener);
  if (typeof options === 'function') [options, listener] = [{}, options];
  options = validated(options);
  this[kIncomingMessage] = options.IncomingMessage || IncomingMessage;
  this[kServerResponse] = options.ServerResponse || ServerResponse;
  net.Server.call(this, {
    allowHalfOpen: true, noDelay: options.noDelay ?? true, keepAlive: options.keepAlive,
    keepAliveInitialDelay: options.keepAliveInitialDelay, highWaterMark: options.highWaterMark,
  });
  this[kHandle] = core.create('server', coreOptions(options));
  core.keep(this[kHandle], this);
  Object.assign(this, core.call(this[kHandle], 'settings'));
  this.timeout = 0;
  this.maxHeadersCount = null;
  this.maxRequestsPerSocket = 0;
  this.httpAllowHalfOpen = false;
  this.connectionsCheckingInterval = options.connectionsCheckingInterval ?? 30_000;
  this[kListening] = false;
  const settings = { httpAllowHalfOpen: undefined, maxHeadersCount: undefined };
  for (const name of TIMES) settings[name] = undefined;
  this[kTold] = { events: 0, settings };
  if (listener) this.on('request', listener);
  this.on('connection', connectionListener);
  this.on('listening', listening);
}
Object.setPrototypeOf(Server.prototype, net.Server.prototype);
Object.setPrototypeOf(Server, net.Server);
const prototype = Server.prototype;

prototype._hasProperties = true;
prototype._sync = function() {
  const told = this[kTold];
  const listened = this._events;
  let events = CONNECTION;
  for (const name in EVENTS) if (listened[name] !== undefined) events |= EVENTS[name];
  if (events !== told.events) {
    told.events = events;
    core.call(this[kHandle], 'listenFor', events);
  }
  let same = true;
  for (const name in told.settings) same &&= told.settings[name] === this[name];
  if (!same) this._configure(told.settings);
};

prototype._configure = function(told) {
  const settings = { httpAllowHalfOpen: Boolean(this.httpAllowHalfOpen), maxHeadersCount: this.maxHeadersCount };
  for (const name of TIMES) settings[name] = Math.max(0, Math.floor(Number(this[name]) || 0));
  for (const name in told) told[name] = this[name];
  core.call(this[kHandle], 'configure', settings);
};

// The core's server runs from the first connection on, also one that a program has made itself. Until then nothing
// happens to it, and it may be forgotten.
prototype._listen = function() {
  if (this[kListening]) return;
  this[kListening] = true;
  core.register(this[kHandle], this);
  core.call(this[kHandle], 'listen');
};

// The core has clocks of its own for what it checks; here it hears of properties that were set since.
function listening() {
  clearInterval(this[kConnectionsCheckingInterval]);
  this[kConnectionsCheckingInterval] = setInterval(core.kick, this.connectionsCheckingInterval).unref();
  this._listen();
}

prototype.setTimeout = function(msecs, callback) {
  this.timeout = msecs;
  if (callback) this.on('timeout', callback);
  return this;
};

prototype.close = function(callback) {
  core.call(this[kHandle], 'close');
  clearInterval(this[kConnectionsCheckingInterval]);
  this[kListening] = false;
  core.kick();
  net.Server.prototype.close.call(this, callback);
  return this;
};

prototype.closeIdleConnections = function() {
  core.call(this[kHandle], 'closeIdleConnections');
  core.kick();
};

prototype.closeAllConnections = function() {
  core.call(this[kHandle], 'closeAllConnections');
  core.kick();
  for (const connection of byNumber.values()) if (connection.server === this) connection.socket.destroy();
};

prototype[Symbol.asyncDispose] = async function() {
  if (this.listening) await promisify(this.close).call(this);
};

prototype[EventEmitter.captureRejectionSymbol] = function(error, event, ...given) {
  if (event !== 'request') {
    net.Server.prototype[EventEmitter.captureRejectionSymbol].call(this, error, event, ...given);
    return;
  }
  const response = given[1];
  if (response.headersSent || response.writableEnded) {
    response.destroy();
    return;
  }
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  response.statusCode = 500;
  response.end('Internal Server Error');
};

// A connection for the server, by `this`: of its own, or one that a program has made.
function connectionListener(socket) {
  const connection = new Connection(socket, this);
  socket.server = this;
  this._sync();
  this._listen();
  try {
    connection.attach(core.call(this[kHandle], 'adopt', connection.number));
  } catch {
    socket.destroy();
    return;
  }
  socket.setEncoding = () => {
    throw nodeError(Error, 'ERR_HTTP_SOCKET_ENCODING',
                    'Changing the socket encoding is not allowed per RFC7230 Section 3.');
  };
}

prototype._event = function(kind, payload) {
  switch (kind) {
    case 'request': case 'checkContinue': case 'checkExpectation': this._request(kind, payload); return;
    case 'connection': {
      const connection = connectionOf(payload.socket);
      if (connection) connection.watch(payload.connection); else core.release(payload.connection);
      return;
    }
    case 'clientError': this._clientError(payload); return;
    case 'connect': case 'upgrade': this._upgrade(kind, payload); return;
    case 'dropRequest': {
      const socket = socketOf(payload.socket);
      this.emit('dropRequest', new this[kIncomingMessage](socket)._start(payload), socket);
      return;
    }
    case 'timeout': this.emit('timeout', socketOf(payload.socket)); return;
    default:
  }
};

// Handles of the request and its response, the number of its socket, its first line, and what holds the handles.
prototype._request = function(kind, given) {
  const connection = connectionOf(given[2]);
  const socket = connection === undefined ? null : connection.socket;
  const request = new this[kIncomingMessage](socket);
  request._startRequest(given[0], given[5] * 10 + given[6], given[3], given[4]);
  const response = new this[kServerResponse](request, connection?.options);
  response._start(given[1]);
  const held = given[7];
  if (held !== undefined) request[core.kHeld] = response[core.kHeld] = held;
  response.socket = socket;
  if (socket) socket._httpMessage = response;
  this.emit(kind, request, response);
};

prototype._clientError = function(payload) {
  const connection = connectionOf(payload.socket);
  core.release(payload.connection);
  if (!connection) return;
  const { socket } = connection;
  const error = connection.error ?? toError(payload.error);
  connection.detach();
  socket.on('error', () => {});
  socket.on('end', () => { if (!socket.writableEnded) socket.end(); });
  socket.resume?.();
  this.emit('clientError', error, socket);
};

prototype._upgrade = function(kind, payload) {
  const connection = connectionOf(payload.socket);
  const request = new this[kIncomingMessage](connection?.socket)._start(payload);
  request.upgrade = true;
  core.release(payload.connection);
  if (!connection) return;
  const { socket } = connection;
  connection.detach();
  delete socket.setEncoding;
  if (socket._readableState) socket._readableState.flowing = null;
  this.emit(kind, request, socket, Buffer.from(payload.head, 'latin1'));
};

module.exports = { Server, connectionListener, kConnectionsCheckingInterval };

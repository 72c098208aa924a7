'use strict';
// net.Server: who listens on the component's sockets.

const EventEmitter = require('events');
const core = require('../face/core');
const dns = require('./dns');
const loop = require('./loop');
const { nodeError } = require('../face/errors');
const { isIP, systemError } = require('./addresses');
const { Socket } = require('./socket');

const native = globalThis.__native;

function Server(options, listener) {
  if (!(this instanceof Server)) return new Server(options, listener);
  EventEmitter.call(this);
  if (typeof options === 'function') [options, listener] = [{}, options];
  this._options = { ...options };
  const { allowHalfOpen, pauseOnConnect, noDelay, keepAlive, keepAliveInitialDelay } = this._options;
  Object.assign(this, {
    allowHalfOpen: Boolean(allowHalfOpen), pauseOnConnect: Boolean(pauseOnConnect), noDelay: Boolean(noDelay),
    keepAlive: Boolean(keepAlive), keepAliveInitialDelay: Number(keepAliveInitialDelay) || 0,
  });
  this._number = 0;
  this._address = null;
  this._connections = 0;
  this._holds = true;
  this._held = false;
  this._closing = false;
  if (listener) this.on('connection', listener);
}
Object.setPrototypeOf(Server.prototype, EventEmitter.prototype);
Object.setPrototypeOf(Server, EventEmitter);

Server.prototype.listen = function(...given) {
  const callback = typeof given.at(-1) === 'function' ? given.at(-1) : undefined;
  const [first, second, third] = given;
  let options = { port: 0 };
  if (typeof first === 'object' && first !== null) options = first;
  else if (typeof first === 'number' || /^\d+$/.test(first ?? '')) {
    options = { port: first, host: typeof second === 'string' ? second : undefined, backlog: typeof second === 'number' ? second : third };
  } else if (typeof first === 'string') options = { path: first };
  if (callback) this.once('listening', callback);
  if (this._number) throw nodeError(Error, 'ERR_SERVER_ALREADY_LISTEN', 'Listen method has been called more than once without closing.');
  const port = Number(options.port ?? 0);
  if (!(port >= 0 && port < 65536)) {
    throw nodeError(RangeError, 'ERR_SOCKET_BAD_PORT', `options.port should be >= 0 and < 65536. Received type ${typeof options.port} (${options.port}).`);
  }
  this._closing = false;
  options.signal?.addEventListener('abort', () => this.close());
  const { host } = options;
  const bind = (address) => this._bind(address, port, options);
  if (options.path) process.nextTick(() => this.emit('error', systemError('ENOTSUP', 'listen', options.path)));
  else if (host === undefined || host === null || isIP(host)) bind(host ?? undefined);
  else dns.lookup(host, (error, address) => { if (error) this.emit('error', error); else bind(address); });
  return this;
};

Server.prototype._bind = function(address, port, options) {
  const backlog = typeof options.backlog === 'number' ? options.backlog : 511;
  const [code, number, bound, boundPort] = native.tcpListen(address ?? null, port, backlog, Boolean(options.ipv6Only));
  if (code) {
    process.nextTick(() => this.emit('error', systemError(code, 'listen', address ?? '::', port)));
    return;
  }
  this._number = number;
  this._address = { address: bound, family: `IPv${isIP(bound)}`, port: boundPort };
  core.register(number, this);
  if (this._holds) this._hold();
  process.nextTick(() => { if (this._number) this.emit('listening'); });
};

Server.prototype._hold = Socket.prototype._hold;
Server.prototype._letGo = Socket.prototype._letGo;
Server.prototype._moved = function() { loop.arrive(() => this._arrived()); };

Server.prototype._arrived = function() {
  for (;;) {
    if (!this._number) return;
    const number = native.tcpAccept(this._number);
    if (number === 0) return;
    if (number < 0) {
      // The host drains.
      if (!process.emit('SIGTERM')) this.close();
      return;
    }
    if (this.maxConnections && this._connections >= this.maxConnections) {
      const [localAddress, localPort, remoteAddress, remotePort] = native.tcpAddresses(number);
      native.tcpClose(number);
      this.emit('drop', { localAddress, localPort, remoteAddress, remotePort });
      continue;
    }
    const socket = new Socket({
      _number: number, allowHalfOpen: this._options.allowHalfOpen, highWaterMark: this._options.highWaterMark,
    });
    socket.server = this;
    socket._server = this;
    socket._accepted = true;
    this._connections += 1;
    loop.enter(() => this.emit('connection', socket));
    if (!this._options.pauseOnConnect && !socket._carrier) socket.read(0);
  }
};

Server.prototype._forget = function() {
  this._connections -= 1;
  this._closeIfDone();
};

Server.prototype._closeIfDone = function() {
  if (!this._closing || this._connections > 0) return;
  this._closing = false;
  process.nextTick(() => this.emit('close'));
};

Server.prototype.close = function(callback) {
  if (typeof callback === 'function') {
    if (this._number) this.once('close', callback);
    else this.once('close', () => callback(nodeError(Error, 'ERR_SERVER_NOT_RUNNING', 'Server is not running.')));
  }
  if (this._number) {
    core.unregister(this._number);
    native.tcpClose(this._number);
    this._number = 0;
    this._letGo();
  }
  this._closing = true;
  this._closeIfDone();
  return this;
};

Server.prototype.address = function() { return this._number ? this._address : null; };
Server.prototype.getConnections = function(callback) {
  process.nextTick(callback, null, this._connections);
  return this;
};
Server.prototype.ref = function() { this._holds = true; if (this._number) this._hold(); return this; };
Server.prototype.unref = function() { this._holds = false; this._letGo(); return this; };
Server.prototype[EventEmitter.captureRejectionSymbol] = function(error, event, socket) {
  if (event === 'connection') socket.destroy(error); else this.emit('error', error);
};
Object.defineProperties(Server.prototype, {
  listening: { configurable: true, enumerable: true, get() { return this._number !== 0; } },
});

module.exports = { Server };

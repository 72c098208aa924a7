'use strict';
// The module `net`: TCP over the component's sockets.

const EventEmitter = require('events');
const { Duplex } = require('stream');
const core = require('../face/core');
const dns = require('./dns');
const loop = require('./loop');
const { nodeError, timerDuration } = require('../face/errors');

const native = globalThis.__native;

function systemError(code, syscall, address, port) {
  const where = address === undefined ? '' : ` ${address}${port === undefined ? '' : `:${port}`}`;
  const error = Object.assign(new Error(`${syscall} ${code}${where}`), { code, syscall });
  if (address !== undefined) error.address = address;
  if (port !== undefined) error.port = port;
  return error;
}

// An answer of the system's, which keeps the program until it is there.
function whenAnswered(asked, callback) {
  loop.hold();
  core.register(asked, {
    _moved() {
      const answer = native.answer(asked);
      if (answer === null) return;
      core.unregister(asked);
      loop.arrive(() => { loop.letGo(); callback(...answer); });
    },
  });
}
dns._set({ native, whenAnswered, systemError });

const isIPv4 = (text) => /^(\d{1,3}\.){3}\d{1,3}$/.test(text) && `${text}`.split('.').every((part) => part < 256);
const isIPv6 = (text) => typeof text === 'string' && text.includes(':') && /^[0-9a-f:.]+(%\w+)?$/i.test(text);
const isIP = (text) => (isIPv4(text) ? 4 : isIPv6(text) ? 6 : 0);

function Socket(options) {
  if (!(this instanceof Socket)) return new Socket(options);
  options = { ...options };
  Duplex.call(this, {
    allowHalfOpen: options.allowHalfOpen ?? false, highWaterMark: options.highWaterMark, emitClose: true,
    autoDestroy: true, decodeStrings: true,
  });
  this.connecting = false;
  this.bytesRead = 0;
  this.server = null;
  this._number = 0;
  this._bytesSent = 0;
  this._held = false;
  this._holds = true;
  this._waiting = false;
  this._sent = null;
  this._timer = null;
  this.timeout = 0;
  this.on('end', endOfReading);
  if (options._number) this._up(options._number);
  if (options.signal) options.signal.addEventListener('abort', () => this.destroy(options.signal.reason));
}
Object.setPrototypeOf(Socket.prototype, Duplex.prototype);
Object.setPrototypeOf(Socket, Duplex);

function endOfReading() {
  if (!this.allowHalfOpen) this.end();
}

const prototype = Socket.prototype;

// The connection is there.
prototype._up = function(number) {
  this._number = number;
  core.register(number, this);
  if (this._holds) this._hold();
};

prototype._hold = function() {
  if (!this._held) { this._held = true; loop.hold(); }
};
prototype._letGo = function() {
  if (this._held) { this._held = false; loop.letGo(); }
};

prototype._moved = function() { loop.arrive(() => this._arrived()); };

prototype._arrived = function() {
  if (!this._number) return;
  if (this._sent) {
    const state = native.tcpUnsent(this._number);
    if (state !== true) {
      const callback = this._sent;
      this._sent = null;
      this._touch();
      callback(state === false ? null : systemError(state, 'write'));
    }
  }
  if (this._waiting) this._take();
};

prototype._read = function() {
  this._waiting = true;
  if (this._number) this._take();
};

prototype._take = function() {
  while (this._waiting && this._number) {
    const bytes = native.tcpRead(this._number);
    if (bytes === 'pending') return;
    this._waiting = false;
    if (bytes === 'end') {
      this.push(null);
      this.read(0);
      return;
    }
    if (typeof bytes === 'string') {
      this.destroy(systemError(bytes, 'read'));
      return;
    }
    this._touch();
    this.bytesRead += bytes.length;
    this.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  }
};

prototype._write = function(chunk, encoding, callback) {
  if (this.connecting) {
    this.once('connect', () => this._write(chunk, encoding, callback));
    return;
  }
  if (!this._number) {
    callback(nodeError(Error, 'ERR_SOCKET_CLOSED', 'Socket is closed'));
    return;
  }
  this._bytesSent += chunk.length;
  this._touch();
  native.tcpWrite(this._number, chunk);
  this._sent = callback;
};

prototype._writev = function(chunks, callback) {
  this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'buffer', callback);
};

prototype._final = function(callback) {
  if (this.connecting) {
    this.once('connect', () => this._final(callback));
    return;
  }
  if (this._number) native.tcpFinish(this._number);
  callback();
};

prototype._destroy = function(error, callback) {
  this.connecting = false;
  clearTimeout(this._timer);
  this._letGo();
  if (this._number) {
    this._ends ??= native.tcpAddresses(this._number);
    core.unregister(this._number);
    native.tcpClose(this._number);
    this._number = 0;
  }
  if (this._sent) {
    const sent = this._sent;
    this._sent = null;
    process.nextTick(sent, error ?? nodeError(Error, 'ERR_STREAM_DESTROYED', 'Cannot call write after a stream was destroyed'));
  }
  callback(error);
  const { server } = this;
  if (server?._forget && this._accepted) {
    this._accepted = false;
    process.nextTick(() => server._forget());
  }
};

prototype.connect = function(...given) {
  const [options, callback] = connectArguments(given);
  if (callback) this.once('connect', callback);
  if (options.path !== undefined && options.path !== null) {
    process.nextTick(() => this.destroy(nodeError(Error, 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
                                                  'Unix sockets are unavailable on the current platform')));
    return this;
  }
  this.connecting = true;
  if (options.timeout) this.setTimeout(options.timeout);
  this._hold();
  const host = options.host || 'localhost', port = Number(options.port);
  const failed = (error) => this.destroy(error);
  const attempt = (addresses) => {
    if (this.destroyed) return;
    const [{ address }, ...others] = addresses;
    this.emit('connectionAttempt', address, port, isIP(address));
    whenAnswered(native.tcpConnect(address, port, options.localAddress, options.localPort), (code, number, syscall) => {
      if (this.destroyed) { if (number) native.tcpClose(number); return; }
      if (code) {
        if (others.length) attempt(others); else failed(systemError(code, syscall, address, port));
        return;
      }
      this.connecting = false;
      this._letGo();
      this._up(number);
      this.emit('connect');
      this.emit('ready');
      if (this._waiting) this._take();
    });
  };
  const found = (error, addresses, family) => {
    if (error) {
      this.emit('lookup', error);
      failed(error);
      return;
    }
    const list = Array.isArray(addresses) ? addresses : [{ address: addresses, family }];
    this.emit('lookup', null, list[0].address, list[0].family, host);
    attempt(list);
  };
  if (isIP(host)) process.nextTick(() => attempt([{ address: host }]));
  else (options.lookup ?? dns.lookup)(host, { family: options.family, all: true }, found);
  return this;
};

function connectArguments(given) {
  if (Array.isArray(given[0])) given = given[0];
  const callback = typeof given.at(-1) === 'function' ? given.at(-1) : undefined;
  const [first, second] = given;
  if (typeof first === 'object' && first !== null) return [first, callback];
  if (typeof first === 'string' && !/^\d+$/.test(first)) return [{ path: first }, callback];
  return [{ port: first, host: typeof second === 'string' ? second : undefined }, callback];
}

prototype.setTimeout = function(msecs, callback) {
  msecs = timerDuration(msecs, 'msecs');
  this.timeout = msecs;
  clearTimeout(this._timer);
  this._timer = msecs ? setTimeout(() => this.emit('timeout'), msecs).unref() : null;
  if (callback) {
    if (msecs) this.once('timeout', callback); else this.removeListener('timeout', callback);
  }
  return this;
};
prototype._touch = function() { this._timer?.refresh(); };

prototype.destroySoon = function() {
  if (this.writable) this.end();
  if (this.writableFinished) this.destroy(); else this.once('finish', this.destroy);
};

prototype.setNoDelay = function() { return this; };
prototype.setKeepAlive = function(enable = false, delay = 0) {
  if (this._number) native.tcpKeepAlive(this._number, Boolean(enable), Math.max(0, Number(delay) || 0));
  return this;
};
prototype.ref = function() { this._holds = true; if (this._number) this._hold(); return this; };
prototype.unref = function() { this._holds = false; this._letGo(); return this; };
prototype.resetAndDestroy = function() { return this.destroy(); };
prototype.address = function() {
  if (this.localAddress === undefined) return {};
  return { address: this.localAddress, family: `IPv${isIP(this.localAddress)}`, port: this.localPort };
};

const end = (index) => ({
  configurable: true, enumerable: true,
  get() {
    if (this._ends === undefined && this._number) this._ends = native.tcpAddresses(this._number);
    return this._ends?.[index] ?? undefined;
  },
});
Object.defineProperties(prototype, {
  localAddress: end(0), localPort: end(1), remoteAddress: end(2), remotePort: end(3),
  remoteFamily: { get() { return this.remoteAddress && `IPv${isIP(this.remoteAddress)}`; } },
  localFamily: { get() { return this.localAddress && `IPv${isIP(this.localAddress)}`; } },
  pending: { get() { return !this._number || this.connecting; } },
  bytesWritten: { get() { return this._bytesSent + this.writableLength; } },
  _handle: { configurable: true, get() { return this._number ? this : null; } },
  readyState: {
    get() {
      if (this.connecting) return 'opening';
      if (this.readable && this.writable) return 'open';
      if (this.readable) return 'readOnly';
      return this.writable ? 'writeOnly' : 'closed';
    },
  },
});

function Server(options, listener) {
  if (!(this instanceof Server)) return new Server(options, listener);
  EventEmitter.call(this);
  if (typeof options === 'function') [options, listener] = [{}, options];
  this._options = { ...options };
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

Server.prototype._hold = prototype._hold;
Server.prototype._letGo = prototype._letGo;
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
    if (!this._options.pauseOnConnect) socket.read(0);
    loop.enter(() => this.emit('connection', socket));
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

function connect(...given) {
  const [options, callback] = connectArguments(given);
  const socket = new Socket(options);
  return socket.connect(options, callback);
}

const settings = { autoSelectFamily: true, timeout: 250 };

module.exports = {
  Socket, Stream: Socket, Server, connect, createConnection: connect, isIP, isIPv4, isIPv6,
  createServer: (options, listener) => new Server(options, listener),
  getDefaultAutoSelectFamily: () => settings.autoSelectFamily,
  setDefaultAutoSelectFamily(value) { settings.autoSelectFamily = value; },
  getDefaultAutoSelectFamilyAttemptTimeout: () => settings.timeout,
  setDefaultAutoSelectFamilyAttemptTimeout(value) { settings.timeout = value; },
};

'use strict';
// net.Socket: a connection over the component's sockets.

const { Duplex } = require('stream');
const core = require('../face/core');
const dns = require('./dns');
const loop = require('./loop');
const { nodeError, timerDuration } = require('../face/errors');
const { isIP, systemError } = require('./addresses');

const native = globalThis.__native;

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

function Socket(options) {
  if (!(this instanceof Socket)) return new Socket(options);
  options = { ...options };
  Duplex.call(this, {
    allowHalfOpen: options.allowHalfOpen ?? false, highWaterMark: options.highWaterMark, emitClose: true,
    readableHighWaterMark: options.readableHighWaterMark, writableHighWaterMark: options.writableHighWaterMark,
    autoDestroy: true, decodeStrings: true,
  });
  this.connecting = false;
  this._bytesRead = 0;
  this.server = null;
  this._number = 0;
  this._bytesSent = 0;
  this._held = false;
  this._holds = true;
  this._waiting = false;
  this._ended = false;
  this._carrier = null;
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
      if (this._ended) this._letGo();
      callback(state === false ? null : systemError(state, 'write'));
    }
  }
  if (this._waiting) this._take();
  this._carrier?._moved();
};

// From now on its bytes go to the core's pipe and come from there, without JavaScript. False where somebody reads or
// writes the stream already.
prototype._carry = function(carrier, pipe) {
  if (!this._number || this._sent || this.readableFlowing !== null || this.readableLength > 0) return false;
  this._carrier = carrier;
  native.tcpCarry(this._number, pipe);
  this._waiting = true;
  this._moved();
  return true;
};

prototype._release = function() {
  this._carrier = null;
  if (this._number) native.tcpCarry(this._number, 0);
  this.read(0);
};

// Who listens to the bytes, holds them back or writes some sees them.
for (const method of ['on', 'addListener', 'prependListener']) {
  prototype[method] = function(name, listener) {
    if (this._carrier && (name === 'data' || name === 'readable')) this._carrier.uncarry();
    return Duplex.prototype[method].call(this, name, listener);
  };
}

for (const method of ['pause', 'write']) {
  prototype[method] = function(...given) {
    this._carrier?.uncarry();
    return Duplex.prototype[method].apply(this, given);
  };
}

prototype._countCarried = function(index) { return this._number ? native.tcpCarried(this._number)[index] : 0; };

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
      // As libuv has it, a connection keeps the program while something of it is awaited.
      this._ended = true;
      if (!this._sent) this._letGo();
      this.push(null);
      if (this._carrier) this.resume();
      this.read(0);
      return;
    }
    if (typeof bytes === 'string') {
      this.destroy(systemError(bytes, 'read'));
      return;
    }
    this._touch();
    this._bytesRead += bytes.length;
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
  if (this._holds) this._hold();
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
    this._bytesRead = this.bytesRead;
    this._bytesSent += this._countCarried(1);
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
      // The end is noticed where nobody reads, too.
      else if (this.readable && !this.isPaused()) this.read(0);
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
  bytesRead: { configurable: true, enumerable: true, get() { return this._bytesRead + this._countCarried(0); } },
  bytesWritten: { get() { return this._bytesSent + this._countCarried(1) + this.writableLength; } },
  _handle: { configurable: true, get() { return this._number ? this : null; }, set() {} },
  readyState: {
    get() {
      if (this.connecting) return 'opening';
      if (this.readable && this.writable) return 'open';
      if (this.readable) return 'readOnly';
      return this.writable ? 'writeOnly' : 'closed';
    },
  },
});

module.exports = { Socket, connectArguments };

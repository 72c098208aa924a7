'use strict';
// A socket of JavaScript, any Duplex, joined to a connection of the core: bytes both ways, and how each ends.

const EventEmitter = require('events');
const core = require('./core');
const { timerDuration, toError } = require('./errors');

// Unread by the core, bytes from which the socket is paused.
const MOST_UNREAD = 64 * 1024;

const kConnection = Symbol('connection');
const byNumber = new Map();
let lastNumber = 0;

// Node's name for it is the parser of the socket.
class Connection {
  // A client's socket may come later: `bind`.
  constructor(socket, server) {
    this.number = ++lastNumber;
    this.server = server;
    this.pipe = 0;
    this.view = 0;
    this.error = null;
    this.failure = null;
    this.over = this.ended = this.paused = this.carried = false;
    // The message whose body is being read.
    this.reading = null;
    byNumber.set(this.number, this);
    this.socket = socket;
    if (socket) socket[kConnection] = this;
    this.listeners = {
      data: (bytes) => this.received(bytes),
      end: () => { core.finish(this.pipe); core.arrived(); },
      error: (error) => { this.error = error; core.reset(this.pipe); core.arrived(); },
      close: () => this.closed(),
      drain: () => { this._moved(); core.arrived(); },
    };
    // Behind those that hear of the message.
    this.whenClosed = () => this.free();
  }

  // The core's end of the pipe is there.
  attach(pipe) {
    this.pipe = pipe;
    core.register(pipe, this);
    const { socket } = this;
    if (!socket) return;
    // The core's timer runs from here on, and the socket's own does not.
    const { timeout } = socket;
    if (timeout) socket.setTimeout(0);
    socket.timeout = timeout;
    socket.setTimeout = (msecs, callback) => this.setTimeout(msecs, callback);
    // Of its messages.
    this.options = { highWaterMark: socket.writableHighWaterMark };
    // The component's sockets can do without JavaScript.
    this.carried = Boolean(socket._carry?.(this, pipe));
    socket.parser = this;
    socket.on('close', this.whenClosed);
    for (const name in this.listeners) {
      // Otherwise the stream would flow.
      if (this.carried && name === 'data') EventEmitter.prototype.on.call(socket, name, this.listeners.data);
      else socket.on(name, this.listeners[name]);
    }
    if (socket.destroyed) process.nextTick(() => this.closed());
  }

  // Somebody wants to see the bytes, or has some: they go through the streams again.
  uncarry() {
    this.carried = false;
    this.socket._release();
    this.socket.resume();
  }

  bind(socket) {
    this.socket = socket;
    socket[kConnection] = this;
    this.attach(this.pipe);
    this.bound?.();
    // What was sent before there was a socket.
    this._moved();
    core.kick();
  }

  // The core's view of the connection: what happens to it is told there.
  watch(view) {
    if (this.view) { core.release(view); return; }
    this.view = view;
    core.register(view, this);
    this.tellTimeout();
  }

  setTimeout(msecs, callback) {
    const { socket } = this;
    msecs = timerDuration(msecs, 'msecs');
    socket.timeout = msecs;
    if (callback) {
      if (msecs) socket.once('timeout', callback); else socket.removeListener('timeout', callback);
    }
    this.idle = msecs;
    this.tellTimeout();
    return socket;
  }

  tellTimeout() {
    if (!this.view || this.idle === undefined) return;
    core.call(this.view, 'setTimeout', this.idle);
    this.idle = undefined;
    core.kick();
  }

  received(bytes) {
    if (typeof bytes === 'string') bytes = Buffer.from(bytes, 'latin1');
    core.push(this.pipe, bytes);
    core.arrived();
  }

  closed() {
    this.lose();
    core.arrived();
  }

  get incoming() { return this.reading ?? this.socket?._httpMessage?.req ?? null; }

  // As Node's parser has them.
  free() { this.forget(); }
  close() {}

  // The socket is gone, also before it says so.
  lose() {
    if (this.pipe) {
      if (this.error) core.reset(this.pipe); else core.finish(this.pipe);
      core.work();
      core.release(this.pipe);
      this.pipe = 0;
    }
    this.agent?._lost(this);
    core.release(this.view);
    this.view = 0;
  }

  forget() {
    this.agent?._lost(this);
    byNumber.delete(this.number);
    core.release(this.view);
    this.view = 0;
  }

  // HTTP has let go of it: the socket is as it was before.
  detach() {
    this._moved();
    const { socket } = this;
    delete socket.setTimeout;
    socket.parser = null;
    socket.removeListener('close', this.whenClosed);
    if (this.carried) { this.carried = false; socket._release(); }
    for (const name in this.listeners) socket.removeListener(name, this.listeners[name]);
    core.release(this.pipe);
    this.pipe = 0;
    this.forget();
  }

  // The core's side of the pipe has changed.
  _moved() {
    const { socket } = this;
    if (!socket || !this.pipe) return;
    while (!this.carried && !socket.destroyed && !socket.writableNeedDrain) {
      const bytes = core.pull(this.pipe);
      if (bytes.length === 0) break;
      socket.write(bytes);
    }
    const state = core.pipeState(this.pipe);
    if (!this.carried) this.backPressure(Math.floor(state / 256));
    const [ended, broken] = [(state & 1) !== 0, (state & 2) !== 0];
    if (ended && broken && !this.over) {
      this.over = true;
      this.end();
    } else if (ended && !this.ended) {
      this.ended = true;
      socket.end();
    }
  }

  backPressure(unread) {
    if (unread > MOST_UNREAD) {
      if (!this.paused) { this.paused = true; this.socket.pause(); }
    } else if (this.paused) {
      this.paused = false;
      this.socket.resume();
    }
  }

  // The core is done with the connection.
  end() { 
    const { socket, failure } = this;
    if (failure) {
      socket.removeListener('error', this.listeners.error);
      socket.on('error', () => {});
      process.nextTick(() => socket.destroy(failure));
    } else if (socket.destroySoon) {
      socket.destroySoon();
    } else {
      socket.end();
      if (socket.writableFinished) socket.destroy(); else socket.once('finish', () => socket.destroy());
    }
  }

  _event(kind, payload) {
    if (kind === 'timeout') this.socket.emit('timeout');
    else if (kind === 'error' && this.server && !this.socket.destroyed) this.failure = toError(payload);
  }
}

const connectionOf = (number) => (number ? byNumber.get(number) : undefined);
const socketOf = (number) => connectionOf(number)?.socket ?? null;

module.exports = { Connection, kConnection, connectionOf, socketOf, byNumber };

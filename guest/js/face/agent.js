'use strict';
// Agent: its pool is the core's, its connections and what programs override are JavaScript's.

const EventEmitter = require('events');
const net = require('net');
const { inspect } = require('util');
const core = require('./core');
const { Connection, connectionOf, kConnection, socketOf } = require('./connection');
const { kHandle } = require('./incoming');
const { fromError, nodeError, validateNumber } = require('./errors');

const kTold = Symbol('told');
const kForeign = Symbol('foreign');
const kConnections = Symbol('connections');
const kWaiting = Symbol('waiting');

const limit = (number) => (Number.isFinite(number) ? number : null);

function Agent(options) {
  if (!(this instanceof Agent)) return new Agent(options);
  EventEmitter.call(this);
  this.defaultPort = 80;
  this.protocol = 'http:';
  this.options = { __proto__: null, ...options };
  if (this.options.noDelay === undefined) this.options.noDelay = true;
  // Options of a request that are not of its connection.
  this.options.path = null;
  this.keepAliveMsecs = this.options.keepAliveMsecs || 1000;
  this.keepAlive = this.options.keepAlive || false;
  this.maxSockets = this.options.maxSockets || Agent.defaultMaxSockets;
  this.maxFreeSockets = this.options.maxFreeSockets || 256;
  this.scheduling = this.options.scheduling || 'lifo';
  this.maxTotalSockets = this.options.maxTotalSockets;
  validate(this);
  this[kHandle] = core.create('agent', {
    keepAlive: this.keepAlive, keepAliveMsecs: this.keepAliveMsecs, maxSockets: limit(this.maxSockets),
    maxTotalSockets: limit(this.maxTotalSockets), maxFreeSockets: limit(this.maxFreeSockets) ?? 2 ** 32 - 1, scheduling: this.scheduling,
    timeout: limit(this.options.timeout),
  });
  this[kTold] = limits(this);
  this[kWaiting] = new Map();
  this[kConnections] = new Set();
  this[kForeign] = new Map();
  core.register(this[kHandle], this);
}
Object.setPrototypeOf(Agent.prototype, EventEmitter.prototype);
Object.setPrototypeOf(Agent, EventEmitter);
Agent.defaultMaxSockets = Infinity;
const prototype = Agent.prototype;

function validate(agent) {
  const { scheduling, maxTotalSockets } = agent;
  if (scheduling !== 'fifo' && scheduling !== 'lifo') {
    throw nodeError(TypeError, 'ERR_INVALID_ARG_VALUE',
                    `The argument 'scheduling' must be one of: 'fifo', 'lifo'. Received ${inspect(scheduling)}`);
  }
  if (maxTotalSockets === undefined) agent.maxTotalSockets = Infinity;
  else validateNumber(maxTotalSockets, 'maxTotalSockets', 1);
}

const limits = (agent) => `${agent.maxSockets},${agent.maxFreeSockets},${agent.maxTotalSockets}`;

prototype._hasProperties = true;
prototype._sync = function() {
  const now = limits(this);
  if (now === this[kTold]) return;
  this[kTold] = now;
  core.call(this[kHandle], 'setLimits', limit(this.maxSockets), limit(this.maxFreeSockets) ?? 2 ** 32 - 1,
            limit(this.maxTotalSockets));
};

// Origins and their sockets, as Node has them.
function sockets(agent, operation) {
  const byOrigin = Object.create(null);
  for (const [origin, numbers] of core.call(agent[kHandle], operation)) {
    const list = numbers.map(socketOf).filter(Boolean);
    if (list.length) byOrigin[origin] = list;
  }
  return byOrigin;
}

const count = (byOrigin) => Object.values(byOrigin).reduce((sum, list) => sum + list.length, 0);

Object.defineProperties(prototype, {
  sockets: { configurable: true, enumerable: true, get() { return sockets(this, 'sockets'); } },
  freeSockets: { configurable: true, enumerable: true, get() { return sockets(this, 'freeSockets'); } },
  requests: {
    configurable: true, enumerable: true,
    get() {
      const byOrigin = Object.create(null);
      for (const [origin, ids] of core.call(this[kHandle], 'requests')) {
        byOrigin[origin] = ids.map((id) => this[kWaiting].get(id)).filter(Boolean);
      }
      for (const [origin, waiting] of this[kForeign]) (byOrigin[origin] ??= []).push(...waiting);
      return byOrigin;
    },
  },
  totalSocketCount: { get() { return count(this.sockets) + count(this.freeSockets); } },
});

prototype.getName = function(options = {}) {
  const { host, port, localAddress, family, socketPath } = options;
  return core.call(0, 'agentName', { host, port: port ? Number(port) : undefined, localAddress, family, socketPath });
};

prototype.createConnection = function(...given) { return net.createConnection(...given); };

prototype.keepSocketAlive = function(socket) {
  socket.setKeepAlive?.(true, this.keepAliveMsecs);
  socket.unref?.();
  return true;
};

prototype.reuseSocket = function(socket, request) {
  request.reusedSocket = true;
  socket.ref?.();
};

prototype.destroy = function() {
  core.call(this[kHandle], 'destroy');
  core.kick();
};

// The request is made with this agent: the core finds a connection for it, and asks for one if need be.
prototype._expect = function(id, request) { this[kWaiting].set(id, request); };
// A socket that was destroyed serves no request more, also before it has said that it is closed.
prototype._look = function() {
  for (const connection of this[kConnections]) if (connection.socket.destroyed) connection.lose();
};
prototype._lost = function(connection) { this[kConnections].delete(connection); };
prototype._forget = function(id) { this[kWaiting].delete(id); };

// Requests of the module are the core's. Another thing that takes a socket gets one of its own, or waits where there may
// be none.
prototype.addRequest = function(request, options, port, localAddress) {
  if (request._isBound) return;
  if (typeof options === 'string') options = { host: options, port, localAddress };
  options = { ...options, ...this.options };
  if (this.maxSockets > 0) {
    this.createSocket(request, options, (error, socket) => request.onSocket(socket, error));
    return;
  }
  const origin = this.getName(options);
  if (!this[kForeign].has(origin)) this[kForeign].set(origin, []);
  this[kForeign].get(origin).push(request);
};
// Programs call and replace it; the core does without.
prototype.removeSocket = function() {};

prototype.createSocket = function(request, options, callback) {
  const create = request._options?.createConnection ?? this.createConnection;
  const socket = create.call(this, options, callback);
  if (socket) callback(null, socket);
};

prototype._event = function(kind, payload) {
  switch (kind) {
    case 'createConnection': this._connect(payload.hook, this[kWaiting].get(payload.request)); return;
    case 'keepSocketAlive': this._keep(payload.hook, socketOf(payload.socket)); return;
    case 'free': this._free(connectionOf(payload.socket)); return;
    case 'reuseSocket': {
      const connection = connectionOf(payload.socket);
      if (connection) connection.reusedBy = this;
      return;
    }
    default:
  }
};

prototype._connect = function(hook, request) {
  if (!request) {
    core.call(this[kHandle], 'replyCreateConnection', hook, 0, fromError(new Error('socket hang up')));
    return;
  }
  let called = false;
  const callback = (error, socket) => {
    if (called) return;
    called = true;
    if (error) {
      core.call(this[kHandle], 'replyCreateConnection', hook, 0, fromError(error));
    } else {
      const connection = new Connection(socket, null);
      connection.agent = this;
      this[kConnections].add(connection);
      connection.attach(core.call(this[kHandle], 'replyCreateConnection', hook, connection.number));
      socket._httpMessage = request;
      socket.on('timeout', whenIdle);
      const { timeout } = request;
      if (timeout !== undefined && timeout !== (this.options.timeout ?? 0)) socket.timeout = timeout;
    }
    core.later();
  };
  this.createSocket(request, connectOptions(this, request), callback);
};

// Node's agent listens here until the socket is no longer its own; what times out in the pool the core destroys.
function whenIdle() {}
const letGo = (socket) => socket.removeListener('timeout', whenIdle);

function connectOptions(agent, request) {
  const options = { ...request._options, ...agent.options };
  if (options.socketPath) options.path = options.socketPath;
  else delete options.path;
  if (agent.keepAlive) {
    options.keepAlive = true;
    options.keepAliveInitialDelay = agent.keepAliveMsecs;
  }
  if (request._options.timeout) options.timeout = request._options.timeout;
  options._agentKey = agent.getName(options);
  options.encoding = null;
  return options;
}

// The agent hears of it first; whoever listens to the socket, when the agent has decided.
prototype._free = function(connection) {
  const socket = connection?.socket;
  if (!socket) return;
  socket._httpMessage = null;
  connection.freed = true;
  this.emit('free', socket, this.options);
  process.nextTick(tellFree, connection);
};

function tellFree(connection) {
  if (!connection.freed) return;
  connection.freed = false;
  connection.socket.emit('free');
}

prototype._keep = function(hook, socket) {
  const keep = Boolean(socket && !socket.destroyed && this.keepSocketAlive(socket) !== false);
  core.call(this[kHandle], 'replyKeepSocketAlive', hook, keep);
  if (socket) tellFree(socket[kConnection]);
};

module.exports = { Agent, letGo };

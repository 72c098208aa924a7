'use strict';
// Node's module `http`.

const common = require('_http_common');
const core = require('./core');
const { Agent } = require('./agent');
const { ClientRequest, theModule } = require('./request');
const { IncomingMessage } = require('./incoming');
const { OutgoingMessage, validateHeaderName, validateHeaderValue } = require('./outgoing');
const { Server, connectionListener } = require('./server');
const { ServerResponse } = require('./response');
const { commandLine } = require('./command_line');
const { validateInteger } = require('./errors');

theModule.globalAgent = new Agent({ keepAlive: true, scheduling: 'lifo', timeout: 5000 });

function request(url, options, callback) { return new ClientRequest(url, options, callback); }

function get(url, options, callback) {
  const made = request(url, options, callback);
  made.end();
  return made;
}

function createServer(options, listener) { return new Server(options, listener); }

// Parsers are the core's, and not pooled: the number is only kept.
function setMaxIdleHTTPParsers(max) {
  validateInteger(max, 'max', 1);
  common.parsers.max = max;
}

module.exports = {
  _connectionListener: connectionListener,
  METHODS: core.call(0, 'methods'),
  STATUS_CODES: Object.fromEntries(core.call(0, 'statusCodes')),
  Agent, ClientRequest, IncomingMessage, OutgoingMessage, Server, ServerResponse,
  createServer, validateHeaderName, validateHeaderValue, get, request, setMaxIdleHTTPParsers,
};

Object.defineProperties(module.exports, {
  maxHeaderSize: { configurable: true, enumerable: true, get: () => commandLine().maxHeaderSize ?? 16_384 },
  globalAgent: {
    configurable: true, enumerable: true,
    get: () => theModule.globalAgent,
    set: (agent) => { theModule.globalAgent = agent; },
  },
});
for (const name of ['WebSocket', 'CloseEvent', 'MessageEvent']) {
  if (globalThis[name]) module.exports[name] = globalThis[name];
}

'use strict';
// What Node's modules `_http_*` export of the module `http`.

const http = require('./http');
const { kHighWaterMark } = require('./outgoing');
const { kConnectionsCheckingInterval } = require('./server');

const NAMES = {
  _http_agent: ['Agent', 'globalAgent'],
  _http_client: ['ClientRequest'],
  _http_incoming: ['IncomingMessage'],
  _http_outgoing: ['OutgoingMessage', 'validateHeaderName', 'validateHeaderValue'],
  _http_server: ['STATUS_CODES', 'Server', 'ServerResponse', '_connectionListener'],
};

// What is not of the module.
const MORE = { _http_outgoing: { kHighWaterMark }, _http_server: { kConnectionsCheckingInterval } };

const pick = (names) => Object.fromEntries(names.map((name) => [name, http[name]]));

// The module of this name; none if it is none of http's.
function alias(name) {
  if (name === 'http') return http;
  return Object.hasOwn(NAMES, name) ? { ...pick(NAMES[name]), ...MORE[name] } : undefined;
}

module.exports = { alias };

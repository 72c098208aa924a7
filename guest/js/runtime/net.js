'use strict';
// The module `net`: TCP over the component's sockets.

const { isIP, isIPv4, isIPv6 } = require('./addresses');
const { Server } = require('./server');
const { Socket, connectArguments } = require('./socket');

function connect(...given) {
  const [options, callback] = connectArguments(given);
  const socket = new Socket(options);
  // As Node has it, for programs that put something before it.
  return socket.connect([options, callback]);
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

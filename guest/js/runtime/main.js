'use strict';
// Where it begins: the globals, the loop's hooks, then the program.

const loop = require('./loop');

globalThis[Symbol.for('node-http.binding')] = globalThis.__native;
require('./globals');

const native = globalThis.__native;
const { process } = globalThis;
const core = require('../face/core');
const util = require('./util');

function shown(error) {
  if (!(error instanceof Error)) return `Uncaught ${util.inspect(error)}`;
  const head = `${error.name}: ${error.message}`;
  const stack = `${error.stack ?? ''}`;
  const text = stack.includes(error.message) ? stack : `${head}\n${stack}`;
  const more = Object.keys(error).filter((name) => name !== 'stack' && name !== 'message');
  const details = more.map((name) => `  ${name}: ${util.inspect(error[name])}`).join(',\n');
  return `${text.trimEnd()}${details ? ` {\n${details}\n}` : ''}`;
}

// As Node ends: the error on standard error, status 1.
function failed(error) {
  if (process.listenerCount('uncaughtException') > 0) {
    process.emit('uncaughtException', error, 'uncaughtException');
    return;
  }
  native.print(2, `${shown(error)}\n\nNode.js ${process.version}\n`);
  process.exitCode = 1;
  if (!process._exiting) {
    process._exiting = true;
    process.emit('exit', 1);
  }
  native.exit(1);
}

process.on('warning', (warning) => {
  native.print(2, `(node:1) ${warning.code ? `[${warning.code}] ` : ''}${warning.name}: ${warning.message}\n`);
});

loop.set({
  failed,
  arrive: () => core.arrivedAlone(loop.enterAlone),
  beforeExit() { process.emit('beforeExit', process.exitCode ?? 0); },
  exit() {
    if (process._exiting) return;
    process._exiting = true;
    process.emit('exit', process.exitCode ?? 0);
    if (process.exitCode) native.exit(Number(process.exitCode));
  },
  rejected(reason, promise) {
    if (process.emit('unhandledRejection', reason, promise)) return;
    failed(reason);
  },
});

setImmediate(() => {
  const [program] = native.arguments.slice(1);
  if (program === undefined) {
    native.print(2, 'usage: node-http run PROGRAM\n');
    native.exit(2);
  }
  require('./modules').runMain(program, failed);
});

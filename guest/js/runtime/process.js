'use strict';
// The module `process`.

const EventEmitter = require('events');
const loop = require('./loop');

const native = globalThis.__native;
const [, ...program] = native.arguments;
const start = native.now();

const process = Object.create(EventEmitter.prototype, { [Symbol.toStringTag]: { value: 'process' } });
EventEmitter.call(process);

function hrtime(before) {
  const now = native.now();
  const time = [Math.floor(now / 1000), Math.floor((now % 1000) * 1e6)];
  if (!before) return time;
  const [seconds, nanos] = [time[0] - before[0], time[1] - before[1]];
  return nanos < 0 ? [seconds - 1, nanos + 1e9] : [seconds, nanos];
}
hrtime.bigint = () => BigInt(Math.floor(native.now())) * 1_000_000n;


function exit(code) {
  if (code !== undefined) process.exitCode = code;
  if (!process._exiting) {
    process._exiting = true;
    process.emit('exit', process.exitCode ?? 0);
  }
  native.exit(Number(process.exitCode ?? 0));
}

function emitWarning(warning, type = 'Warning', code) {
  if (typeof type === 'object') ({ type = 'Warning', code } = type);
  if (typeof warning === 'string') {
    const text = warning;
    warning = new Error(text);
    warning.name = type;
    if (code) warning.code = code;
  }
  if (warning.name === 'DeprecationWarning' && process.noDeprecation) return;
  loop.nextTick(() => process.emit('warning', warning));
}

Object.assign(process, {
  title: 'node', version: 'v23.5.0', versions: { node: '23.5.0', quickjs: '1' }, release: { name: 'node' },
  arch: 'wasm32', platform: 'linux', pid: 1, ppid: 0, execPath: '/usr/bin/node', execArgv: [], argv0: 'node',
  argv: ['/usr/bin/node', ...program], env: native.environment, exitCode: undefined, features: {}, config: { variables: {} },
  browser: false, noDeprecation: false, allowedNodeEnvironmentFlags: new Set(),
  cwd: () => native.environment.PWD ?? '/',
  chdir() { throw new Error('process.chdir() is not supported'); },
  umask: () => 0o22, getuid: () => 0, geteuid: () => 0, getgid: () => 0, getegid: () => 0,
  uptime: () => (native.now() - start) / 1000,
  memoryUsage: Object.assign(() => ({ rss: 0, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 }), { rss: () => 0 }),
  cpuUsage: () => ({ user: 0, system: 0 }),
  nextTick: loop.nextTick, hrtime, exit, reallyExit: exit, emitWarning,
  abort: () => native.exit(134),
  kill(pid, signal) { if (signal !== 0) process.emit(signal ?? 'SIGTERM'); return true; },
  binding(name) { throw new Error(`No such module: ${name}`); },
  _rawDebug: (...words) => native.print(2, `${words.join(' ')}\n`),
});

module.exports = process;

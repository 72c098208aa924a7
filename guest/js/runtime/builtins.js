'use strict';
// Node's modules by name, each made when it is asked for first.

const loop = require('./loop');

// What is not there, and says so when it is used and not before: many packages ask for what they may never need.
function missing(module, names) {
  const exports = {};
  for (const name of names) {
    exports[name] = function() {
      throw Object.assign(new Error(`${module}.${name} is not available here`), { code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' });
    };
  }
  return exports;
}

class AsyncResource {
  constructor(type) { this.type = type; }
  runInAsyncScope(callback, self, ...given) { return callback.apply(self, given); }
  bind(callback) { return callback.bind(undefined); }
  emitDestroy() { return this; }
  asyncId() { return 0; }
  triggerAsyncId() { return 0; }
  static bind(callback) { return callback; }
}

// Contexts hold for the synchronous part of what runs in them.
class AsyncLocalStorage {
  run(store, callback, ...given) {
    const before = this.store;
    this.store = store;
    try { return callback(...given); } finally { this.store = before; }
  }
  getStore() { return this.store; }
  enterWith(store) { this.store = store; }
  exit(callback, ...given) { return this.run(undefined, callback, ...given); }
  disable() { this.store = undefined; }
}

const sleep = (msecs, value) => new Promise((resolve) => { loop.setTimeout(resolve, msecs, value); });
const streams = () => require('./stream');
const http = () => require('../face/aliases');

const makers = {
  assert: () => require('assert/'),
  'assert/strict': () => require('assert/').strict,
  async_hooks: () => ({
    AsyncResource, AsyncLocalStorage, executionAsyncId: () => 0, triggerAsyncId: () => 0,
    createHook: () => ({ enable() { return this; }, disable() { return this; } }),
  }),
  buffer: () => ({ ...require('./buffer'), constants: { MAX_LENGTH: 2 ** 31 - 1 }, Blob: undefined, File: undefined }),
  child_process: () => missing('child_process', ['exec', 'execFile', 'execFileSync', 'execSync', 'fork', 'spawn', 'spawnSync']),
  cluster: () => ({ isMaster: true, isPrimary: true, isWorker: false, on() {} }),
  console: () => globalThis.console,
  constants: () => ({}),
  crypto: () => require('./crypto'),
  dgram: () => missing('dgram', ['createSocket']),
  diagnostics_channel: () => require('./diagnostics_channel'),
  dns: () => require('./dns'),
  'dns/promises': () => require('./dns').promises,
  events: () => require('./events'),
  fs: () => require('./fs'),
  'fs/promises': () => require('./fs').promises,
  http2: () => ({ ...missing('http2', ['connect', 'createServer', 'createSecureServer']), constants: {} }),
  https: () => ({ ...missing('https', ['createServer', 'get', 'request']), Agent: http().alias('http').Agent, globalAgent: http().alias('http').globalAgent }),
  module: () => require('./modules').Module,
  net: () => require('./net'),
  os: () => ({
    EOL: '\n', platform: () => 'linux', type: () => 'Linux', arch: () => 'wasm32', release: () => '', hostname: () => 'localhost',
    cpus: () => [], totalmem: () => 0, freemem: () => 0, tmpdir: () => '/tmp', homedir: () => '/', networkInterfaces: () => ({}),
    endianness: () => 'LE', loadavg: () => [0, 0, 0], uptime: () => process.uptime(), constants: { signals: {}, errno: {} },
    availableParallelism: () => 1,
  }),
  path: () => require('path-browserify'),
  'path/posix': () => require('path-browserify'),
  perf_hooks: () => ({ performance, PerformanceObserver: class { observe() {} disconnect() {} } }),
  process: () => process,
  punycode: () => require('punycode/'),
  querystring: () => require('querystring/'),
  readline: () => missing('readline', ['createInterface']),
  stream: streams,
  'stream/promises': () => streams().promises,
  string_decoder: () => require('string_decoder/'),
  timers: () => ({
    setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate, promises: makers['timers/promises'](),
  }),
  'timers/promises': () => ({
    setTimeout: sleep, setImmediate: (value) => new Promise((resolve) => { loop.setImmediate(resolve, value); }),
    scheduler: { wait: sleep },
  }),
  tls: () => ({ ...missing('tls', ['checkServerIdentity', 'connect', 'createServer', 'createSecureContext']), TLSSocket: class TLSSocket {} }),
  tty: () => ({ isatty: () => false, ReadStream: class {}, WriteStream: class {} }),
  url: () => require('./url'),
  util: () => require('./util'),
  'util/types': () => require('./util').types,
  v8: () => ({ getHeapStatistics: () => ({}) }),
  vm: () => missing('vm', ['Script', 'createContext', 'runInContext', 'runInNewContext', 'runInThisContext']),
  worker_threads: () => ({ isMainThread: true, parentPort: null, threadId: 0, workerData: null, ...missing('worker_threads', ['Worker']) }),
  zlib: () => require('./zlib'),
  _http_common: () => require('./http_common'),
};

const made = new Map();

// The module of this name, without `node:`; undefined if there is none.
function builtin(name) {
  if (made.has(name)) return made.get(name);
  const exports = Object.hasOwn(makers, name) ? makers[name]() : http().alias(name);
  if (exports !== undefined) made.set(name, exports);
  return exports;
}

const isBuiltin = (name) => Object.hasOwn(makers, name.replace(/^node:/, '')) || /^(node:)?(http|_http_\w+)$/.test(name);

module.exports = { builtin, isBuiltin, names: [...Object.keys(makers), 'http'] };

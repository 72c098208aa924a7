'use strict';
// What every program finds without asking.

require('./callsite');
const loop = require('./loop');

const native = globalThis.__native;
const process = require('./process');
globalThis.process = process;
globalThis.global = globalThis;
const define = (values) => {
  for (const [name, value] of Object.entries(values)) {
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
  }
};

class TextEncoder {
  get encoding() { return 'utf-8'; }
  encode(text = '') { return native.utf8(`${text}`); }
  encodeInto(text, target) {
    const bytes = native.utf8(`${text}`).subarray(0, target.length);
    target.set(bytes);
    return { read: text.length, written: bytes.length };
  }
}

class TextDecoder {
  constructor(label = 'utf-8', options = {}) {
    this.encoding = `${label}`.toLowerCase().replace('utf8', 'utf-8');
    this.fatal = Boolean(options.fatal);
    this.ignoreBOM = Boolean(options.ignoreBOM);
  }
  decode(bytes = new Uint8Array()) {
    const view = ArrayBuffer.isView(bytes)
      ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : new Uint8Array(bytes);
    if (/^(latin1|iso-8859-1|ascii|windows-1252)$/.test(this.encoding)) return globalThis.Buffer.from(view).toString('latin1');
    if (this.encoding === 'utf-16le') return globalThis.Buffer.from(view).toString('utf16le');
    const text = native.fromUtf8(view);
    return this.ignoreBOM ? text : text.replace(/^\ufeff/, '');
  }
}

define({
  setTimeout: loop.setTimeout, clearTimeout: loop.clearTimeout, setInterval: loop.setInterval,
  clearInterval: loop.clearInterval, setImmediate: loop.setImmediate, clearImmediate: loop.clearImmediate,
  queueMicrotask: (callback) => { Promise.resolve().then(() => loop.enter(callback)); },
  TextEncoder, TextDecoder,
});

define({ Buffer: require('./buffer').Buffer });

const { EventTarget, Event } = require('event-target-shim');
const { AbortController, AbortSignal } = require('./abort');
const { URL, URLSearchParams } = require('./url');
const start = native.now();
define({
  EventTarget, Event, AbortController, AbortSignal, URL, URLSearchParams,
  performance: { now: () => native.now() - start, timeOrigin: Date.now(), mark() {}, measure() {}, toJSON: () => ({}) },
  structuredClone: require('./clone').structuredClone,
  btoa: (text) => globalThis.Buffer.from(`${text}`, 'latin1').toString('base64'),
  atob: (text) => globalThis.Buffer.from(`${text}`, 'base64').toString('latin1'),
  DOMException: require('./abort').DOMException,
});
// Packages ask whether a value is one of these; there are none.
for (const name of ['ReadableStream', 'WritableStream', 'TransformStream', 'Blob', 'File', 'Response']) {
  define({
    [name]: class {
      constructor() { throw Object.assign(new Error(`${name} is not available here`), { code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' }); }
    },
  });
}
const { Console, stdout, stderr, stdin } = require('./stdio');
define({ console: Object.assign(new Console(stdout, stderr), { Console }) });
Object.assign(process, { stdout, stderr });
Object.defineProperty(process, 'stdin', { configurable: true, get: stdin });

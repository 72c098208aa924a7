'use strict';
// AbortController and AbortSignal, by the standard's newer rules where the package is older.

const { EventTarget } = require('event-target-shim');

class DOMException extends Error {
  constructor(message = '', name = 'Error') {
    super(message);
    Object.defineProperty(this, 'name', { value: typeof name === 'object' ? name.name : name, configurable: true });
  }
  get code() { return { AbortError: 20, TimeoutError: 23 }[this.name] ?? 0; }
}

class AbortSignal extends EventTarget {
  constructor() {
    super();
    this.aborted = false;
    this.reason = undefined;
    this.onabort = null;
  }
  throwIfAborted() { if (this.aborted) throw this.reason; }
  static abort(reason) { const signal = new AbortSignal(); raise(signal, reason); return signal; }
  static timeout(msecs) {
    const signal = new AbortSignal();
    setTimeout(raise, msecs, signal, new DOMException('The operation was aborted due to timeout', 'TimeoutError')).unref();
    return signal;
  }
  static any(signals) {
    const any = new AbortSignal();
    for (const signal of signals) {
      if (signal.aborted) { raise(any, signal.reason); break; }
      signal.addEventListener('abort', () => raise(any, signal.reason), { once: true });
    }
    return any;
  }
}

function raise(signal, reason = new DOMException('This operation was aborted', 'AbortError')) {
  if (signal.aborted) return;
  signal.aborted = true;
  signal.reason = reason;
  const event = { type: 'abort' };
  signal.onabort?.(event);
  signal.dispatchEvent(event);
}

class AbortController {
  constructor() { this.signal = new AbortSignal(); }
  abort(reason) { raise(this.signal, reason); }
}

module.exports = { AbortController, AbortSignal, DOMException };

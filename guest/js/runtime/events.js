'use strict';
// The module `events`: the npm package, and what is younger than it.

const EventEmitter = require('events/');

// The package copies every list.
const { emit } = EventEmitter.prototype;
EventEmitter.prototype.emit = function(name, ...given) {
  const events = this._events;
  const listener = events === undefined ? undefined : events[name];
  if (typeof listener === 'function') {
    listener.apply(this, given);
    return true;
  }
  return listener === undefined && name !== 'error' ? false : emit.call(this, name, ...given);
};

EventEmitter.captureRejectionSymbol ??= Symbol.for('nodejs.rejection');
EventEmitter.errorMonitor ??= Symbol('events.errorMonitor');
EventEmitter.setMaxListeners ??= () => {};
EventEmitter.getEventListeners ??= (emitter, name) => emitter.listeners?.(name) ?? [];
EventEmitter.listenerCount = (emitter, name) => emitter.listenerCount?.(name) ?? 0;
EventEmitter.addAbortListener ??= (signal, listener) => {
  signal.addEventListener('abort', listener, { once: true });
  return { [Symbol.for('dispose')]() { signal.removeEventListener('abort', listener); } };
};
EventEmitter.EventEmitterAsyncResource ??= class EventEmitterAsyncResource extends EventEmitter {};

EventEmitter.on ??= async function* on(emitter, name) {
  const waiting = [];
  let wake = () => {};
  emitter.on(name, (...given) => { waiting.push(given); wake(); });
  for (;;) {
    while (waiting.length) yield waiting.shift();
    await new Promise((resolve) => { wake = resolve; });
  }
};

module.exports = EventEmitter;

'use strict';
// The module `diagnostics_channel`.

class Channel {
  constructor(name) {
    this.name = name;
    this.subscribers = new Set();
  }
  get hasSubscribers() { return this.subscribers.size > 0; }
  subscribe(callback) { this.subscribers.add(callback); }
  unsubscribe(callback) { return this.subscribers.delete(callback); }
  publish(message) { for (const callback of this.subscribers) callback(message, this.name); }
  bindStore() {}
  unbindStore() {}
  runStores(context, callback, self, ...given) {
    this.publish(context);
    return callback.apply(self, given);
  }
}

const channels = new Map();
function channel(name) {
  if (!channels.has(name)) channels.set(name, new Channel(name));
  return channels.get(name);
}

const PARTS = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'];

class TracingChannel {
  constructor(given) {
    for (const part of PARTS) this[part] = typeof given === 'string' ? channel(`tracing:${given}:${part}`) : given[part];
  }
  get hasSubscribers() { return PARTS.some((part) => this[part]?.hasSubscribers); }
  subscribe(handlers) { for (const part of PARTS) if (handlers[part]) this[part].subscribe(handlers[part]); }
  unsubscribe(handlers) { for (const part of PARTS) if (handlers[part]) this[part].unsubscribe(handlers[part]); }
  traceSync(callback, context = {}, self, ...given) {
    return this.start.runStores(context, () => {
      try {
        context.result = callback.apply(self, given);
        return context.result;
      } catch (error) {
        context.error = error;
        this.error.publish(context);
        throw error;
      } finally { this.end.publish(context); }
    });
  }
  tracePromise(callback, context = {}, self, ...given) {
    const done = (settle) => (value) => {
      this.asyncStart.publish(context);
      this.asyncEnd.publish(context);
      return settle(value);
    };
    return this.traceSync(callback, context, self, ...given).then(done((value) => value), done((error) => { throw error; }));
  }
  traceCallback(callback, position = -1, context = {}, self, ...given) {
    return this.traceSync(callback, context, self, ...given);
  }
}

module.exports = {
  Channel, channel, tracingChannel: (given) => new TracingChannel(given),
  hasSubscribers: (name) => channels.get(name)?.hasSubscribers ?? false,
  subscribe: (name, callback) => channel(name).subscribe(callback),
  unsubscribe: (name, callback) => channel(name).unsubscribe(callback),
};

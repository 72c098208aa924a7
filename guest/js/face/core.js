'use strict';
// The core behind the face: its functions with errors thrown, and its events brought to the objects they are for.
//
// The functions are those of guest/js/src/binding/mod.rs; whoever loads the face has put them under the symbol below.
// Events are told one in a tick, so that what a listener does in its own ticks comes before the next event, as it does
// where each event is a callback of its own.

const { toError } = require('./errors');

const native = globalThis[Symbol.for('node-http.binding')];

function checked(value) {
  if (typeof value === 'object' && value !== null && value.$error !== undefined) throw toError(value.$error);
  return value;
}

const create = (kind, ...given) => checked(native.create(kind, given));
const call = (handle, operation, ...given) => checked(native.call(handle, operation, given));
const write = (handle, bytes) => checked(native.write(handle, bytes));
const end = (handle, bytes) => checked(native.end(handle, bytes));

// Who is told of the events of a handle; who has properties that the core has to know before it goes on; and who has
// other listeners than before.
const objects = new Map();
const synchronized = new Set();
const touched = new Set();

function register(handle, object) {
  objects.set(handle, object);
  if (object._hasProperties) synchronized.add(object);
  else if (object._sync) touched.add(object);
}

// To listen to some events changes what the core does: it hears of it.
function tellListening(prototype, base, names) {
  for (const method of ['on', 'addListener', 'prependListener', 'removeListener', 'off', 'removeAllListeners']) {
    const inherited = base[method];
    Object.defineProperty(prototype, method, {
      configurable: true, writable: true,
      value: function(name, ...given) {
        if (name === undefined || names.includes(name)) touched.add(this);
        return arguments.length === 0 ? inherited.call(this) : inherited.call(this, name, ...given);
      },
    });
  }
}

// What is watched under a number that is no handle.
const unregister = (number) => { objects.delete(number); };

function release(handle) {
  if (!handle) return;
  const object = objects.get(handle);
  if (object) synchronized.delete(object);
  objects.delete(handle);
  native.release(handle);
}

// Nothing more happens to an object: it is kept for what can still be asked, as long as JavaScript keeps it.
const retired = new FinalizationRegistry((handle) => native.release(handle));

function retire(handle, object) {
  if (!handle || objects.get(handle) !== object) return;
  synchronized.delete(object);
  retired.register(object, handle);
  // What is on its way is still told.
  setImmediate(() => objects.delete(handle));
}

const queue = [];
let telling = false, scheduled = false, working = false, again = false;

// Lets the core go on, and takes what it says. Pipes are emptied at once; nobody listens to them.
function work() {
  if (working) { again = true; return; }
  working = true;
  try {
    do {
      again = false;
      for (const object of synchronized) object._sync();
      if (touched.size > 0) {
        for (const object of touched) object._sync();
        touched.clear();
      }
      native.run(Date.now());
      gather();
    } while (again);
  } finally { working = false; }
}

// Takes what the core has said already.
function gather() {
  for (const event of native.take()) {
    const object = objects.get(event[0]);
    if (object === undefined) continue;
    if (event[1] === 'moved') object._moved?.(); else if (isHeard(object, event[1])) queue.push(event);
  }
}

// Most that happens to a message nobody has asked for.
function isHeard(object, kind) {
  switch (kind) {
    case 'readable': return object._isWaiting();
    case 'prefinish': case 'drain': return object._events[kind] !== undefined;
    case 'ended': case 'other': return false;
    default: return true;
  }
}

// What is there is told in a tick of its own.
function later() {
  if (scheduled) return;
  scheduled = true;
  process.nextTick(() => { scheduled = false; tell(); });
}

// Something was done that the core may go on with.
function kick() {
  work();
  if (queue.length) later();
}

// Something has come from outside: whoever it is for is told at once, as by a callback of the system.
function arrived() {
  work();
  if (!telling) tell(); else later();
}

function tell() {
  if (telling) { later(); return; }
  telling = true;
  try {
    if (queue.length === 0) work();
    const event = queue.shift();
    if (event !== undefined) objects.get(event[0])?._event(event[1], event[2]);
    work();
  } finally {
    telling = false;
    if (queue.length) later();
  }
}

// Tells events of one object at once that cannot wait for their turn.
function tellNow(handle, ...kinds) {
  for (let i = 0; i < queue.length; i++) {
    if (queue[i][0] !== handle || !kinds.includes(queue[i][1])) continue;
    const [event] = queue.splice(i--, 1);
    objects.get(handle)._event(event[1], event[2]);
  }
}

// The core's clock natively: its deadlines count from now, and are looked at every few milliseconds.
native.run(Date.now());
if (native.needsTicks !== false) setInterval(() => { work(); if (queue.length && !telling) tell(); }, 8).unref();

module.exports = {
  create, call, write, end, read: native.read, push: native.push, finish: native.finish, reset: native.reset,
  pull: native.pull, pipeState: native.pipeState, tellListening, register, unregister, release, retire, work, gather, kick, arrived, later, tellNow,
};

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

// Who is told of the events of a handle, and who has properties that the core has to know before it goes on.
const objects = new Map();
const synchronized = new Set();

function register(handle, object) {
  objects.set(handle, object);
  if (object._sync) synchronized.add(object);
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
    if (event[1] === 'moved') object._moved?.(); else queue.push(event);
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
function tellNow(handle, kind) {
  for (let i = 0; i < queue.length; i++) {
    if (queue[i][0] !== handle || queue[i][1] !== kind) continue;
    const [event] = queue.splice(i--, 1);
    objects.get(handle)._event(kind, event[2]);
  }
}

// The core's clock natively: its deadlines count from now, and are looked at every few milliseconds.
native.run(Date.now());
if (native.needsTicks !== false) setInterval(() => { work(); if (queue.length && !telling) tell(); }, 8).unref();

module.exports = {
  create, call, write, end, read: native.read, push: native.push, finish: native.finish, reset: native.reset,
  pull: native.pull, pipeState: native.pipeState, register, unregister, release, retire, work, gather, kick, arrived, later, tellNow,
};

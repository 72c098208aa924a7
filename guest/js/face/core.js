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
function end(handle, bytes) {
  const answer = native.end(handle, bytes);
  if (answer !== null) checked(answer);
}

// Whether the core goes on by itself between turns.
const goesOn = native.needsTicks === false;
// Whether it takes text as well as bytes, as UTF-8.
const takesText = native.takesText === true;

// Who is told of the events of a handle, by its place (guest/js/src/binding/objects.rs), and whose place it is; and of
// numbers that are no handles.
const PLACE = 2 ** 24 - 1;
const MOST = 2 ** 31 - 1;
const places = [undefined];
const owners = [0];
const beyond = new Map();
// Who has properties that the core has to know before it goes on; and who has other listeners than before.
const synchronized = new Set();
const touched = new Set();

function objectOf(handle) {
  if (handle > MOST) return beyond.get(handle);
  const place = handle & PLACE;
  return owners[place] === handle ? places[place] : undefined;
}

function enlist(handle, object) {
  if (handle > MOST) {
    beyond.set(handle, object);
    return;
  }
  const place = handle & PLACE;
  // Arrays with holes are slow.
  while (places.length < place) { places.push(undefined); owners.push(0); }
  places[place] = object;
  owners[place] = handle;
  // Nobody listens to an object without listeners.
  if (object._events !== undefined && object._sync) touched.add(object);
}

function register(handle, object) {
  enlist(handle, object);
  if (object._hasProperties) synchronized.add(object);
}

function strike(handle) {
  if (handle > MOST) beyond.delete(handle);
  else if (owners[handle & PLACE] === handle) places[handle & PLACE] = undefined;
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
const unregister = strike;

function release(handle) {
  if (!handle) return;
  const object = objectOf(handle);
  if (object) synchronized.delete(object);
  strike(handle);
  native.release(handle);
}

// Nothing more happens to an object: it is kept for what can still be asked, as long as JavaScript keeps it.
const retired = new FinalizationRegistry((handle) => native.release(handle));
let leaving = [];
const kHeld = Symbol('held');

// The core keeps an object as long as JavaScript does.
const keep = (handle, object) => retired.register(object, handle);

function retire(handle, object) {
  if (!handle || objectOf(handle) !== object) return;
  if (object._hasProperties) synchronized.delete(object);
  // Or the engine does it, by what the object holds.
  if (object[kHeld] === undefined) retired.register(object, handle);
  // What is on its way is still told.
  if (leaving.push(handle) === 1 && !goesOn) setImmediate(forget);
}

function forget() {
  for (let i = 0; i < leaving.length; i++) strike(leaving[i]);
  leaving = [];
}

// Events in the order in which they happened: of which object, what, and what there is to say. Read by index, because
// taking from the front of an array moves the others.
let queue = [];
let next = 0;
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

// Kinds come as numbers.
const KINDS = call(0, 'kinds');
const MOVED = KINDS.indexOf('moved');
const FINISH = KINDS.indexOf('finish');
const CLOSE = KINDS.indexOf('close');
const NEVER_HEARD = new Set([KINDS.indexOf('ended'), KINDS.indexOf('other')]);
const READABLE = KINDS.indexOf('readable');

// Takes what the core has said already.
function gather() {
  const events = native.take();
  if (events === null) return;
  for (let i = 0; i < events.length; i += 3) {
    const handle = events[i], place = handle & PLACE;
    const object = owners[place] === handle ? places[place] : objectOf(handle);
    if (object === undefined) continue;
    const kind = events[i + 1];
    if (kind === MOVED) object._moved?.();
    // Most that happens to a message nobody has asked for.
    else if (kind === READABLE ? object._isWaiting() : !(kind === FINISH || kind === CLOSE) || !object._quietly?.(kind)) {
      if (!NEVER_HEARD.has(kind)) queue.push(handle, kind, events[i + 2]);
    }
  }
}

const hasEvents = () => next < queue.length;

// What is there is told in a tick of its own.
function later() {
  if (scheduled) return;
  scheduled = true;
  process.nextTick(tellLater);
}

function tellLater() {
  scheduled = false;
  tell();
}

// Something was done that the core may go on with.
function kick() {
  work();
  if (hasEvents()) later();
}

// Something has come from outside: whoever it is for is told at once, as by a callback of the system.
function arrived() {
  work();
  if (!telling) tell(); else later();
}

// As `arrived`, where nothing of JavaScript's is under way: every event is a callback of its own, which `enter` makes
// with all that follows from it.
function arrivedAlone(enter) {
  if (leaving.length > 0) forget();
  for (work(); hasEvents(); work()) {
    while (hasEvents()) enter(tellOne);
  }
}

function tellOne() {
  const object = objectOf(queue[next]), kind = queue[next + 1], payload = queue[next + 2];
  next += 3;
  if (next === queue.length) { queue = []; next = 0; }
  if (object === undefined) return;
  telling = true;
  try { object._event(KINDS[kind], payload); } finally { telling = false; }
}

function tell() {
  if (telling) { later(); return; }
  try {
    if (!hasEvents()) work();
    if (hasEvents()) tellOne();
    telling = true;
    work();
  } finally {
    telling = false;
    if (hasEvents()) later();
  }
}

// Tells events of one object at once that cannot wait for their turn.
function tellNow(handle, ...kinds) {
  for (let i = next; i < queue.length; i += 3) {
    if (queue[i] !== handle || !kinds.includes(KINDS[queue[i + 1]])) continue;
    const [, kind, payload] = queue.splice(i, 3);
    i -= 3;
    objectOf(handle)._event(KINDS[kind], payload);
  }
}

// The core's clock natively: its deadlines count from now, and are looked at every few milliseconds.
native.run(Date.now());
if (!goesOn) setInterval(() => { work(); if (hasEvents() && !telling) tell(); }, 8).unref();

module.exports = {
  create, call, write, end, read: native.read, isSpent: native.isSpent, push: native.push, finish: native.finish, reset: native.reset,
  pull: native.pull, pipeState: native.pipeState, tellListening, enlist, register, unregister, release, keep, retire, work, gather, kick, arrived, arrivedAlone, later, tellNow,
  goesOn, takesText, kHeld, FINISH, CLOSE,
};

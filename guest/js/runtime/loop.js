'use strict';
// The event loop: ticks, promises, what has arrived, timers, immediates, in Node's order.

const native = globalThis.__native;

// What a turn finds to do. A queue that is read by index: taking from the front of an array moves the others.
class Queue {
  constructor() { this.items = []; this.next = 0; }
  get size() { return this.items.length - this.next; }
  push(item) { this.items.push(item); }
  take() {
    const item = this.items[this.next];
    this.items[this.next++] = undefined;
    if (this.next === this.items.length) { this.items = []; this.next = 0; }
    return item;
  }
}

const ticks = new Queue();
const arrived = new Queue();
let immediates = [];
let failed = (error) => { throw error; };
let hooks = { arrive() {}, beforeExit() {}, exit() {} };

// What keeps the program: open handles and work that is under way.
let references = 0;
const hold = () => { references += 1; };
const letGo = () => { references -= 1; };

function nextTick(callback, ...given) {
  if (typeof callback !== 'function') {
    throw Object.assign(new TypeError('The "callback" argument must be of type function.'), { code: 'ERR_INVALID_ARG_TYPE' });
  }
  ticks.push([callback, given]);
}

function run(callback, given) {
  try {
    callback(...given);
  } catch (error) { failed(error); }
}

// Promises that were rejected and that nobody has handled yet.
const rejected = new Map();

function rejection(promise, reason, isHandled) {
  if (isHandled) rejected.delete(promise); else rejected.set(promise, reason);
}

function tellRejections() {
  const now = [...rejected];
  rejected.clear();
  for (const [promise, reason] of now) run(hooks.rejected, [reason, promise]);
}

// Ticks before promises, until there are neither; then what was rejected for good.
function drain() {
  do {
    while (ticks.next < ticks.items.length) {
      const tick = ticks.take();
      run(tick[0], tick[1]);
    }
    native.runMicrotasks();
    if (ticks.items.length === 0 && rejected.size > 0) tellRejections();
  } while (ticks.items.length > 0);
}

// A callback of the system's, with all that follows from it.
function enter(callback, ...given) {
  run(callback, given);
  drain();
}

// As `enter`, for what takes nothing.
function enterAlone(callback) {
  try {
    callback();
  } catch (error) { failed(error); }
  drain();
}

// The earliest timer first; of two for the same time, the older one.
const timers = [];
let lastTimer = 0;
const before = (one, other) => one.at < other.at || (one.at === other.at && one.order < other.order);

function siftUp(index) {
  const timer = timers[index];
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (before(timers[parent], timer)) break;
    timers[index] = timers[parent];
    index = parent;
  }
  timers[index] = timer;
}

function takeTimer() {
  const first = timers[0];
  const last = timers.pop();
  if (timers.length === 0) return first;
  let index = 0;
  for (;;) {
    let child = 2 * index + 1;
    if (child >= timers.length) break;
    if (child + 1 < timers.length && before(timers[child + 1], timers[child])) child += 1;
    if (before(last, timers[child])) break;
    timers[index] = timers[child];
    index = child;
  }
  timers[index] = last;
  return first;
}

// A timer that was moved or cleared leaves its old place behind, which is passed over.
function arm(timer) {
  timer.place = { at: native.now() + timer.after, order: ++lastTimer, timer };
  timers.push(timer.place);
  siftUp(timers.length - 1);
}

class Timeout {
  constructor(callback, after, given, repeats) {
    after = Number(after);
    this._onTimeout = callback;
    this.after = after >= 1 && after <= 2 ** 31 - 1 ? Math.trunc(after) : 1;
    this.given = given;
    this.repeats = repeats;
    this.held = true;
    this.place = null;
    hold();
    arm(this);
  }
  ref() { if (!this.held && this.place) { this.held = true; hold(); } return this; }
  unref() { if (this.held && this.place) { this.held = false; letGo(); } return this; }
  hasRef() { return this.held && this.place !== null; }
  refresh() {
    if (this.place) arm(this);
    return this;
  }
  close() { clear(this); return this; }
  [Symbol.toPrimitive]() {
    byId.set(this.id ??= ++lastId, this);
    return this.id;
  }
  [Symbol.dispose ?? Symbol.for('dispose')]() { clear(this); }
}

const byId = new Map();
let lastId = 0;

function clear(timer) {
  if (typeof timer === 'number' || typeof timer === 'string') timer = byId.get(Number(timer));
  if (!(timer instanceof Timeout) || timer.place === null) return;
  timer.place = null;
  byId.delete(timer.id);
  if (timer.held) letGo();
}

function runTimers() {
  const now = native.now();
  while (timers.length > 0 && timers[0].at <= now) {
    const place = takeTimer();
    const { timer } = place;
    if (timer.place !== place) continue;
    if (timer.repeats) arm(timer);
    enter(timer._onTimeout, ...timer.given);
    if (!timer.repeats && timer.place === place) clear(timer);
  }
}

// The next timer that is not cleared.
function nextTimer() {
  while (timers.length > 0 && timers[0].timer.place !== timers[0]) takeTimer();
  return timers.length > 0 ? Math.max(0, timers[0].at - native.now()) : Infinity;
}

class Immediate {
  constructor(callback, given) {
    this._onImmediate = callback;
    this.given = given;
    this.held = true;
    hold();
    immediates.push(this);
  }
  ref() { if (!this.held && this._onImmediate) { this.held = true; hold(); } return this; }
  unref() { if (this.held && this._onImmediate) { this.held = false; letGo(); } return this; }
  hasRef() { return this.held; }
}

function clearImmediate(immediate) {
  if (!immediate?._onImmediate) return;
  immediate._onImmediate = null;
  if (immediate.held) letGo();
}

function runImmediates() {
  const now = immediates;
  immediates = [];
  for (const immediate of now) {
    const callback = immediate._onImmediate;
    if (!callback) continue;
    clearImmediate(immediate);
    enter(callback, ...immediate.given);
  }
}

function needFunction(callback) {
  if (typeof callback === 'function') return;
  throw Object.assign(new TypeError('The "callback" argument must be of type function. ' +
    `Received ${callback === null || callback === undefined ? callback : `type ${typeof callback}`}`),
                      { code: 'ERR_INVALID_ARG_TYPE' });
}

function setTimeout(callback, after, ...given) {
  needFunction(callback);
  return new Timeout(callback, after, given, false);
}
function setInterval(callback, after, ...given) {
  needFunction(callback);
  return new Timeout(callback, after, given, true);
}
function setImmediate(callback, ...given) {
  needFunction(callback);
  return new Immediate(callback, given);
}

// The core goes on between turns: a program without references is over when it has said nothing for so many.
const PATIENCE = 6;
let quiet = 0;

// One turn. Answers after how many milliseconds the next is due at the latest; below 0: the program is over.
function turn() {
  enterAlone(hooks.arrive);
  while (arrived.size > 0) enter(arrived.take());
  runTimers();
  runImmediates();
  if (references > 0) quiet = 0;
  else if (quiet < PATIENCE) {
    quiet += 1;
    return 0;
  } else {
    enter(hooks.beforeExit);
    if (references <= 0 && ticks.size === 0) {
      hooks.exit();
      return -1;
    }
  }
  return immediates.length > 0 || arrived.size > 0 ? 0 : nextTimer();
}

globalThis.__loop = { turn, rejection };

module.exports = {
  nextTick, setTimeout, clearTimeout: clear, setInterval, clearInterval: clear, setImmediate, clearImmediate,
  hold, letGo, enter, enterAlone, Timeout, Immediate,
  arrive: (callback) => arrived.push(callback),
  set(given) { ({ failed } = given); hooks = { ...hooks, ...given }; },
};

'use strict';
// Call sites, which packages ask of `Error.prepareStackTrace`, have the questions that V8's have.

const before = Error.prepareStackTrace;
let site;
Error.prepareStackTrace = (_error, sites) => { [site] = sites; return ''; };
void new Error('call sites').stack;
Error.prepareStackTrace = before;

const ANSWERS = {
  getEvalOrigin: undefined, getMethodName: null, getThis: undefined, getTypeName: null, isConstructor: false, isEval: false,
  isToplevel: true, isAsync: false, isPromiseAll: false, getPromiseIndex: null, getScriptNameOrSourceURL: null,
};

if (site) {
  const prototype = Object.getPrototypeOf(site);
  for (const [name, answer] of Object.entries(ANSWERS)) {
    if (prototype[name] === undefined) Object.defineProperty(prototype, name, { value: () => answer, configurable: true });
  }
}

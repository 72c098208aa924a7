'use strict';
// The module `dns`: lookup, by the system's resolver.

let given;
const family = (address) => (address.includes(':') ? 6 : 4);

function lookup(name, options, callback) {
  if (typeof options === 'function') [options, callback] = [{}, options];
  if (typeof options === 'number') options = { family: options };
  const wanted = Number(`${options?.family ?? 0}`.replace('IPv', ''));
  const { native, whenAnswered, systemError } = given;
  whenAnswered(native.resolve(`${name}`), (code, addresses) => {
    const found = (addresses ?? []).map((address) => ({ address, family: family(address) }))
      .filter((entry) => !wanted || entry.family === wanted);
    if (code || found.length === 0) {
      const error = systemError(code ?? 'ENOTFOUND', 'getaddrinfo', name);
      delete error.address;
      callback(Object.assign(error, { hostname: name }));
    } else if (options?.all) callback(null, found);
    else callback(null, found[0].address, found[0].family);
  });
}

const promises = {
  lookup: (name, options) => new Promise((resolve, reject) => {
    lookup(name, options ?? {}, (error, address, version) => {
      if (error) reject(error); else resolve(Array.isArray(address) ? address : { address, family: version });
    });
  }),
};

module.exports = { lookup, promises, ADDRCONFIG: 32, V4MAPPED: 8, ALL: 16, _set(value) { given = value; } };

'use strict';
// The module `url`: the legacy functions from npm, and the URL standard by a parser in Rust.

const legacy = require('url/url.js');

const native = globalThis.__native;
const kParts = Symbol('parts');
const kQuery = Symbol('query');

const encode = (text) => encodeURIComponent(text).replace(/%20/g, '+')
  .replace(/[!'()~]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
function decode(text) {
  const spaced = text.replace(/\+/g, ' ');
  try {
    return decodeURIComponent(spaced);
  } catch { return Buffer.from(spaced.replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16))), 'latin1').toString(); }
}

class URLSearchParams {
  constructor(init = '') {
    this.list = [];
    this.changed = null;
    for (const name of ['list', 'changed']) Object.defineProperty(this, name, { enumerable: false });
    if (init === null || typeof init !== 'object') this._parse(`${init}`);
    else if (typeof init[Symbol.iterator] === 'function') for (const [name, value] of init) this.list.push([`${name}`, `${value}`]);
    else for (const name of Object.keys(init)) this.list.push([name, `${init[name]}`]);
  }
  _parse(text) {
    this.list = text.replace(/^\?/, '').split('&').filter(Boolean).map((pair) => {
      const at = pair.indexOf('=');
      return at < 0 ? [decode(pair), ''] : [decode(pair.slice(0, at)), decode(pair.slice(at + 1))];
    });
  }
  get size() { return this.list.length; }
  append(name, value) { this.list.push([`${name}`, `${value}`]); this.changed?.(); }
  delete(name, value) {
    this.list = this.list.filter(([key, item]) => key !== name || (value !== undefined && item !== `${value}`));
    this.changed?.();
  }
  get(name) { return this.list.find(([key]) => key === name)?.[1] ?? null; }
  getAll(name) { return this.list.filter(([key]) => key === name).map(([, value]) => value); }
  has(name, value) { return this.list.some(([key, item]) => key === name && (value === undefined || item === `${value}`)); }
  set(name, value) {
    const at = this.list.findIndex(([key]) => key === name);
    if (at < 0) this.list.push([`${name}`, `${value}`]);
    else this.list = this.list.filter(([key], index) => key !== name || index === at).map((pair, index) => (index === at ? [name, `${value}`] : pair));
    this.changed?.();
  }
  sort() { this.list.sort(([one], [other]) => (one < other ? -1 : Number(one > other))); this.changed?.(); }
  forEach(callback, self) { for (const [name, value] of this.list) callback.call(self, value, name, this); }
  * entries() { yield* this.list.map((pair) => [...pair]); }
  * keys() { for (const [name] of this.list) yield name; }
  * values() { for (const [, value] of this.list) yield value; }
  [Symbol.iterator]() { return this.entries(); }
  toString() { return this.list.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&'); }
}

function invalid(input, base) {
  const error = Object.assign(new TypeError('Invalid URL'), { code: 'ERR_INVALID_URL', input });
  if (base !== undefined) error.base = base;
  return error;
}

class URL {
  constructor(input, base) {
    const parts = native.parseUrl(`${input}`, base === undefined ? null : `${base}`);
    if (parts === null) throw invalid(`${input}`, base === undefined ? undefined : `${base}`);
    Object.defineProperty(this, kParts, { value: parts, writable: true });
    Object.defineProperty(this, kQuery, { value: null, writable: true });
  }
  static canParse(input, base) { return native.parseUrl(`${input}`, base === undefined ? null : `${base}`) !== null; }
  static parse(input, base) { return URL.canParse(input, base) ? new URL(input, base) : null; }
  get searchParams() {
    if (this[kQuery] === null) {
      this[kQuery] = new URLSearchParams(this[kParts].search);
      this[kQuery].changed = () => change(this, { search: `${this[kQuery]}` }, true);
    }
    return this[kQuery];
  }
  get href() { return this[kParts].href; }
  set href(value) { this[kParts] = new URL(value)[kParts]; this[kQuery]?._parse(this[kParts].search); }
  get origin() { return this[kParts].origin; }
  get host() { return this[kParts].port ? `${this[kParts].hostname}:${this[kParts].port}` : this[kParts].hostname; }
  set host(value) {
    const [, hostname, port] = /^(.*?)(?::(\d+))?$/.exec(`${value}`);
    change(this, port === undefined ? { hostname } : { hostname, port });
  }
  toString() { return this.href; }
  toJSON() { return this.href; }
  [Symbol.for('nodejs.util.inspect.custom')]() { return `URL { href: '${this.href}' }`; }
}

// The address with other parts; as it was where that is none.
function change(url, parts, byQuery = false) {
  const all = { ...url[kParts], ...parts };
  const user = all.username || all.password ? `${all.username}${all.password ? `:${all.password}` : ''}@` : '';
  const mark = (text, sign) => (text && !text.startsWith(sign) ? sign + text : text);
  const slashes = all.href.startsWith(`${url[kParts].protocol}//`) ? '//' : '';
  const text = `${all.protocol}${slashes}${user}${all.hostname}${all.port === '' ? '' : `:${all.port}`}` +
    `${all.pathname}${mark(all.search, '?')}${mark(all.hash, '#')}`;
  const parsed = native.parseUrl(text, null);
  if (parsed === null) return;
  url[kParts] = parsed;
  if (!byQuery) url[kQuery]?._parse(parsed.search);
}

for (const name of ['protocol', 'username', 'password', 'hostname', 'port', 'pathname', 'search', 'hash']) {
  Object.defineProperty(URL.prototype, name, {
    configurable: true, enumerable: true,
    get() { return this[kParts][name]; },
    set(value) { change(this, { [name]: name === 'protocol' && !`${value}`.endsWith(':') ? `${value}:` : `${value}` }); },
  });
}
for (const name of ['href', 'origin', 'host', 'searchParams']) {
  Object.defineProperty(URL.prototype, name, { enumerable: true });
}

const unescape = (text) => { try { return decodeURIComponent(text); } catch { return text; } };

function urlToHttpOptions(url) {
  const { hostname, port } = url;
  const options = {
    __proto__: null, ...url, protocol: url.protocol,
    hostname: hostname.startsWith('[') ? hostname.slice(1, -1) : hostname, hash: url.hash, search: url.search,
    pathname: url.pathname, path: `${url.pathname || ''}${url.search || ''}`, href: url.href,
  };
  if (port !== '') options.port = Number(port);
  if (url.username || url.password) options.auth = `${unescape(url.username)}:${unescape(url.password)}`;
  return options;
}

function fileURLToPath(url) {
  if (typeof url === 'string') url = new URL(url);
  if (url.protocol !== 'file:') throw Object.assign(new TypeError('The URL must be of scheme file'), { code: 'ERR_INVALID_URL_SCHEME' });
  return decodeURIComponent(url.pathname);
}

const pathToFileURL = (path) => new URL(`file://${encodeURI(path).replace(/[?#]/g, encodeURIComponent)}`);

module.exports = {
  ...legacy, URL, URLSearchParams, urlToHttpOptions, fileURLToPath, pathToFileURL,
  domainToASCII: (name) => native.parseUrl(`http://${name}`, null)?.hostname ?? '',
  domainToUnicode: (name) => name,
};

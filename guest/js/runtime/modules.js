'use strict';
// CommonJS modules, and for the engine's own ES modules where names lead and what stands there.

const path = require('path-browserify');
const { builtin, isBuiltin, names } = require('./builtins');
const fs = require('./fs');
const { fileURLToPath, pathToFileURL } = require('./url');

const native = globalThis.__native;
const BUILTIN = 'node:';
const EXTENSIONS = ['', '.js', '.json', '.mjs', '.cjs'];

function kind(file) {
  const [code, stat] = native.stat(file);
  return code ? undefined : stat.kind;
}

const packages = new Map();
// The package.json of a folder; null where there is none.
function packageOf(folder) {
  if (!packages.has(folder)) {
    const file = path.join(folder, 'package.json');
    packages.set(folder, kind(file) === 'file' ? JSON.parse(fs.readFileSync(file, 'utf8')) : null);
  }
  return packages.get(folder);
}

// The folder of the package that a file belongs to.
function scopeOf(file) {
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    if (packageOf(folder)) return folder;
    if (folder === path.dirname(folder)) return null;
  }
}

function asFile(name) {
  return EXTENSIONS.map((extension) => name + extension).find((file) => kind(file) === 'file');
}

function asFolder(folder) {
  if (kind(folder) !== 'directory') return undefined;
  const main = packageOf(folder)?.main;
  const found = main ? asFile(path.join(folder, main)) ?? asFile(path.join(folder, main, 'index')) : undefined;
  return found ?? asFile(path.join(folder, 'index'));
}

// What an entry of `exports` or `imports` says under these conditions.
function target(entry, conditions, star) {
  if (typeof entry === 'string') return star === undefined ? entry : entry.replaceAll('*', star);
  if (Array.isArray(entry)) return entry.map((item) => target(item, conditions, star)).find(Boolean);
  if (entry === null || typeof entry !== 'object') return undefined;
  for (const [condition, item] of Object.entries(entry)) {
    if (condition !== 'default' && !conditions.includes(condition)) continue;
    const found = target(item, conditions, star);
    if (found) return found;
  }
  return undefined;
}

function fromTable(table, key, conditions) {
  if (table === undefined || table === null) return undefined;
  const isOne = typeof table === 'string' || Array.isArray(table) || !Object.keys(table).some((name) => /^[.#]/.test(name));
  if (isOne) return key === '.' ? target(table, conditions) : undefined;
  if (Object.hasOwn(table, key)) return target(table[key], conditions);
  const patterns = Object.keys(table).filter((name) => name.includes('*')).sort((one, other) => other.length - one.length);
  for (const pattern of patterns) {
    const [head, tail] = pattern.split('*');
    if (key.startsWith(head) && key.endsWith(tail) && key.length >= pattern.length) {
      return target(table[pattern], conditions, key.slice(head.length, key.length - tail.length));
    }
  }
  return undefined;
}

function inPackage(folder, rest, conditions) {
  const { exports } = packageOf(folder) ?? {};
  if (exports !== undefined) {
    const found = fromTable(exports, rest ? `./${rest}` : '.', conditions);
    return found && path.join(folder, found);
  }
  const name = rest ? path.join(folder, rest) : folder;
  return asFile(name) ?? asFolder(name);
}

// A file for a name that a module asks for.
function find(name, from, conditions) {
  if (name.startsWith('#')) {
    const scope = scopeOf(from);
    const found = scope && fromTable(packageOf(scope).imports, name, conditions);
    if (found) return found.startsWith('.') ? path.join(scope, found) : find(found, from, conditions);
    return undefined;
  }
  if (/^(\.{0,2}\/|\.{1,2}$)/.test(name)) {
    const file = path.resolve(path.dirname(from), name);
    return (name.endsWith('/') ? undefined : asFile(file)) ?? asFolder(file);
  }
  const parts = name.split('/');
  const wanted = parts.splice(0, name.startsWith('@') ? 2 : 1).join('/');
  const scope = scopeOf(from);
  if (scope && packageOf(scope).name === wanted && packageOf(scope).exports) return inPackage(scope, parts.join('/'), conditions);
  for (let folder = path.dirname(from); ; folder = path.dirname(folder)) {
    const candidate = path.join(folder, 'node_modules', wanted);
    if (kind(candidate) === 'directory') return inPackage(candidate, parts.join('/'), conditions);
    if (folder === path.dirname(folder)) return undefined;
  }
}

function resolve(name, from, conditions) {
  if (isBuiltin(name)) return name.startsWith(BUILTIN) ? name : BUILTIN + name;
  if (name.startsWith('file:')) name = fileURLToPath(name);
  const found = find(name, from, conditions);
  if (found) return found;
  throw Object.assign(new Error(`Cannot find module '${name}'\nRequire stack:\n- ${from}`), { code: 'MODULE_NOT_FOUND' });
}

const isModule = (file) => file.endsWith('.mjs') || (file.endsWith('.js') && packageOf(scopeOf(file) ?? '/')?.type === 'module');

const REQUIRE = ['node', 'require'];
const IMPORT = ['node', 'import'];

function Module(id, parent) {
  this.id = id;
  this.path = path.dirname(id);
  this.filename = id;
  this.exports = {};
  this.loaded = false;
  this.children = [];
  this.paths = [];
  Object.defineProperty(this, 'parent', { value: parent, configurable: true });
}
Module._cache = Object.create(null);
Module._extensions = Object.assign(Object.create(null), { '.js': load, '.json': json, '.node': load });
Module.builtinModules = names;
Module.isBuiltin = isBuiltin;
Module._resolveFilename = (name, parent) => resolve(name, parent?.filename ?? '/', REQUIRE);
Module._load = (name, parent) => required(name, parent ?? main);
Module.createRequire = (file) => makeRequire(new Module(file instanceof URL || `${file}`.startsWith('file:') ? fileURLToPath(file) : file));
Module.Module = Module;
let main;

function json(module, file) {
  try {
    module.exports = JSON.parse(fs.readFileSync(file, 'utf8').replace(/^\ufeff/, ''));
  } catch (error) {
    error.message = `${file}: ${error.message}`;
    throw error;
  }
}

function load(module, file) {
  module._compile(fs.readFileSync(file, 'utf8'), file);
}

Module.prototype._compile = function(source, file) {
  const code = source.replace(/^\ufeff/, '').replace(/^#!.*/, '');
  const run = native.compile(`(function (exports, require, module, __filename, __dirname) { ${code}\n})`, file);
  run.call(this.exports, this.exports, makeRequire(this), this, file, path.dirname(file));
};
Module.prototype.require = function(name) { return required(name, this); };

function required(name, parent) {
  const file = Module._resolveFilename(name, parent);
  if (file.startsWith(BUILTIN)) return builtin(file.slice(BUILTIN.length));
  const cached = Module._cache[file];
  if (cached) return cached.exports;
  if (isModule(file)) throw Object.assign(new Error(`require() of ES Module ${file} is not supported`), { code: 'ERR_REQUIRE_ESM' });
  return loadFile(file, parent).exports;
}

function loadFile(file, parent) {
  const module = new Module(file, parent);
  Module._cache[file] = module;
  parent?.children.push(module);
  try {
    (Module._extensions[path.extname(file)] ?? load)(module, file);
    module.loaded = true;
  } catch (error) {
    delete Module._cache[file];
    throw error;
  }
  return module;
}

function makeRequire(module) {
  const require = (name) => {
    if (typeof name !== 'string' || !name) {
      throw Object.assign(new TypeError('The "id" argument must be of type string.'), { code: 'ERR_INVALID_ARG_TYPE' });
    }
    return module.require(name);
  };
  require.resolve = (name) => {
    const file = Module._resolveFilename(name, module);
    return file.startsWith(BUILTIN) && !name.startsWith(BUILTIN) ? name : file;
  };
  require.cache = Module._cache;
  require.extensions = Module._extensions;
  require.main = main;
  return require;
}

// For the engine. A module that is CommonJS, JSON or built in gets one in front that exports what it has.
const WORD = /^[A-Za-z_$][\w$]*$/;
const RESERVED = new Set(('default break case catch class const continue debugger delete do else enum export extends false finally for ' +
  'function if import in instanceof new null return super switch this throw true try typeof var void while with yield let static await').split(' '));

globalThis.__modules = {
  resolve: (from, name) => resolve(name, from, IMPORT),
  source(file) {
    if (!file.startsWith(BUILTIN) && isModule(file)) return fs.readFileSync(file, 'utf8').replace(/^#!.*/, '');
    const exports = file.startsWith(BUILTIN) ? builtin(file.slice(BUILTIN.length)) : required(file, main ?? new Module(file));
    const given = exports !== null && (typeof exports === 'object' || typeof exports === 'function') ? Object.keys(exports) : [];
    const words = given.filter((name) => WORD.test(name) && !RESERVED.has(name));
    const list = words.map((name, index) => `const $${index} = it[${JSON.stringify(name)}]; export { $${index} as ${name} };`);
    return `const it = globalThis.__modules.get(${JSON.stringify(file)});\nexport default it;\n${list.join('\n')}`;
  },
  get: (file) => (file.startsWith(BUILTIN) ? builtin(file.slice(BUILTIN.length)) : Module._cache[file].exports),
  url: (file) => (file.startsWith(BUILTIN) ? file : pathToFileURL(file).href),
};

// Runs the program: a file, or a folder with a package.json.
function runMain(name, failed) {
  const file = asFile(path.resolve(process.cwd(), name)) ?? asFolder(path.resolve(process.cwd(), name));
  if (!file) throw Object.assign(new Error(`Cannot find module '${path.resolve(process.cwd(), name)}'`), { code: 'MODULE_NOT_FOUND' });
  process.argv[1] = file;
  if (isModule(file)) {
    native.import(file).catch(failed);
    return;
  }
  main = new Module(file, null);
  main.id = '.';
  process.mainModule = main;
  Module._cache[file] = main;
  main._compile(fs.readFileSync(file, 'utf8'), file);
  main.loaded = true;
}

module.exports = { Module, runMain };

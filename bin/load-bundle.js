// Loads the bundle that rolldown.config.js describes, and keeps beside it what V8 made of it.
//
// Node's own cache (module.enableCompileCache) is filled before a module runs, when V8 has compiled hardly any of its
// functions: every start then compiled some 1,500 of them anew. This one is filled at the end of a run.
import { accessSync, constants, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { Script } from 'node:vm';

/** Modules of Node that take long to load and that hardly any run asks for: loaded when something of them is. */
const LAZY = ['node:crypto', 'node:net', 'node:child_process'];

/** What the entry of the bundle exports. Its files are CommonJS: one asks for another by `require('./NAME')`. */
export function loadBundle(entry) {
  const folder = dirname(entry);
  const requireOther = createRequire(entry);
  const keeper = makeKeeper(join(folder, 'compile-cache'));
  const modules = new Map();
  const load = (name) => {
    if (!name.startsWith('./')) return LAZY.includes(name) ? lazily(() => requireOther(name)) : requireOther(name);
    const path = join(folder, name);
    const known = modules.get(path);
    if (known !== undefined) return known.exports;
    const module = { exports: {} };
    modules.set(path, module);
    // In one line with the first of the source: a stack trace names the lines of the file.
    const head = '(function (exports, require, module, __filename, __dirname) { ';
    const script = keeper.compile(path, `${head}${readFileSync(path, 'utf8')}\n})`);
    script.runInThisContext().call(module.exports, module.exports, load, module, path, folder);
    return module.exports;
  };
  process.once('exit', keeper.keep);
  return load(`./${basename(entry)}`);
}

/** Stands for a module until something of it is wanted. */
function lazily(load) {
  return new Proxy({}, { get: (_, name) => load()[name] });
}

/**
 * Who can write in the folder of the bundle could change the program as well, which is not so of a folder under /tmp. Where
 * this user cannot, nothing is kept. The next build clears the folder; V8 refuses what another V8 made, or other flags of it.
 */
function makeKeeper(folder) {
  const isWanted = process.env['NODE_DISABLE_COMPILE_CACHE'] === undefined;
  const missing = [];
  return {
    compile(path, source) {
      const kept = join(folder, keptName(path));
      const cachedData = isWanted ? readIfThere(kept) : undefined;
      const script = new Script(source, { filename: path, cachedData });
      if (isWanted && (cachedData === undefined || script.cachedDataRejected)) missing.push({ script, kept });
      return script;
    },
    keep() {
      if (missing.length === 0) return;
      try {
        accessSync(dirname(folder), constants.W_OK);
        mkdirSync(folder, { recursive: true });
        for (const { script, kept } of missing) writeWhole(kept, script.createCachedData());
      } catch {
        // A start without it is only slower.
      }
    },
  };
}

function keptName(path) {
  const { size, mtimeMs } = statSync(path);
  return `${basename(path)}-${size}-${Math.trunc(mtimeMs)}-${process.version}-${process.arch}`;
}

function readIfThere(path) {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

/** At no time is there half a file: V8 does not look closely at what it is given. */
function writeWhole(path, bytes) {
  const part = `${path}.${process.pid}`;
  try {
    writeFileSync(part, bytes, { flag: 'wx', flush: true });
    renameSync(part, path);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
}

// Starts a Node action: `module.exports = async (parameters, {secrets, context}) => result`; any other file is a plain
// script. Usage: node.js ENTRY_POINT [FUNCTION]. Nothing but Node 14+ itself.
"use strict";
const fs = require("fs"), Module = require("module");
const [, file, name] = process.argv.splice(1, 3, process.argv[2]);
const data = takeInput();
let parsed, isWaiting = false;

function takeInput() { // all of it; descriptor 0 offers it again, from memory because it may hold secrets
  const all = fs.readFileSync(0), { O_RDWR, O_DIRECTORY } = fs.constants, O_TMPFILE = 0o20000000 | O_DIRECTORY;
  fs.closeSync(0); // so that the next file gets the number 0
  fs.writeSync(fs.openSync("/dev/shm", O_RDWR | O_TMPFILE, 0o600), all, 0, all.length, 0); // its offset stays at 0
  return all;
}

function input() { // late: a script may ask for YAML
  const parse = () => ({ parameters: {}, secrets: {}, context: {}, ...JSON.parse(data.toString() || "{}") });
  return (parsed = parsed || tried(parse, "a function and get_secret() need the input as JSON (parameter_format: json)"));
}

function tried(work, what) {
  try {
    return work();
  } catch (error) {
    throw new TypeError(`${what}: ${error.message.split("\n")[0]}`);
  }
}

async function main() {
  globalThis.get_secret = (key) => input().secrets[key] ?? null;
  globalThis.get_context = () => input().context;
  const isScript = !name && /require\.main\s*===?\s*module/.test(fs.readFileSync(file, "utf8"));
  const loaded = await load(isScript);
  const all = name ? [loaded[name], loaded.default?.[name]] : [loaded, loaded?.default];
  const action = all.find((it) => typeof it === "function");
  if (name && !action) throw new TypeError(`there is no function ${name} in ${file}`);
  if (isScript || !action) return;
  isWaiting = true;
  const result = await action(input().parameters, { secrets: input().secrets, context: input().context });
  isWaiting = false;
  const text = tried(() => JSON.stringify(result ?? null).toString(), "the returned value is not JSON");
  fs.writeFileSync(Number(process.env.ATTUNE_RESULT_FD ?? 1), text);
}

async function load(isMain) {
  try {
    return file.endsWith(".mjs") ? await (await import("./node_path.mjs")).run(file) : Module._load(file, null, isMain);
  } catch (error) {
    if (error?.code !== "ERR_REQUIRE_ESM") throw error;
    return (await import("./node_path.mjs")).run(file); // a package.json beside it says that it is a module
  }
}

function report(error) {
  const lines = String(error?.stack ?? error).split("\n"); // the author's own frames only
  const own = lines.filter((line) => !line.includes(__dirname) && !line.includes("(node:internal"));
  const [message, traceback] = [String(error?.message ?? error), own.join("\n") + "\n"];
  fs.writeFileSync(2, traceback);
  const text = JSON.stringify({ type: error?.name ?? "Error", message, traceback });
  if (process.env.ATTUNE_ERROR_FD) fs.writeFileSync(Number(process.env.ATTUNE_ERROR_FD), text);
  process.exit(1);
}

process.on("uncaughtException", report);
process.on("beforeExit", () => isWaiting && report(new Error("the action waits for what never comes")));
main().catch(report);

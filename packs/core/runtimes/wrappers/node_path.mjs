// Lets `import` find what NODE_PATH names, as `require` does: the packages of the environment, the pack's lib/. Node
// itself looks for modules only beside the file and above it. Before Node 18.19 and 20.6 it cannot be told to.
import Module from "node:module";
import { pathToFileURL } from "node:url";

const folders = (process.env.NODE_PATH ?? "").split(":").filter(Boolean);

export function run(file) {
  Module.register?.(import.meta.url); // and so `resolve` becomes Node's, in a thread of its own
  return import(pathToFileURL(file));
}

function* candidates(name) {
  for (const folder of folders) {
    const parentURL = pathToFileURL(`${folder.replace(/\/node_modules$/, "")}/from.mjs`).href;
    for (const written of [name, `./${name}`, `./${name}.mjs`, `./${name}.js`]) yield [written, parentURL];
  }
}

export async function resolve(name, context, next) {
  try {
    return await next(name, context);
  } catch (error) {
    if (error.code !== "ERR_MODULE_NOT_FOUND" || /^(\.|\/|\w+:)/.test(name)) throw error;
    for (const [written, parentURL] of candidates(name)) {
      try {
        return await next(written, { ...context, parentURL });
      } catch (again) {
        if (!["ERR_MODULE_NOT_FOUND", "ERR_UNSUPPORTED_DIR_IMPORT"].includes(again.code)) throw again;
      }
    }
    throw error;
  }
}

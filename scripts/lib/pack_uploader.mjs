// Packs files of an npm package for the web process to serve: node pack_uploader.mjs TARBALL FOLDER
//
// FOLDER/source.json names the package's integrity, as the registry publishes it, and the files that
// are wanted, with the SHA-256 of each. A tarball or a file that is another one is refused.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const [tarball, folder] = process.argv.slice(2);
const source = JSON.parse(readFileSync(`${folder}/source.json`, "utf8"));
const integrity = "sha512-" + createHash("sha512").update(readFileSync(tarball)).digest("base64");
if (integrity !== source.integrity) throw Error(`${tarball} is another package: ${integrity}`);

for (const { path, name, sha256 } of source.files) {
  const options = { maxBuffer: 1 << 28 };
  const content = execFileSync("tar", ["-xzOf", tarball, `package/${path}`], options);
  const found = createHash("sha256").update(content).digest("hex");
  if (found !== sha256) throw Error(`${path} is another file: ${found}`);
  const brotli = brotliCompressSync(content, {
    params: {
      [constants.BROTLI_PARAM_LGWIN]: 24,
      [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
    },
  });
  writeFileSync(`${folder}/${name}.br`, brotli);
  writeFileSync(`${folder}/${name}.gz`, gzipSync(content, { level: 9 }));
  console.log(`${name}: ${content.length} bytes, ${brotli.length} packed`);
}

// Packs files of npm packages for the web process to serve: node pack_uploader.mjs FOLDER
//
// FOLDER/source.json names each package with its integrity, as the registry publishes it, and the
// files that are wanted with the SHA-256 of each. A package or a file that is another one is refused.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const [folder] = process.argv.slice(2);
const { packages } = JSON.parse(readFileSync(join(folder, "source.json"), "utf8"));
const work = mkdtempSync(join(tmpdir(), "pack-"));
try {
  for (const one of packages) pack(one);
} finally {
  rmSync(work, { recursive: true });
}

function pack({ name, version, integrity, files }) {
  const command = ["pack", "--silent", "--pack-destination", work, `${name}@${version}`];
  const tarball = join(work, execFileSync("npm", command, { encoding: "utf8" }).trim());
  const found = hash("sha512", readFileSync(tarball)).toString("base64");
  if (integrity !== `sha512-${found}`) throw Error(`${name} is another package: sha512-${found}`);
  for (const file of files) {
    const options = { maxBuffer: 1 << 28 };
    const content = execFileSync("tar", ["-xzOf", tarball, `package/${file.path}`], options);
    const sha256 = hash("sha256", content).toString("hex");
    if (sha256 !== file.sha256) throw Error(`${file.path} is another file: ${sha256}`);
    write(join(folder, file.name), content);
  }
}

function write(path, content) {
  const size = { [constants.BROTLI_PARAM_SIZE_HINT]: content.length };
  const params = { [constants.BROTLI_PARAM_LGWIN]: 24, ...size };
  const brotli = brotliCompressSync(content, { params });
  writeFileSync(`${path}.br`, brotli);
  writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
  console.log(`${path}: ${content.length} bytes, ${brotli.length} packed`);
}

function hash(kind, content) {
  return createHash(kind).update(content).digest();
}

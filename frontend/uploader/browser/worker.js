// Looks at one file after the other, beside the page's own thread: hash, direction, text, size.

import {
  drawn,
  encoded,
  isBetter,
  isGood,
  isPicture,
  lying,
  orientationOf,
  resized,
} from "./picture.js";
import { kindOf, planes, regions, seenSize } from "./regions.js";
import { isLargePdf, slimmed } from "./scans.js";

const GLIMPSE = 320; // pixels of the pictures that show what became of a file

let runtime;
let detector; // a promise: it is loaded while the first picture is being opened

onmessage = async ({ data: { id, file } }) => {
  if (!file || isPicture(file)) {
    detector ??= loaded();
    detector.catch(() => {}); // it is told where it is waited for
  }
  if (!file) return; // only to make ready
  let sha256 = "";
  try {
    const bytes = await file.arrayBuffer();
    sha256 = await hash(bytes);
    postMessage({ id, made: { sha256, ...(await made(file, bytes)) } });
  } catch (error) {
    postMessage({ id, made: { sha256 }, problem: String(error) });
  }
};

async function loaded() {
  const address = (name) => new URL(name, import.meta.url).href;
  runtime = await import("./runtime.mjs");
  runtime.env.wasm.numThreads = 1;
  runtime.env.wasm.wasmPaths = { wasm: address("runtime.wasm") };
  const answer = await fetch(address("text.onnx"));
  if (!answer.ok) throw Error(`the model: ${answer.status}`);
  return runtime.InferenceSession.create(new Uint8Array(await answer.arrayBuffer()));
}

// In hexadecimal digits; empty where a browser computes none: over plain HTTP from elsewhere.
async function hash(bytes) {
  if (!globalThis.crypto?.subtle) return "";
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// What a file becomes; nothing where it is good as it is.
async function made(file, bytes) {
  if (isPicture(file)) return picture(file, bytes);
  const slim = isLargePdf(file) ? await slimmed(bytes) : null;
  if (!slim) return {};
  return { ...slim, kind: "document", sentHash: await hash(await slim.blob.arrayBuffer()) };
}

async function picture(file, bytes) {
  const exif = orientationOf(bytes);
  const orientation = exif.value;
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  if (isGood(file, bitmap.width, bitmap.height, orientation)) return {};
  const boxes = await detected(bitmap);
  const kind = kindOf(boxes);
  const result = await encoded(bitmap, kind);
  const about = { kind, lines: boxes.length };
  if (!isBetter(result.blob, file, bitmap.width, bitmap.height, orientation)) {
    return { ...about, glimpses: [await glimpse(bitmap, boxes)] };
  }
  const glimpses = [await glimpse(bitmap, boxes)];
  if (orientation !== 1) {
    glimpses.unshift(await glimpse(await createImageBitmap(lying(bytes, exif)), []));
  }
  return {
    ...about,
    glimpses,
    blob: result.blob,
    sentHash: await hash(await result.blob.arrayBuffer()),
    sizes: [[bitmap.width, bitmap.height], [result.width, result.height]],
    turned: orientation !== 1,
  };
}

async function detected(bitmap) {
  const session = await detector;
  const { width, height } = seenSize(bitmap.width, bitmap.height);
  const context = resized(bitmap, width, height).getContext("2d");
  const { data } = context.getImageData(0, 0, width, height);
  const input = new runtime.Tensor("float32", planes(data, width, height), [1, 3, height, width]);
  const output = await session.run({ [session.inputNames[0]]: input });
  return regions(output[session.outputNames[0]].data, width, height);
}

// A small picture, what was found to be text marked on it.
async function glimpse(bitmap, boxes) {
  const canvas = drawn(bitmap, GLIMPSE);
  const context = canvas.getContext("2d");
  context.fillStyle = "rgb(60 120 255 / 0.28)";
  for (const { left, top, right, bottom } of boxes) {
    const [x, y] = [left * canvas.width, top * canvas.height];
    context.fillRect(x, y, right * canvas.width - x, bottom * canvas.height - y);
  }
  return canvas.convertToBlob({ type: "image/jpeg", quality: 0.8 });
}

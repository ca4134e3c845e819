// Pictures as the model can use them: how large, how compressed, and which way up they were.

// Pixels of the longer side: what a picture gets, and what it keeps where it takes too many bytes.
// A document's are those of an A4 page at 200 dpi, the most that a model is shown of a page.
const SIDES = { document: { full: 2339, least: 1600 }, photo: { full: 1600, least: 1024 } };
const GOAL = 480_000; // bytes
const MOST = 5_000_000; // bytes that no picture may have
const MOST_PIXELS = 40_000_000; // that the backend opens
const QUALITIES = [0.85, 0.75, 0.65];
const STORED_AS_IS = ["image/jpeg", "image/png", "image/webp"];

// Whether a file may be one of those that a browser can draw. A GIF may move: it is left alone.
export function isPicture(file) {
  return file.type.startsWith("image/") && !["image/gif", "image/svg+xml"].includes(file.type);
}

// Whether there is nothing to gain.
export function isGood(file, width, height, orientation) {
  const isSmall = file.size <= GOAL && Math.max(width, height) <= SIDES.document.full;
  return isSmall && orientation === 1 && STORED_AS_IS.includes(file.type);
}

// Whether what was made of a file is worth being sent in its place.
export function isBetter(made, file, width, height, orientation) {
  const mustChange =
    orientation !== 1 ||
    !STORED_AS_IS.includes(file.type) ||
    file.size >= MOST ||
    width * height > MOST_PIXELS;
  return mustChange || made.size < 0.8 * file.size;
}

// The picture as JPEG, as large and as good as the goal has room for; too large it never is.
export async function encoded(bitmap, kind) {
  const { full, least } = SIDES[kind];
  for (let side = full; ; side = Math.round(side * 0.85)) {
    const canvas = drawn(bitmap, side);
    for (const quality of QUALITIES) {
      const blob = await canvas.convertToBlob({ type: "image/jpeg", quality });
      const isLast = side * 0.85 < least && quality === QUALITIES.at(-1);
      if (blob.size <= GOAL || (isLast && blob.size < MOST)) {
        return { blob, width: canvas.width, height: canvas.height };
      }
    }
  }
}

// A picture on white, its longer side `side` at most.
export function drawn(bitmap, side) {
  const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
  const width = Math.max(1, Math.round(bitmap.width * scale));
  const height = Math.max(1, Math.round(bitmap.height * scale));
  return resized(bitmap, width, height);
}

// A picture on white, of exactly that size.
export function resized(bitmap, width, height) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { alpha: false, willReadFrequently: true });
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  return canvas;
}

// The EXIF orientation of a JPEG, from 1 to 8, and the place of its two bytes; 1 where there is none.
export function orientationOf(bytes) {
  const view = new DataView(bytes);
  if (view.byteLength < 4 || view.getUint16(0) !== 0xffd8) return { value: 1 };
  let at = 2;
  while (at + 10 <= view.byteLength && view.getUint8(at) === 0xff) {
    const marker = view.getUint8(at + 1);
    if (marker === 0xda) break; // pixels follow
    if (marker === 0xe1 && view.getUint32(at + 4) === 0x45786966) return tagged(view, at + 10);
    at += 2 + view.getUint16(at + 2);
  }
  return { value: 1 };
}

// The tag 0x0112 of the first directory of a TIFF structure that begins at `start`.
function tagged(view, start) {
  try {
    const little = view.getUint16(start) === 0x4949;
    const directory = start + view.getUint32(start + 4, little);
    const entries = view.getUint16(directory, little);
    for (let entry = 0; entry < entries; entry++) {
      const at = directory + 2 + 12 * entry;
      if (view.getUint16(at, little) !== 0x0112) continue;
      const value = view.getUint16(at + 8, little);
      return value >= 1 && value <= 8 ? { value, place: at + 8, little } : { value: 1 };
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // it is cut off
  }
  return { value: 1 };
}

// The same JPEG as its pixels lie, without being turned.
export function lying(bytes, { place, little }) {
  const copy = bytes.slice(0);
  new DataView(copy).setUint16(place, 1, little);
  return new Blob([copy], { type: "image/jpeg" });
}

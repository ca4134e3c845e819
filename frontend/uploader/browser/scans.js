// PDFs of scanned pages: the photographs in them made smaller, everything else as it was.

import { drawn, lying, orientationOf } from "./picture.js";

const LARGE = 5_000_000; // bytes; a PDF with fewer is left alone
const SIDE = 2339; // pixels of a photograph's longer side; an A4 page at 200 dpi
const QUALITY = 0.75;
const PATIENCE = 15_000; // milliseconds, after which a PDF is left alone
const WORTH = 0.8; // of its size, which a PDF has to fall below

export function isLargePdf(file) {
  return file.type === "application/pdf" && file.size > LARGE;
}

// A smaller PDF and how many photographs in it are smaller; nothing where that is not worth it, or
// would break a signature. Raises an error for a PDF that is locked or damaged.
export async function slimmed(bytes) {
  const end = performance.now() + PATIENCE;
  const library = await import("./pdf.mjs");
  const pdf = await library.PDFDocument.load(bytes, { updateMetadata: false });
  const objects = pdf.context.enumerateIndirectObjects();
  if (objects.some(([, object]) => isSignature(object, library))) return null;
  let pictures = 0;
  for (const [place, object] of objects) {
    if (!isPhotograph(object, library)) continue;
    if (performance.now() > end) return null;
    const smaller = await redrawn(object, library);
    if (!smaller) continue;
    pdf.context.assign(place, smaller);
    pictures++;
  }
  if (!pictures) return null;
  const blob = new Blob([await pdf.save({ updateFieldAppearances: false })], {
    type: "application/pdf",
  });
  return blob.size < WORTH * bytes.byteLength ? { blob, pictures } : null;
}

function isSignature(object, { PDFDict, PDFName }) {
  return object instanceof PDFDict && object.has(PDFName.of("ByteRange"));
}

// Whether it is a JPEG whose colours are plain, so that another JPEG can stand in its place.
function isPhotograph(object, library) {
  const { PDFName, PDFRawStream } = library;
  if (!(object instanceof PDFRawStream)) return false;
  const entry = (name) => object.dict.lookup(PDFName.of(name))?.toString();
  const isJpeg = ["/DCTDecode", "[ /DCTDecode ]"].includes(entry("Filter"));
  const isOdd = ["Decode", "DecodeParms", "Mask"].some((name) => entry(name));
  return entry("Subtype") === "/Image" && isJpeg && !isOdd && hasPlainColours(object, library);
}

// Whether they are red, green and blue, or grey, by a profile or by the device's own.
function hasPlainColours({ dict }, { PDFArray, PDFName }) {
  const space = dict.lookup(PDFName.of("ColorSpace"));
  if (!(space instanceof PDFArray)) return ["/DeviceRGB", "/DeviceGray"].includes(`${space}`);
  const parts = space.get(0) === PDFName.of("ICCBased") && space.lookup(1).dict.get(PDFName.of("N"));
  return ["1", "3"].includes(`${parts}`);
}

// The same photograph with fewer bytes; nothing where they are not fewer.
async function redrawn(stream, { PDFName, PDFNumber, PDFRawStream }) {
  const bytes = stream.contents.slice().buffer;
  const exif = orientationOf(bytes); // means nothing in a PDF
  const jpeg = exif.value === 1 ? new Blob([bytes], { type: "image/jpeg" }) : lying(bytes, exif);
  const canvas = drawn(await createImageBitmap(jpeg), SIDE);
  const made = await canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
  if (made.size >= WORTH * bytes.byteLength) return null;
  const dict = stream.dict.clone();
  dict.set(PDFName.of("Width"), PDFNumber.of(canvas.width));
  dict.set(PDFName.of("Height"), PDFNumber.of(canvas.height));
  dict.set(PDFName.of("ColorSpace"), PDFName.of("DeviceRGB"));
  return PDFRawStream.of(dict, new Uint8Array(await made.arrayBuffer()));
}

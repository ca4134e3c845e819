// Regions of text: what the detector is shown, and what its map says.

const SIDE = 640; // pixels of the longer side that the detector sees
const STEP = 32; // its sides are multiples of this
const INK = 0.3; // of the map, from which a point belongs to text
const SURE = 0.5; // mean of a region that counts
const GROWN = 0.8; // of its height, by which a region is smaller than its text on either side
const FEWEST_LINES = 6; // of a document
const LEAST_COVER = 0.015; // of a document's area

// The size at which a picture is shown to the detector.
export function seenSize(width, height) {
  const scale = Math.min(1, SIDE / Math.max(width, height));
  const whole = (side) => Math.max(STEP, Math.round((side * scale) / STEP) * STEP);
  return { width: whole(width), height: whole(height) };
}

// Pixels in RGBA as the detector takes them: planes of blue, green and red from -1 to 1.
export function planes(pixels, width, height) {
  const size = width * height;
  const made = new Float32Array(3 * size);
  for (let at = 0; at < size; at++) {
    made[at] = pixels[4 * at + 2] / 127.5 - 1;
    made[size + at] = pixels[4 * at + 1] / 127.5 - 1;
    made[2 * size + at] = pixels[4 * at] / 127.5 - 1;
  }
  return made;
}

// Boxes of text as fractions of the picture, from the detector's map of probabilities.
export function regions(map, width, height) {
  const seen = new Uint8Array(map.length);
  const waiting = new Int32Array(map.length);
  const found = [];
  for (let start = 0; start < map.length; start++) {
    if (seen[start] || map[start] < INK) continue;
    let [left, right, top, bottom, sum, count, end] = [width, 0, height, 0, 0, 0, 1];
    waiting[0] = start;
    seen[start] = 1;
    while (count < end) {
      const at = waiting[count++];
      const x = at % width;
      const y = (at - x) / width;
      sum += map[at];
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
      const near = [x > 0 && at - 1, x < width - 1 && at + 1, at - width, at + width];
      for (const next of near) {
        if (next === false || next < 0 || next >= map.length) continue;
        if (seen[next] || map[next] < INK) continue;
        seen[next] = 1;
        waiting[end++] = next;
      }
    }
    if (sum / count < SURE || count < 9) continue;
    found.push(grown(left, top, right + 1, bottom + 1, width, height));
  }
  return found;
}

// A box as large as its text, as fractions of the picture.
function grown(left, top, right, bottom, width, height) {
  const room = GROWN * Math.min(right - left, bottom - top);
  return {
    left: Math.max(0, left - room) / width,
    top: Math.max(0, top - room) / height,
    right: Math.min(width, right + room) / width,
    bottom: Math.min(height, bottom + room) / height,
  };
}

// Whether a picture with these boxes is a document or a photo.
export function kindOf(boxes) {
  const cover = boxes.reduce((sum, { left, top, right, bottom }) => {
    return sum + (right - left) * (bottom - top);
  }, 0);
  return boxes.length >= FEWEST_LINES && cover >= LEAST_COVER ? "document" : "photo";
}

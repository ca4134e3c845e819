// Stands between the user and the page's plain uploader: what is chosen or dropped there is looked
// at by a worker, and handed on to it, smaller and upright. What goes wrong here hands on the file
// as it is; and if this script never runs, the plain uploader is there all the same.

const PATIENCE = 25_000; // milliseconds that a file may take, the first one's loading included
const ANSWER = 15_000; // milliseconds that the page has to say what it knows
const ROOM = 60_000; // milliseconds in which the plain uploader takes what it was handed
const HOVER = 400; // milliseconds after which nothing hovers any more if nothing was heard of it
const boards = new Map(); // by the key of the plain uploader's container
const handedOn = new WeakSet(); // events of our own

export default function ({ data, parentElement, setTriggerValue }) {
  if (!boards.has(data.around)) boards.set(data.around, new Board(data.around));
  boards.get(data.around).update(data, parentElement.querySelector(".files"), setTriggerValue);
}

class Board {
  constructor(around) {
    this.around = `.st-key-${around}`;
    this.rows = [];
    this.work = Promise.resolve(); // what was chosen is taken one batch after the other
    for (const name of ["change", "drop", "paste"]) {
      window.addEventListener(name, (event) => this.caught(event), true);
    }
    for (const name of ["click", "dragenter"]) {
      window.addEventListener(name, (event) => this.expect(event), true);
    }
    window.addEventListener("dragover", (event) => this.hovered(event), true);
  }

  update(data, root, ask) {
    if (this.data?.conversation !== data.conversation) this.clear();
    Object.assign(this, { data, root, ask });
    this.heard?.();
    this.draw();
  }

  clear() {
    for (const source of this.rows.flatMap((row) => row.glimpses ?? [])) URL.revokeObjectURL(source);
    this.rows = [];
  }

  // Whether something happened in the plain uploader's place.
  isMine(event) {
    return Boolean(this.root?.isConnected && event.target.closest?.(this.around));
  }

  // Whether files that are dropped or pasted outside any uploader's place are meant for this one.
  isMeant(event) {
    if (!this.root?.isConnected || event.target.closest?.("[data-testid=stFileUploader]")) return false;
    return carriesFiles(event.dataTransfer ?? event.clipboardData);
  }

  // A button elsewhere on the page that opens the uploader's choice of files.
  get opener() {
    return `.st-key-${this.data.around}-opener`;
  }

  get input() {
    return document.querySelector(`${this.around} input[type=file]`);
  }

  ready() {
    this.helper ??= new Helper(new URL(`${this.data.assets}worker.js`, location.origin));
    return this.helper;
  }

  // Loads what pictures need while they are being chosen, or are dragged here.
  expect(event) {
    const opener = event.type === "click" && event.target.closest?.(`${this.opener} button`);
    if (opener && this.root?.isConnected) {
      event.preventDefault();
      event.stopImmediatePropagation();
      this.input?.click(); // which is heard of here as well, as a click in the uploader's place
      return;
    }
    if (!this.isMine(event)) return;
    const dragged = [...(event.dataTransfer?.items ?? [])];
    const mayBePicture = dragged.some((one) => one.type.startsWith("image/"));
    if (event.type === "click" || mayBePicture) this.ready().prepare();
  }

  // Shows that files which hover anywhere over the page can be dropped there.
  hovered(event) {
    if (!this.isMeant(event) || this.input?.disabled) return;
    event.preventDefault();
    this.ready().prepare();
    document.documentElement.classList.add("files-over");
    clearTimeout(this.hovering);
    this.hovering = setTimeout(() => this.left(), HOVER);
  }

  left() {
    clearTimeout(this.hovering);
    document.documentElement.classList.remove("files-over");
  }

  // Takes chosen, dropped or pasted files before the plain uploader sees them.
  caught(event) {
    if (handedOn.has(event) || !this.input || this.input.disabled) return;
    const isMine = event.type !== "paste" && this.isMine(event);
    if (!isMine && (event.type === "change" || !this.isMeant(event))) return;
    const given = event.dataTransfer ?? event.clipboardData ?? event.target;
    const files = [...(given.files ?? [])].map(event.type === "paste" ? named : (file) => file);
    if (!files.length) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.left();
    if (event.type === "change") {
      event.target.value = ""; // the same file can be chosen again
    } else if (isMine) {
      // An empty drop tells the plain uploader that nothing hovers over it any more.
      const ended = new DragEvent("drop", { bubbles: true, dataTransfer: new DataTransfer() });
      handedOn.add(ended);
      event.target.dispatchEvent(ended);
    }
    this.work = this.work.then(() => this.take(files)).catch((error) => console.warn(error));
  }

  async take(files) {
    const { conversation } = this.data;
    const isElsewhere = () => this.data.conversation !== conversation;
    this.clear();
    const rows = files.map((file) => ({ file, state: "looking" }));
    this.rows = rows;
    this.draw();
    for (const row of rows) {
      row.made = await this.ready().look(row.file);
      if (isElsewhere()) return; // what was meant for one conversation goes into no other
      row.glimpses = (row.made.glimpses ?? []).map((blob) => URL.createObjectURL(blob));
      row.state = "waiting";
      this.draw();
    }
    const known = await this.known(rows);
    if (isElsewhere()) return;
    rows.forEach((row, number) => (row.state = known[number] ? "known" : "sending"));
    this.draw();
    const unknown = rows.filter((row) => row.state === "sending");
    const isTaken = !unknown.length || (await this.hand(unknown.map(sent)));
    for (const row of unknown) row.state = isTaken ? "sent" : "left";
    this.draw();
  }

  // Which files are here already; none where the page does not say.
  async known(rows) {
    const files = rows.map(({ file, made }) => ({
      name: sent({ file, made }).name,
      hashes: [...new Set([made.sha256, made.sentHash])].filter(Boolean),
    }));
    if (!this.data.asks || !files.some((one) => one.hashes.length)) return [];
    const batch = `${Date.now()}-${Math.random().toString(36).slice(2)}`;
    this.ask("offered", { batch, conversation: this.data.conversation, files });
    await this.until(() => this.data.answer?.batch === batch, ANSWER);
    return this.data.answer?.batch === batch ? this.data.answer.known : [];
  }

  // Lets the plain uploader send files, which it does as if they had been chosen there; whether it
  // took them. It says itself what it refuses.
  async hand(files) {
    const before = this.data.taken;
    await this.until(() => this.input && !this.input.disabled, ROOM);
    const parcel = new DataTransfer();
    for (const file of files) parcel.items.add(file);
    this.input.files = parcel.files;
    const event = new Event("change", { bubbles: true });
    handedOn.add(event);
    this.input.dispatchEvent(event);
    const refusal = `${this.around} [aria-invalid=true]`;
    const isTaken = () => this.data.taken !== before;
    await this.until(() => isTaken() || document.querySelector(refusal), ROOM);
    return isTaken();
  }

  // Waits for something that is looked for at every drawing of the page, and now and then.
  async until(isSo, patience) {
    const end = performance.now() + patience;
    while (!isSo() && performance.now() < end) {
      await new Promise((resolve) => {
        this.heard = resolve;
        setTimeout(resolve, 250);
      });
    }
  }

  draw() {
    if (!this.root) return;
    const isBusy = ({ state }) => ["looking", "waiting", "sending"].includes(state);
    document.querySelector(this.opener)?.toggleAttribute("data-busy", this.rows.some(isBusy));
    const isTold = ({ state, made }) => state !== "left" && (state !== "sent" || made.kind);
    const shown = this.rows.filter(isTold);
    this.root.hidden = !shown.length;
    this.root.querySelector("summary > span").textContent = total(this.rows, this.data.words);
    const lines = shown.map((row) => line(row, this.data.words));
    this.root.querySelector(".rows").replaceChildren(...lines);
  }
}

// The worker, which is given up for good once it failed or took too long.
class Helper {
  constructor(address) {
    this.waiting = new Map();
    this.number = 0;
    try {
      this.worker = new Worker(address, { type: "module" });
      this.worker.onmessage = ({ data }) => this.told(data);
      this.worker.onerror = (event) => {
        event.preventDefault();
        this.fail();
      };
    } catch {
      this.fail();
    }
  }

  prepare() {
    this.worker?.postMessage({});
  }

  // What became of a file; nothing where it is to be sent as it is.
  look(file) {
    if (!this.worker) return Promise.resolve({});
    const id = ++this.number;
    return new Promise((resolve) => {
      const late = setTimeout(() => this.fail(), PATIENCE);
      this.waiting.set(id, (made) => (clearTimeout(late), resolve(made)));
      this.worker.postMessage({ id, file });
    });
  }

  told({ id, made, problem }) {
    if (problem) console.info(`sent as it is: ${problem}`);
    this.waiting.get(id)?.(made);
    this.waiting.delete(id);
  }

  fail() {
    this.worker?.terminate();
    this.worker = null;
    for (const resolve of this.waiting.values()) resolve({});
    this.waiting.clear();
  }
}

// Whether files are dragged or pasted; of what is text as well, as cells of a table are, the text
// is meant.
function carriesFiles(given) {
  const types = [...(given?.types ?? [])];
  return types.includes("Files") && !types.includes("text/plain");
}

// A pasted file; a picture that has no name of its own is named after the time.
function named(file) {
  if (file.name && !/^image\.\w+$/.test(file.name)) return file;
  const now = new Date(Date.now() - new Date().getTimezoneOffset() * 60_000).toISOString();
  const ending = file.type.split("/")[1] ?? "png";
  const name = `${now.slice(0, 10)} ${now.slice(11, 19).replaceAll(":", ".")}.${ending}`;
  return new File([file], name, { type: file.type });
}

// The file that is sent for a row.
function sent({ file, made }) {
  if (!made.blob) return file;
  if (made.blob.type === file.type) return new File([made.blob], file.name, { type: file.type });
  const name = file.name.replace(/(\.(jpe?g|png|webp|bmp|avif|tiff?|hei[cf]))?$/i, ".jpg");
  return new File([made.blob], name, { type: made.blob.type });
}

// What came of all files together, once it is known.
function total(rows, words) {
  const isDone = ({ state }) => ["sent", "known", "left"].includes(state);
  if (!rows.every(isDone)) return words.preparing;
  if (rows.every(({ state }) => state === "known")) return words.known;
  const bytes = (row) => (row.state === "known" ? 0 : sent(row).size);
  const sum = (sizes) => sizes.reduce((one, other) => one + other, 0);
  const [before, after] = [sum(rows.map((row) => row.file.size)), sum(rows.map(bytes))];
  return words.total.replace("{before}", size(before)).replace("{after}", size(after));
}

function line({ file, made, glimpses, state }, words) {
  const row = part("div", "file");
  row.dataset.state = state;
  const pictures = part("div", "pictures");
  (glimpses ?? []).forEach((source, number) => {
    if (number) pictures.append(part("span", "arrow", "→"));
    const image = part("img");
    image.src = source;
    image.alt = "";
    pictures.append(image);
  });
  const about = part("div", "about");
  about.append(part("b", "", file.name));
  for (const text of [...sizes(file, made, state), kind(made, words)]) {
    if (text) about.append(part("span", "fact", text));
  }
  about.append(part("span", "state", words[state === "sent" && !made.blob ? "as_is" : state]));
  if (glimpses?.length) row.append(pictures);
  row.append(about);
  return row;
}

function sizes(file, made, state) {
  if (!made?.blob || state === "known") return [size(file.size)];
  const sides = (made.sizes ?? []).map((pair) => pair.join(" × "));
  return [`${size(file.size)} → ${size(made.blob.size)}`, sides.join(" → ")];
}

function kind(made, words) {
  if (!made?.kind) return "";
  const [one, many] = made.pictures ? ["picture", "pictures"] : ["line", "lines"];
  const count = made.pictures ?? made.lines;
  const found = words[count === 1 ? one : many].replace("{n}", count);
  return [words[made.kind], found, ...(made.turned ? [words.turned] : [])].join(" · ");
}

function size(bytes) {
  for (const [unit, many] of [["MB", 1e6], ["kB", 1e3]]) {
    if (bytes >= many) return `${(bytes / many).toFixed(bytes >= 10 * many ? 0 : 1)} ${unit}`;
  }
  return `${bytes} B`;
}

function part(tag, name = "", text = "") {
  const made = document.createElement(tag);
  made.className = name;
  made.textContent = text;
  return made;
}

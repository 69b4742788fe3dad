// The live page: a socket, six tiles, lights, and a tail of events. Whatever events say is text, never markup.

const LEAST_WAIT = 500, MOST_WAIT = 15000, SILENT = 12000, STILL = 20000, ROWS = 200;
const TOLD = 60000, MOST_UPDATES = 60;
const SVG = "http://www.w3.org/2000/svg";

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".live");
  root.page ??= new Live(root);
  root.page.show(data);
  return () => root.page?.end();
}

function made(name, parent, text = "") {
  const element = document.createElement(name.split(".")[0]);
  element.className = name.split(".").slice(1).join(" ");
  element.textContent = text;
  parent?.append(element);
  return element;
}

class Live {
  constructor(root) {
    this.root = root;
    this.wait = LEAST_WAIT;
    this.subscribed = {};  // what was told last, by subscription
    this.tiles = {};
    this.events = [];
    this.held = [];
    this.came = 0;
    this.updates = [];  // milliseconds from an event's receipt until it was seen here
    this.told = Date.now();
    this.seen = () => (document.hidden ? this.close("hidden") : this.open());
    document.addEventListener("visibilitychange", this.seen);
    this.ticking = setInterval(() => this.tick(), 1000);
  }

  show(data) {
    const isFirst = !this.data;
    this.data = data;
    for (const [name, color] of Object.entries(data.colors)) this.root.style.setProperty(`--live-${name}`, color);
    if (isFirst) {
      this.build();
      if (document.hidden) this.say("hidden"); else this.open();
    }
    this.drawCost();
  }

  end() {
    document.removeEventListener("visibilitychange", this.seen);
    clearInterval(this.ticking);
    this.close("ended");
    delete this.root.page;
  }

  // The socket

  open() {
    clearTimeout(this.again);
    if (this.socket) return;
    const address = new URL(this.data.path, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = (this.socket = new WebSocket(address));
    this.heard = this.spoke = Date.now();
    socket.onopen = () => this.subscribe();
    socket.onmessage = (message) => this.socket === socket && this.hear(JSON.parse(message.data));
    socket.onclose = () => this.socket === socket && this.cut();
  }

  close(state) {
    clearTimeout(this.again);
    const socket = this.socket;
    this.socket = null;
    socket?.close();
    this.tellUpdates();
    this.say(state);
  }

  cut() {
    this.close("cut");
    this.since ??= new Date();
    this.next = Date.now() + this.wait * (0.75 + Math.random() / 2);
    this.again = setTimeout(() => this.open(), this.next - Date.now());
    this.wait = Math.min(this.wait * 2, MOST_WAIT);
    this.say("cut");
  }

  tick() {
    const now = Date.now();
    if (this.state === "cut") this.say("cut");
    if (this.socket && now - this.heard > SILENT) this.cut();
    else if (this.socket?.readyState === WebSocket.OPEN && now - this.spoke > STILL) this.ask();
    if (now - this.told > TOLD) this.tellUpdates();
  }

  // How soon an event is seen here after the collector has received it, which has a clock of its own.

  ask() {
    this.asked = performance.now();
    this.tell({ still: true });
  }

  compareClocks(at) {
    const took = performance.now() - this.asked;
    this.asked = null;
    if (took > (this.shortest ?? Infinity)) return;
    this.shortest = took;
    this.ahead = Date.parse(at) - (Date.now() - took / 2);
  }

  timeUpdate(events) {
    if (this.ahead == null || this.isPaused || !events.length || this.updates.length >= MOST_UPDATES) return;
    const came = Math.min(...events.map((one) => Date.parse(one.came)));
    requestAnimationFrame(() => this.updates.push(Math.max(0, Date.now() + this.ahead - came)));
  }

  tellUpdates() {
    this.told = Date.now();
    if (!this.updates.length) return;
    const body = JSON.stringify({ page: "live", updates: this.updates.splice(0, MOST_UPDATES) });
    navigator.sendBeacon(this.data.pageTimes, new Blob([body], { type: "application/json" }));
  }

  tell(message) {
    this.spoke = Date.now();
    this.socket.send(JSON.stringify(message));
  }

  subscribe() {
    this.shortest = null;
    this.ask();
    for (const one of this.data.subscriptions) this.tell(one);
    if (this.kind) this.follow();
  }

  follow() {
    const kinds = this.kind.value ? [this.kind.value] : [];
    this.tell({ id: "tail", tail: { kinds }, ...(this.place && { resume: this.place }) });
  }

  hear(news) {
    this.heard = Date.now();
    if (this.state !== "live") {
      this.wait = LEAST_WAIT;
      this.since = null;
      this.say("live");
    }
    if (news.type === "heartbeat" && this.asked) this.compareClocks(news.at);
    if (news.type === "problem") return this.said(news.problem);
    if (news.upto) this.arrived();
    if (news.id === "tail") this.hearEvents(news);
    else if (news.id) this.hearNumbers(news);
  }

  hearNumbers(news) {
    const isFirst = news.type === "snapshot";
    const told = isFirst ? (this.subscribed[news.id] = { values: new Map(), course: new Map() }) : this.subscribed[news.id];
    if (!told) return;
    for (const key of news.gone ?? []) told.values.delete(key);
    for (const row of news.values) told.values.set(row.by ?? row.component ?? null, row);
    for (const [second, point] of news.course ?? []) told.course.set(second, point);
    if (news.width) told.width = news.width;
    told.whole = (Date.parse(news.at) - Date.parse(news.since)) / 1000;
    told.since = new Date(news.since);
    const latest = Math.max(...told.course.keys());
    for (const second of told.course.keys()) if (second <= latest - 60 * told.width) told.course.delete(second);
    if (news.id === "states" || news.id === "providers") this.drawLights();
    else for (const tile of this.data.tiles) if (tile.from === news.id) this.drawTile(tile, told);
    if (news.id === "cost") this.drawCost();
  }

  hearEvents(news) {
    if (news.type === "snapshot" && this.place?.run !== news.run) this.clear();
    this.place = { run: news.run, upto: news.upto };
    if (news.missed) this.missed += news.missed;
    this.held.push(...news.events);
    this.held.splice(0, this.held.length - ROWS);
    this.flush();
    if (news.type === "increment") this.timeUpdate(news.events);
  }

  // What is seen

  build() {
    this.root.replaceChildren();
    this.root.classList.toggle("live-only", this.data.only === "tiles");
    this.status = made("div.live-status", this.root);
    this.status.setAttribute("role", "status");
    this.problem = made("div.live-problem", this.root);
    this.empty = made("div.live-empty", this.root);
    if (!this.data.only) this.buildEmpty();
    this.body = made("div.live-body", this.root);
    const tiles = made("div.live-tiles", this.body);
    for (const tile of this.data.tiles) this.tiles[tile.name] = this.buildTile(tile, tiles);
    this.lights = made("div.live-lights", this.body);
    if (!this.data.only) this.buildTail(made("section.live-tail", this.body));
    this.body.hidden = true;
    this.empty.hidden = true;
    this.say("opening");
  }

  buildEmpty() {
    made("p", this.empty, "No live event has come yet. Send one, and see it here:");
    made("pre", this.empty, this.data.example);
    made("p", this.empty, "OpenTelemetry's exporters send to the same place. docs/live.md says what can be sent, and how.");
  }

  buildTile(tile, tiles) {
    const box = made("div.live-tile", tiles);
    box.dataset.metric = tile.name;
    box.title = tile.doc;
    made("div.live-label", box, tile.title);
    const value = made("div.live-value", box, "–");
    const drawing = document.createElementNS(SVG, "svg");
    drawing.setAttribute("viewBox", "0 0 120 28");
    drawing.setAttribute("preserveAspectRatio", "none");
    drawing.setAttribute("aria-hidden", "true");
    const area = document.createElementNS(SVG, "path"), line = document.createElementNS(SVG, "path");
    area.setAttribute("class", "live-area");
    line.setAttribute("class", "live-line");
    drawing.append(area, line);
    box.append(drawing);
    const note = made("div.live-note", box, tile.note);
    return { value, area, line, note };
  }

  buildTail(box) {
    const head = made("div.live-head", box);
    made("h3", head, "Events as they come");
    this.kind = made("select", head);
    this.kind.setAttribute("aria-label", "Kind of event");
    made("option", this.kind, "All kinds").value = "";
    for (const kind of this.data.kinds) made("option", this.kind, kind).value = kind;
    this.kind.onchange = () => {
      this.place = null;
      this.clear();
      if (this.socket?.readyState === WebSocket.OPEN) this.follow();
    };
    this.pause = made("button", head, "Pause");
    this.pause.setAttribute("aria-pressed", "false");
    this.pause.onclick = () => {
      this.isPaused = !this.isPaused;
      this.pause.setAttribute("aria-pressed", String(this.isPaused));
      this.flush();
    };
    this.list = made("div.live-events", box);
    this.left = made("div.live-note", box);
    this.missed = 0;
  }

  say(state) {
    this.state = state;
    if (!this.status) return;
    const left = Math.max(0, Math.ceil((this.next - Date.now()) / 1000));
    const words = {
      opening: "Connecting …",
      live: "Live",
      cut: `Cut off since ${this.since?.toLocaleTimeString("en-GB")}: ` + (left ? `trying again in ${left} s` : "trying again …"),
      hidden: "Paused while this tab is hidden",
      ended: "",
    };
    if (this.status.textContent !== words[state]) this.status.textContent = words[state];
    this.root.dataset.state = state;
    // Beside other figures nothing old is to stand, and nothing that they say, too.
    if (this.data.only) return void (this.root.hidden = state !== "live" || !this.came);
    if (state === "live" && !this.came) this.empty.hidden = false;
    if (state === "cut" && !this.came) this.said(this.data.unreachable);
    else if (state === "live") this.said("");
  }

  said(problem) {
    this.problem.textContent = problem;
  }

  arrived() {
    if (this.came) return;
    this.came = 1;
    this.empty.hidden = true;
    this.body.hidden = false;
    if (this.data.only) this.root.hidden = this.state !== "live";
  }

  drawTile(tile, told) {
    const { value, area, line, note } = this.tiles[tile.name], row = told.values.get(null);
    if (tile.metric === "cost") return this.course(area, line, told, "cost", 1 / told.width);
    // The collector has just begun, or so much comes that it does not keep all of it.
    const said = told.whole < tile.window ? `since ${told.since.toLocaleTimeString("en-GB")}` : tile.note;
    if (note.textContent !== said) note.textContent = said;
    const number = row?.[tile.metric];
    value.textContent = number == null ? "–" : this.worded(tile, tile.seconds ? number / tile.seconds : number);
    this.course(area, line, told, tile.metric, tile.seconds ? 1 / told.width : 1);
  }

  drawCost() {
    const tile = this.data?.tiles.find((one) => one.metric === "cost"), told = this.subscribed.cost;
    if (!tile) return;
    let { usd: sum, unpriced } = this.data.cost;
    for (const [second, point] of told?.course ?? []) {
      if (second < this.data.cost.until) continue;
      if (point.cost != null) sum = (sum ?? 0) + point.cost;
      unpriced += point.unpriced_calls ?? 0;
    }
    const { value, note } = this.tiles[tile.name], nothing = unpriced ? this.data.noPrice : "–";
    value.textContent = sum == null ? nothing : this.worded(tile, sum);
    note.textContent = tile.note + (unpriced ? `, ${unpriced.toLocaleString()} unpriced` : "");
  }

  worded(tile, number) {
    const decimals = Math.abs(number) >= 100 ? 0 : tile.decimals;
    const text = number.toLocaleString(undefined, { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
    return tile.unit === "USD" ? `$${text}` : tile.unit ? `${text} ${tile.unit}` : text;
  }

  course(area, line, told, metric, factor) {
    const points = [...told.course].sort((a, b) => a[0] - b[0]).map(([, point]) => point[metric]);
    const most = Math.max(...points.map((one) => one ?? 0), 1e-9), step = 120 / Math.max(points.length - 1, 1);
    let path = "", filled = "", begun = null;
    const closed = (until) => (begun === null ? "" : `L${until.toFixed(1)},28L${begun.toFixed(1)},28Z`);
    points.forEach((one, index) => {
      const x = index * step;
      if (one == null) {
        filled += closed(x - step);
        begun = null;
        return;
      }
      const at = `${begun === null ? "M" : "L"}${x.toFixed(1)},${(26 - (24 * one) / most).toFixed(1)}`;
      // A single point between gaps is seen, too.
      path += begun === null ? `${at}h0.01` : at;
      filled += at;
      begun ??= x;
    });
    line.setAttribute("d", path);
    area.setAttribute("d", filled + closed(120));
  }

  drawLights() {
    const lights = [];
    for (const row of this.subscribed.states?.values.values() ?? []) lights.push([row.component, row.status]);
    for (const row of this.subscribed.providers?.values.values() ?? []) {
      const rate = row.llm_error_rate, calls = row.llm_calls;
      if (rate == null || row.by == null) continue;
      const failed = Math.round((rate * calls) / 100), { steps, fewest } = this.data;
      const level = (failed >= fewest && steps.find(([limit]) => rate > limit)) || steps.at(-1);
      lights.push([row.by, level[1], calls < 100 ? `${failed} of ${calls} calls failed` : `${rate.toFixed(1)} % of calls fail`]);
    }
    this.lights.replaceChildren();
    for (const [name, status, note] of lights) {
      const light = made("span.live-light", this.lights);
      light.dataset.status = status;
      made("b", light, name);
      made("span", light, note ?? status);
    }
  }

  clear() {
    this.held = [];
    this.missed = 0;
    this.list?.replaceChildren();
  }

  flush() {
    if (!this.list) return;
    this.pause.textContent = this.isPaused ? `Go on${this.held.length ? ` (${this.held.length} new)` : ""}` : "Pause";
    if (!this.isPaused) {
      this.list.prepend(...this.held.map((one) => this.row(one)).reverse());
      this.held = [];
      while (this.list.children.length > ROWS) this.list.lastChild.remove();
    }
    this.left.textContent = this.missed ? `${this.missed.toLocaleString()} more came faster than they can be shown.` : "";
  }

  row({ kind, event }) {
    const row = made("details.live-event"), head = made("summary", row);
    const what = [
      ...(kind === "error" ? ["error_type", "message"] : []), "endpoint", "model", "component", "page", "action", "name",
      "change_type", "host", "message",
    ];
    const told = event.status_code ?? event.status ?? event.severity ?? event.outcome ?? "";
    const how = told === "unset" ? "" : told; // what OpenTelemetry calls a step that said nothing of its end
    made("time", head, new Date(event.ts).toLocaleTimeString("en-GB"));
    made("span.live-kind", head, kind);
    made("span.live-what", head, String(what.map((name) => event[name]).find((value) => value != null) ?? ""));
    const status = made("span.live-how", head, String(how));
    if (/^(5\d\d|error|down|critical|timeout|rate_limited)$/.test(String(how))) status.classList.add("live-bad");
    made("span.live-ms", head, event.duration_ms == null ? "" : `${Math.round(event.duration_ms).toLocaleString()} ms`);
    row.addEventListener("toggle", () => {
      if (!row.open || row.children.length > 1) return;
      made("pre", row, JSON.stringify(event, null, 2));
      if (event.trace_id == null) return;
      const { page, trace, near } = this.data.trace;
      made("a", row, "Its trace").href = `${page}?${new URLSearchParams({ [trace]: event.trace_id, [near]: event.ts })}`;
    });
    return row;
  }
}

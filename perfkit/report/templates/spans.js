"use strict";
// All spans on a canvas: view/span_columns.py packs what is read here.
(() => {
  const ERROR = 1, REFUSED = 2, UNDER_WAY = 4;
  const ROW = 15, LEAST = 2, HEAD = 20, AXIS = 20, TALLEST = 600;
  const UNITS = [[1e9, "s"], [1e6, "ms"], [1e3, "µs"]];
  const part = name => document.getElementById("spans-" + name);
  const root = document.getElementById("all-spans"), canvas = part("canvas"), pen = canvas.getContext("2d");
  const colours = {}, list = part("group");
  for (const key of root.querySelectorAll("[data-kind]")) colours[key.dataset.kind] = key.dataset.colour;
  let data, group, first, last, from, to, rowHeight, chosen = -1, hits = null, waiting = 0, held = null;

  const time = ns => {
    if (!ns) return "0 s";
    if (ns >= 6e11) {
      const s = Math.round(ns / 1e9), m = Math.floor(s / 60) % 60, h = Math.floor(s / 3600);
      return h ? `${h} h ${m} min` : `${m} min ${s % 60} s`;
    }
    const [unit, name] = UNITS.find(([size]) => ns >= size * .9995) || [1, "ns"];
    const value = ns / unit;
    return `${unit === 1 ? Math.round(value) : value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0)} ${name}`;
  };
  // as many digits as tell times apart that lie so far apart
  const exact = (apart, many = 10) => {
    const [unit, name] = UNITS.find(([size]) => apart * many >= size) || [1, "ns"];
    const digits = Math.max(0, -Math.floor(Math.log10(apart / unit) + 1e-9));
    return ns => `${number(+(ns / unit).toFixed(digits))} ${name}`;
  };
  const number = n => n.toLocaleString("en-US", { maximumFractionDigits: 9 });
  const spans = n => `${number(n)} ${n === 1 ? "span" : "spans"}`;
  const ns = steps => steps * group.step_ns;
  const label = i => data.labels[data.label[i]];
  const text = place => place < 0 ? "" : data.strings[place];

  async function unpack() {
    const coded = atob(part("packed").textContent.trim()), bytes = new Uint8Array(coded.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = coded.charCodeAt(i);
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const raw = new Uint8Array(await new Response(stream).arrayBuffer());
    const body = 4 + new DataView(raw.buffer).getUint32(0, true);
    const found = JSON.parse(new TextDecoder().decode(raw.subarray(4, body)));
    const count = (raw.length - body) / 20;
    ["start", "duration", "label", "depth", "task"].forEach((name, n) => {
      const column = found[name] = new Uint32Array(count), at = body + 4 * n * count;
      for (let i = 0; i < count; i++) {
        const p = at + i;
        column[i] = raw[p] | raw[p + count] << 8 | raw[p + 2 * count] << 16 | raw[p + 3 * count] << 24;
      }
    });
    let next = 0;
    for (const shown of found.groups) for (const lane of shown.lanes) {
      lane.first = next;
      next = lane.last = next + lane.count;
      for (let i = lane.first + 1; i < next; i++) found.start[i] += found.start[i - 1];
    }
    found.row = new Uint16Array(count);
    return found;
  }

  // each span in the first free row below those around it
  function stack(lane, most) {
    const ends = [];
    for (let i = lane.first; i < lane.last; i++) {
      let row = Math.min(data.depth[i], most - 1);
      while (row < most - 1 && ends[row] > data.start[i]) row++;
      ends[row] = Math.max(ends[row] || 0, data.start[i] + Math.max(1, data.duration[i]));
      data.row[i] = row;
    }
    return Math.max(1, ends.length);
  }

  function choose(n) {
    group = data.groups[n];
    const most = Math.max(4, Math.floor(TALLEST / LEAST / group.lanes.length));
    for (const lane of group.lanes) lane.rows = stack(lane, most);
    canvas.style.height = `${fit() + 4}px`;
    first = group.lanes[0].first;
    last = group.lanes[group.lanes.length - 1].last;
    chosen = -1;
    look(0, group.end);
    find();
    tell();
  }

  // rows are as high as there is room for; says where the last one ends
  function fit() {
    const rows = group.lanes.reduce((sum, lane) => sum + lane.rows, 0);
    rowHeight = Math.max(LEAST, Math.min(ROW, Math.floor((TALLEST - HEAD * group.lanes.length) / rows)));
    return group.lanes.reduce((top, lane) => (lane.top = top + HEAD) + lane.rows * rowHeight + 4, AXIS);
  }

  // of many rows only those are kept that the times in view need
  function narrow() {
    for (const lane of group.lanes) {
      lane.rows = 1;
      for (let i = lane.first; i < lane.last && data.start[i] <= to; i++) {
        if (data.row[i] >= lane.rows && data.start[i] + data.duration[i] >= from) lane.rows = data.row[i] + 1;
      }
    }
    fit();
  }

  function look(a, b) {
    const wide = Math.min(group.end, Math.max(4, b - a));
    from = Math.max(0, Math.min(group.end - wide, a));
    to = from + wide;
    const near = exact(ns(to - from) / 100, 100);
    part("range").textContent = `${near(ns(from))} to ${near(ns(to))} of ${time(ns(group.end))}`;
    redraw();
  }
  const zoom = (factor, at = chosen < 0 ? (from + to) / 2 : middle(chosen)) => {
    const still = Math.max(from, Math.min(to, at));
    look(still - (still - from) / factor, still + (to - still) / factor);
  };
  const pan = share => look(from + share * (to - from), to + share * (to - from));
  const middle = i => data.start[i] + data.duration[i] / 2;

  function redraw() {
    if (!waiting) waiting = requestAnimationFrame(() => { waiting = 0; draw(); });
  }

  function draw() {
    const wide = canvas.clientWidth, high = canvas.clientHeight, sharp = devicePixelRatio || 1;
    const started = performance.now();
    if (!wide) return;
    if (canvas.width !== Math.round(wide * sharp) || canvas.height !== Math.round(high * sharp)) {
      canvas.width = Math.round(wide * sharp);
      canvas.height = Math.round(high * sharp);
    }
    pen.setTransform(sharp, 0, 0, sharp, 0, 0);
    pen.clearRect(0, 0, wide, high);
    const ink = getComputedStyle(canvas).color, scale = wide / (to - from);
    narrow();
    axis(wide, high, scale, ink);
    let drawn = 0;
    for (const lane of group.lanes) {
      pen.fillStyle = ink;
      pen.font = "600 12px system-ui, sans-serif";
      pen.fillText(lane.name, 2, lane.top - 6);
      const after = 10 + pen.measureText(lane.name).width;
      pen.font = "12px system-ui, sans-serif";
      pen.fillText(`${lane.together ? "" : spans(lane.count) + ", "}${time(ns(lane.end))}`, after, lane.top - 6);
      if (hits) drawn += bars(lane, scale, wide, ink, false);
      drawn += bars(lane, scale, wide, ink, true);
      pen.fillStyle = ink;
      pen.fillRect((lane.end - from) * scale - 1, lane.top - 2, 1, lane.rows * rowHeight + 4);
    }
    Object.assign(data, { drawn, drawn_ms: performance.now() - started });
  }

  function axis(wide, high, scale, ink) {
    const rough = ns(to - from) / Math.max(2, wide / 130), power = 10 ** Math.floor(Math.log10(rough));
    const apart = [1, 2, 5, 10].map(n => n * power).find(step => step >= rough);
    const near = exact(apart);
    pen.font = "11px system-ui, sans-serif";
    pen.fillStyle = ink;
    for (let n = Math.ceil(ns(from) / apart); n * apart <= ns(to); n++) {
      const x = (n * apart / group.step_ns - from) * scale;
      pen.globalAlpha = .2;
      pen.fillRect(x, AXIS - 4, 1, high);
      pen.globalAlpha = 1;
      if (x < wide - 50) pen.fillText(n ? near(n * apart) : "0", x + 3, 12);
    }
  }

  // spans that would fall on a pixel of their row that is taken are not drawn again
  function bars(lane, scale, wide, ink, matching) {
    const taken = new Float64Array(lane.rows).fill(-1);
    const thick = Math.max(1, rowHeight - (rowHeight > 3 ? 1.5 : .5));
    let drawn = 0;
    pen.globalAlpha = hits && !matching ? .22 : 1;
    for (let i = lane.first; i < lane.last && data.start[i] <= to; i++) {
      const x = (data.start[i] - from) * scale, width = Math.max(1, data.duration[i] * scale), row = data.row[i];
      if (x + width < 0 || hits && !!hits[data.label[i]] !== matching) continue;
      const [kind, name, , , flags] = label(i), marked = flags & (ERROR | REFUSED);
      if (x + width <= taken[row] + .5 && i !== chosen && !(marked && width > 2)) continue;
      taken[row] = Math.max(taken[row], x + width);
      drawn++;
      const left = Math.max(-2, x), shown = Math.min(wide + 2, x + width) - left, y = lane.top + row * rowHeight;
      pen.fillStyle = colours[text(kind)] || colours.span || "#a06a00";
      if (!marked) pen.fillRect(left, y, shown, thick);
      else {
        pen.lineWidth = 1.5;
        pen.strokeStyle = pen.fillStyle;
        pen.strokeRect(left + .75, y + .75, Math.max(.5, shown - 1.5), Math.max(.5, thick - 1.5));
      }
      if (rowHeight > 11 && shown > 70) {
        const words = text(name), fits = Math.floor((shown - 8) / 6);
        pen.font = "11px system-ui, sans-serif";
        pen.fillStyle = marked ? ink : "#fff";
        pen.fillText(words.length > fits ? words.slice(0, fits - 1) + "…" : words, Math.max(0, left) + 4, y + thick - 3, shown - 6);
      }
      if (i === chosen) {
        pen.lineWidth = 2;
        pen.strokeStyle = ink;
        pen.strokeRect(left - 1, y - 1, shown + 2, thick + 2);
      }
    }
    pen.globalAlpha = 1;
    return drawn;
  }

  function describe(i) {
    const [kind, name, site, error, flags] = label(i);
    return [
      text(name), text(kind), `starts at ${time(ns(data.start[i]))}`, `takes ${time(ns(data.duration[i]))}`,
      text(site), data.task[i] ? `task ${data.task[i]}` : "", error < 0 ? "" : `raised ${text(error)}`,
      flags & REFUSED ? "refused (429 or 503)" : "", flags & UNDER_WAY ? "had not ended" : "",
    ].filter(Boolean).join(" · ");
  }
  function tell() {
    part("detail").textContent = chosen < 0 ? "No span is selected." : describe(chosen);
  }
  function select(i) {
    chosen = i;
    if (i >= 0 && (data.start[i] > to || data.start[i] + data.duration[i] < from)) {
      look(middle(i) - (to - from) / 2, middle(i) + (to - from) / 2);
    }
    tell();
    redraw();
  }

  // the next span of the lane or of the rows above or below, at about the same time
  function step(by) {
    if (chosen < 0) return select(first);
    select(Math.max(first, Math.min(last - 1, chosen + by)));
  }
  function climb(by) {
    if (chosen < 0) return select(first);
    const height = i => lanes(i).top + data.row[i] * rowHeight, now = height(chosen), at = middle(chosen);
    let best = -1, least = Infinity;
    for (let i = first; i < last; i++) {
      const apart = (height(i) - now) * by;
      if (apart <= 0) continue;
      const far = apart * 1e12 + Math.abs(middle(i) - at);
      if (far < least) [best, least] = [i, far];
    }
    if (best >= 0) select(best);
  }
  const lanes = i => group.lanes.find(lane => i < lane.last);

  function find() {
    const wanted = part("find").value.trim().toLowerCase();
    let count = 0, spent = 0;
    hits = wanted && data.labels.map(([kind, name, site, error, flags]) =>
      [kind, name, site, error].some(place => text(place).toLowerCase().includes(wanted))
      || flags & REFUSED && "refused".includes(wanted));
    if (hits) for (let i = first; i < last; i++) if (hits[data.label[i]]) { count++; spent += data.duration[i]; }
    part("count").textContent = hits ? `Matches: ${number(count)} of ${spans(last - first)}, ${time(ns(spent))} in all` : "";
    redraw();
  }
  function jump(by) {
    if (!hits) return part("find").focus();
    for (let n = 1, i = chosen < 0 ? (by > 0 ? first - 1 : last) : chosen; n <= last - first; n++) {
      i += by;
      if (i >= last) i = first;
      if (i < first) i = last - 1;
      if (hits[data.label[i]]) return select(i);
    }
  }

  const actions = {
    in: () => zoom(2), out: () => zoom(.5), all: () => look(0, group.end),
    left: () => pan(-.3), right: () => pan(.3), previous: () => jump(-1), next: () => jump(1),
  };
  const keys = {
    "+": actions.in, "=": actions.in, "-": actions.out, 0: actions.all, n: actions.next, N: actions.previous,
    ArrowLeft: e => e.shiftKey ? pan(-.3) : step(-1), ArrowRight: e => e.shiftKey ? pan(.3) : step(1),
    ArrowUp: () => climb(-1), ArrowDown: () => climb(1), Home: () => select(first), End: () => select(last - 1),
    Enter: () => chosen >= 0 && look(data.start[chosen] - data.duration[chosen] * .2 - 2,
      data.start[chosen] + data.duration[chosen] * 1.2 + 2),
    Escape: () => select(-1), "/": () => part("find").focus(),
  };

  const place = event => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const when = x => from + x / canvas.clientWidth * (to - from);
  function under([x, y]) {
    const lane = group.lanes.find(lane => y >= lane.top && y < lane.top + lane.rows * rowHeight);
    if (!lane) return -1;
    const row = Math.floor((y - lane.top) / rowHeight), at = when(x), near = 3 * (to - from) / canvas.clientWidth;
    let best = -1, least = near;
    for (let i = lane.first; i < lane.last && data.start[i] <= at + near; i++) {
      const far = Math.max(0, data.start[i] - at, at - data.start[i] - data.duration[i]);
      if (data.row[i] === row && far <= least) [best, least] = [i, far];
    }
    return best;
  }
  function hover(at) {
    const i = at ? under(at) : -1, tip = part("tip");
    tip.hidden = i < 0;
    if (i < 0) return;
    tip.textContent = describe(i);
    tip.style.left = `${Math.max(0, Math.min(at[0] + 12, canvas.clientWidth - tip.offsetWidth))}px`;
    tip.style.top = `${at[1] + 16}px`;
  }

  function listen() {
    for (const button of root.querySelectorAll("button[data-do]")) button.onclick = actions[button.dataset.do];
    canvas.addEventListener("keydown", event => {
      const act = !event.ctrlKey && !event.metaKey && !event.altKey && keys[event.key];
      if (!act) return;
      event.preventDefault();
      act(event);
    });
    // plain turning of the wheel scrolls the page until the canvas is asked for
    canvas.addEventListener("wheel", event => {
      if (!event.ctrlKey && document.activeElement !== canvas) return;
      event.preventDefault();
      const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
      if (sideways) pan(Math.sign(sideways) * .1);
      else zoom(event.deltaY < 0 ? 1.25 : .8, when(place(event)[0]));
    }, { passive: false });
    canvas.onpointerdown = event => { held = { x: event.clientX, from, moved: false }; };
    canvas.onpointermove = event => {
      if (!held || !event.buttons) return hover(place(event));
      if (Math.abs(event.clientX - held.x) > 3 && !held.moved) {
        held.moved = true;
        canvas.setPointerCapture(event.pointerId);
        hover(null);
      }
      const shifted = held.from - (event.clientX - held.x) / canvas.clientWidth * (to - from);
      if (held.moved) look(shifted, shifted + to - from);
    };
    canvas.onpointerup = event => {
      if (held && !held.moved) select(under(place(event)));
      held = null;
    };
    canvas.onpointerleave = () => hover(null);
    canvas.ondblclick = event => zoom(4, when(place(event)[0]));
    part("find").oninput = find;
    part("find").onkeydown = event => {
      if (event.key === "Enter") jump(event.shiftKey ? -1 : 1);
    };
    if (list) list.onchange = () => choose(list.selectedIndex);
    new ResizeObserver(redraw).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  }

  async function begin() {
    const started = performance.now();
    data = root.spans = await unpack();
    part("packed").remove();
    part("missing").hidden = true;
    part("view").hidden = false;
    listen();
    choose(list ? list.selectedIndex : 0);
    data.unpacked_ms = performance.now() - started;
  }
  // a link beside a waterfall, maybe before anything is unpacked
  if (list) document.addEventListener("click", event => {
    const link = event.target.closest("a[data-spans]");
    if (!link) return;
    list.value = link.dataset.spans;
    if (data) choose(list.selectedIndex);
  });
  if (!window.DecompressionStream) return;
  const seen = new IntersectionObserver(entries => {
    if (!entries.some(entry => entry.isIntersecting)) return;
    seen.disconnect();
    begin();
  }, { rootMargin: "400px" });
  seen.observe(root);
})();

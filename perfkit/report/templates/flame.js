"use strict";
// Flame graphs: zoom, search and keys for the drawings of drawing/flame.py, which stand without it.
for (const root of document.querySelectorAll(".flame")) {
  const drawing = root.querySelector("svg"), [find, all, found] = root.querySelectorAll("input, button, output");
  const detail = root.querySelector(".flame-detail"), help = root.querySelector(".flame-help");
  const frames = [...drawing.children].filter(part => part.localName === "svg").map(part => ({
    part, x: parseFloat(part.getAttribute("x")), wide: parseFloat(part.getAttribute("width")),
    y: +part.getAttribute("y"), title: part.querySelector("title").textContent,
  }));
  const row = 18, end = frame => frame.x + frame.wide, tiny = .005;
  const holds = (outer, inner) => outer.y < inner.y && outer.x <= inner.x + tiny && end(outer) >= end(inner) - tiny;
  let zoomed = null, chosen = null;

  function write(frame, wide) {
    let text = frame.part.querySelector("text");
    const words = frame.title.split("\n").slice(0, -1).join(" "), fits = Math.floor((wide * drawing.clientWidth / 100 - 6) / 6.3);
    if (!text) {
      text = document.createElementNS("http://www.w3.org/2000/svg", "text");
      text.setAttribute("x", 3);
      text.setAttribute("y", 13);
      if (!/fill-opacity|none|url/.test(frame.part.querySelector("rect").outerHTML)) text.setAttribute("fill", "#fff");
      frame.part.append(text);
    }
    text.textContent = fits < 3 ? "" : words.length > fits ? words.slice(0, fits - 1) + "…" : words;
  }

  function place() {
    const from = zoomed ? zoomed.x : 0, wide = zoomed ? zoomed.wide : 100;
    for (const frame of frames) {
      const above = zoomed && holds(frame, zoomed), x = above ? 0 : (frame.x - from) / wide * 100;
      const share = above ? 100 : frame.wide / wide * 100, seen = x < 100 - tiny && x + share > tiny;
      frame.part.classList.toggle("gone", !seen);
      if (!seen) continue;
      frame.part.setAttribute("x", `${x}%`);
      frame.part.setAttribute("width", `${share}%`);
      frame.part.classList.toggle("above", !!above);
      write(frame, share);
    }
  }
  const zoom = frame => { zoomed = frame; place(); };
  const shown = frame => !frame.part.classList.contains("gone");

  function select(frame) {
    if (!frame) return;
    if (chosen) chosen.part.classList.remove("now");
    chosen = frame;
    frame.part.classList.add("now");
    detail.textContent = frame.title.replaceAll("\n", " · ");
  }
  const beside = by => {
    const level = frames.filter(frame => frame.y === chosen.y && shown(frame)).sort((a, b) => a.x - b.x);
    return level[level.indexOf(chosen) + by];
  };
  const moves = {
    ArrowLeft: () => beside(-1), ArrowRight: () => beside(1),
    ArrowUp: () => frames.find(frame => frame.y === chosen.y - row && holds(frame, chosen)),
    ArrowDown: () => frames.filter(shown).find(frame => frame.y === chosen.y + row && holds(chosen, frame)),
  };
  drawing.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (moves[event.key]) select(chosen ? moves[event.key]() : frames[0]);
    else if (event.key === "Enter" && chosen) zoom(chosen);
    else if (event.key === "Escape" || event.key === "0") zoom(null);
    else if (event.key === "/") find.focus();
    else return;
    event.preventDefault();
  });
  drawing.addEventListener("click", event => {
    const frame = frames.find(frame => frame.part !== drawing && frame.part.contains(event.target));
    if (!frame) return;
    select(frame);
    zoom(frame === zoomed ? null : frame);
  });
  all.onclick = () => zoom(null);
  find.oninput = () => {
    const wanted = find.value.trim().toLowerCase();
    const name = frame => frame.title.split("\n").slice(0, -1).join("\n").toLowerCase();
    const hits = frames.filter(frame => wanted && name(frame).includes(wanted));
    for (const frame of frames) frame.part.classList.toggle("hit", hits.includes(frame));
    drawing.classList.toggle("searched", !!wanted);
    const share = hits.filter(hit => !hits.some(other => holds(other, hit))).reduce((sum, hit) => sum + hit.wide, 0);
    found.textContent = wanted ? `Matches: ${hits.length}, ${share.toFixed(1)} % of the whole` : "";
  };
  drawing.setAttribute("tabindex", 0);
  drawing.setAttribute("role", "application");
  drawing.setAttribute("aria-roledescription", "flame graph");
  root.querySelector(".flame-tools").hidden = help.hidden = false;
}

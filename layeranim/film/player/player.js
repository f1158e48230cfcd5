"use strict";
(() => {
  const find = (id) => document.getElementById(id);
  const film = JSON.parse(find("data").textContent);
  const [video, begin, play, place, said, ticks, tables] =
    ["film", "begin", "play", "place", "said", "ticks", "tables"].map(find);
  const { fps, frames, steps } = film;
  const last = frames - 1;
  let step = -1; // none before the film is begun: its poster is shown
  let halt = null; // the frame at which playing one step ends

  // Not every browser seeks in a data: address; all do in a blob.
  const source = video.querySelector("source");
  const letters = atob(source.getAttribute("src").split(",", 2)[1]);
  const bytes = Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
  source.remove();
  video.removeAttribute("controls");
  video.tabIndex = -1; // Firefox's Tab stops at films without controls, too
  video.src = URL.createObjectURL(new Blob([bytes], { type: "video/mp4" }));

  // Half a frame late: at the very time of a frame a browser may show the one before.
  const seek = (frame) => { video.currentTime = (frame + 0.5) / fps; };
  const now = () => Math.min(last, Math.floor(video.currentTime * fps + 1e-6));
  const stepAt = (frame) => {
    const at = steps.findIndex((one) => frame <= one.end);
    return at < 0 ? steps.length - 1 : at;
  };
  const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  const element = (name, text = "", attributes = {}) => {
    const made = document.createElement(name);
    made.textContent = text;
    Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
    return made;
  };
  const tell = (more) => {
    if (parent !== window) parent.postMessage({ layeranim: more, step: step + 1, steps: steps.length,
      playing: !video.paused, words: said.textContent, height: document.documentElement.offsetHeight }, "*");
  };

  const named = (at) => `Step ${at + 1} of ${steps.length}` + (steps[at].place ? `: ${steps[at].place}` : "");
  const showPlace = (frame) => {
    place.value = frame;
    find("time").textContent = `${clock(Math.round(frame / fps))} / ${clock(Math.round(frames / fps))}`;
    const words = step < 0 ? "not begun" : named(step);
    place.setAttribute("aria-valuetext", `${words}, ${(frame / fps).toFixed(1)} seconds`);
  };
  const tableOf = ({ name, made, where, down, across, rows, columns, cells, rest }) => {
    const table = element("table");
    const told = [name.replaceAll("_", " "), where, rest].filter(Boolean).join(", ");
    table.append(element("caption", `${told} (${made ? "written" : "read"})`));
    if (across) {
      const row = element("tr");
      if (down) row.append(element("th", `${down} \\ ${across}`));
      columns.forEach((text) => row.append(element("th", down ? text : `${across} ${text}`, { scope: "col" })));
      table.append(row);
    }
    cells.forEach((texts, at) => {
      const row = element("tr");
      if (down) row.append(element("th", rows[at], { scope: "row" }));
      texts.forEach((text) => row.append(element("td", text)));
      table.append(row);
    });
    return table;
  };
  const enter = (at) => { // another step: its words and numbers
    step = at;
    begin.hidden = true;
    [...ticks.children].forEach((tick, i) => tick.classList.toggle("now", i === at));
    find("previous").setAttribute("aria-disabled", at <= 0);
    find("next").setAttribute("aria-disabled", at >= steps.length - 1);
    if (!steps.length) return;
    said.replaceChildren(...[named(at), ...steps[at].words].map((text) => element("p", text)));
    tables.replaceChildren(...steps[at].tables.map((i) => tableOf(film.tables[i])));
    find("numbers").hidden = !film.tables.length;
    if (film.tables.length && !steps[at].tables.length) tables.append(element("p", "No number is computed in this step."));
    tell("step");
  };

  const go = (at) => { // stop where a step's result stands
    if (!steps.length) return;
    const to = Math.max(0, Math.min(steps.length - 1, at));
    halt = null;
    video.pause();
    seek(steps[to].end);
    if (to !== step) enter(to);
    showPlace(steps[to].end);
  };
  const run = () => video.play().catch(() => {}); // a pause before it runs is no error
  const start = () => {
    halt = null;
    if (step < 0 || now() >= last) {
      seek(0);
      enter(stepAt(0));
    }
    run();
  };
  const toggle = () => (video.paused ? start() : video.pause());
  const again = () => {
    const at = Math.max(0, step);
    if (!steps.length) return start();
    video.pause();
    seek(steps[at].start);
    if (at !== step) enter(at);
    halt = steps[at].end;
    run();
  };
  const watch = () => { // at every picture while it plays
    if (video.paused) return;
    const frame = now();
    if (halt !== null && frame >= halt) return go(stepAt(halt));
    const at = stepAt(frame);
    if (at !== step) enter(at);
    showPlace(frame);
    requestAnimationFrame(watch);
  };

  const playing = () => {
    find("panel").classList.toggle("playing", !video.paused);
    play.setAttribute("aria-label", video.paused ? "Play" : "Pause");
    play.querySelector("span").textContent = video.paused ? "Play" : "Pause";
    tell(video.paused ? "pause" : "play");
    if (!video.paused) requestAnimationFrame(watch);
  };
  video.addEventListener("play", playing);
  video.addEventListener("pause", playing);
  video.addEventListener("ended", () => showPlace(last));
  video.addEventListener("error", () => said.replaceChildren(element("p", "This browser cannot play H.264 films.")));
  video.addEventListener("click", toggle);
  begin.addEventListener("click", () => { start(); play.focus(); });
  play.addEventListener("click", toggle);
  find("previous").addEventListener("click", () => go(step - 1));
  find("next").addEventListener("click", () => go(step + 1));
  find("again").addEventListener("click", again);
  find("speed").addEventListener("change", (event) => { video.playbackRate = Number(event.target.value); });
  place.addEventListener("input", () => {
    const frame = Number(place.value);
    halt = null;
    seek(frame);
    if (stepAt(frame) !== step) enter(stepAt(frame));
    showPlace(frame);
  });

  // No letters: they would be taken from who dictates or has keys of their own.
  const keys = {
    ArrowLeft: () => go(step - 1), ArrowRight: () => go(step + 1), ArrowDown: () => go(step - 1),
    ArrowUp: () => go(step + 1), Home: () => go(0), End: () => go(steps.length - 1), " ": toggle,
  };
  addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (!(key in keys) || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (target.closest("select, #tables")) return;
    if (key === " " && target.closest("button, summary")) return; // it presses them
    if (target !== place && /ArrowUp|ArrowDown|Home|End/.test(key)) return; // they move the page
    event.preventDefault();
    keys[key]();
  });

  const asked = () => {
    const number = /(?:^|[#&])step=(\d{1,6})/.exec(location.hash) || /[?&]step=(\d{1,6})/.exec(location.search);
    return number ? Number(number[1]) - 1 : null;
  };
  addEventListener("hashchange", () => { if (asked() !== null) go(asked()); });
  addEventListener("message", ({ data, source: from }) => {
    if (from !== parent || !data || typeof data !== "object") return;
    const orders = { play: start, pause: () => video.pause(), next: () => go(step + 1), previous: () => go(step - 1),
      again, step: () => Number.isInteger(data.step) && go(data.step - 1) };
    if (Object.hasOwn(orders, data.layeranim)) orders[data.layeranim]();
  });

  const theme = new URLSearchParams(location.search).get("theme");
  if (["light", "dark", "page"].includes(theme)) document.documentElement.dataset.theme = theme;
  place.max = last;
  steps.forEach((one) => {
    const tick = element("i");
    tick.style.left = `${(100 * one.end) / Math.max(1, last)}%`;
    ticks.append(tick);
  });
  find("panel").hidden = false;
  if (asked() !== null) {
    go(asked());
  } else {
    begin.hidden = false;
    find("previous").setAttribute("aria-disabled", true);
    said.replaceChildren(element("p", `${steps.length} steps, ${Math.round(frames / fps)} seconds`),
      element("p", video.getAttribute("aria-label")));
    seek(film.poster);
    showPlace(film.poster);
  }
  tell("ready");
  new ResizeObserver(() => tell("size")).observe(document.documentElement); // laid out, turned, numbers opened
})();

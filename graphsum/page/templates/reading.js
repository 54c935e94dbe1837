"use strict";
(() => {
  const settings = JSON.parse(document.getElementById("settings").textContent);
  const reports = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const SVG = "http://www.w3.org/2000/svg";
  const DRAWN = new Set(["svg", "title", "defs", "marker", "path", "rect", "text"]);
  const STORE = `graphsum-corrections-${settings.id}`;
  const beside = window.matchMedia("(min-width: 48rem)"); // as in the style sheet
  const CHUNK = 100; // rows of the list that are made at a time

  let current = -1; // the report shown, or -1
  let chosen = []; // the reports that the filter leaves
  let listed = 0; // how many of them have a row in the list
  let pinned = false; // whether what is lit stays lit
  let lights = []; // [element, links] of the report shown
  let drawn = 0; // counts what is drawn, so that a late drawing is dropped

  // --- Elements: text only, never markup -----------------------------------------------------

  function make(name, attributes = {}, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  }

  function signed(key, text) {
    const [colour, sign, words] = settings.marks[key];
    const mark = make("span", { class: `mark ${colour}` });
    mark.append(make("span", { "aria-hidden": "true" }, sign), ` ${text || words}`);
    return mark;
  }

  const textOf = (parts) => parts.map(([, pieces]) => pieces.map(([text]) => text).join("")).join("");
  const impressionOf = (report) => textOf(report.impression);
  const spaced = (name) => name.replaceAll("_", " ");

  // --- Corrections ---------------------------------------------------------------------------

  const corrections = new Map();
  let stored = true;
  try {
    const saved = JSON.parse(localStorage.getItem(STORE) || "[]");
    for (const [row, text] of saved) if (reports[row]) corrections.set(row, String(text));
    localStorage.setItem(STORE, JSON.stringify(saved)); // whether it can be written, too
    if (!saved.length) localStorage.removeItem(STORE);
  } catch {
    stored = false;
  }
  let exported = true; // whether all corrections of this visit are downloaded

  function keep() {
    if (stored) {
      try {
        if (corrections.size) localStorage.setItem(STORE, JSON.stringify([...corrections]));
        else localStorage.removeItem(STORE);
      } catch {
        stored = false;
      }
    }
    showCorrections();
  }

  function showCorrections() {
    byId("corrected").textContent = corrections.size;
    byId("export").disabled = !corrections.size;
    byId("forget").disabled = !corrections.size;
    byId("kept").textContent = stored
      ? "Corrections are kept in this browser, on this computer, until you forget them. Download them to keep them elsewhere."
      : "This browser keeps nothing: download your corrections before you close the page.";
  }

  function correct(text) {
    if (text.trim()) corrections.set(current, text);
    else corrections.delete(current);
    exported = false;
    keep();
    const row = byId("reports").querySelector(`[data-row="${current}"]`);
    if (row) row.replaceChildren(...rowContent(current));
  }

  function download() {
    const rows = [...corrections].sort(([a], [b]) => a - b);
    const lines = rows.map(([row, correction]) =>
      JSON.stringify({
        uid: reports[row].uid,
        findings: textOf(reports[row].findings),
        impression: impressionOf(reports[row]),
        correction,
      }),
    );
    const blob = new Blob(lines.map((line) => `${line}\n`), { type: "application/jsonl" });
    const link = make("a", { download: "corrections.jsonl" });
    link.href = URL.createObjectURL(blob);
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    exported = true;
  }

  // --- The list ------------------------------------------------------------------------------

  function rowContent(row) {
    const report = reports[row];
    const content = [make("span", { class: "uid" }, report.uid)];
    if (report.review) content.push(make("span", { class: "mark care" }, "⚑ review"));
    if (corrections.has(row)) content.push(make("span", { class: "mark fair" }, "✎ corrected"));
    const start = impressionOf(report) || `No impression: ${report.reason}`;
    content.push(make("span", { class: "start" }, start.slice(0, 120)));
    return content;
  }

  function listMore(upTo) {
    const rows = chosen.slice(listed, upTo).map((row) => {
      const button = make("button", { type: "button", "data-row": row, tabindex: "-1" });
      button.append(...rowContent(row));
      return make("li", {}, button);
    });
    byId("reports").append(...rows);
    listed += rows.length;
  }

  const texts = []; // of each report, for the filter: lower case
  function searched(row) {
    const report = reports[row];
    texts[row] ??= [
      report.uid, textOf(report.findings), impressionOf(report), ...report.columns.map(([, v]) => v),
    ].join("\n").toLowerCase();
    return texts[row];
  }

  function filter() {
    const words = byId("text").value.toLowerCase().split(/\s+/).filter(Boolean);
    const flag = byId("flag").value;
    const review = byId("review").value;
    chosen = [];
    reports.forEach((report, row) => {
      const asked =
        !review ||
        (review === "asked" && report.review) ||
        (review === "not" && !report.review) ||
        (review === "corrected" && corrections.has(row));
      if (!asked || (flag && !report.flags.includes(flag))) return;
      if (words.length && !words.every((word) => searched(row).includes(word))) return;
      chosen.push(row);
    });
    byId("reports").replaceChildren();
    listed = 0;
    listMore(CHUNK);
    byId("reports").scrollTop = 0;
    byId("count").textContent =
      chosen.length === reports.length
        ? `${reports.length} reports`
        : `${chosen.length} of ${reports.length} reports`;
    if (chosen.length && !chosen.includes(current)) show(chosen[0]);
    else point();
  }

  function point() {
    const list = byId("reports");
    const position = chosen.indexOf(current);
    if (position >= listed) listMore(position + CHUNK);
    for (const old of list.querySelectorAll("[aria-current], [tabindex='0']")) {
      old.removeAttribute("aria-current");
      old.tabIndex = -1;
    }
    const button = position < 0 ? list.querySelector("button") : list.children[position].firstChild;
    if (button) {
      button.tabIndex = 0;
      if (position >= 0) button.setAttribute("aria-current", "true");
      button.scrollIntoView({ block: "nearest" });
    }
    byId("previous").disabled = position <= 0;
    byId("next").disabled = position < 0 || position + 1 >= chosen.length;
    byId("position").textContent =
      position < 0
        ? "No report is left by the filter."
        : `Report ${position + 1} of ${chosen.length}`;
    return button;
  }

  function step(by) {
    const position = chosen.indexOf(current) + by;
    if (position >= 0 && position < chosen.length) show(chosen[position]);
  }

  // --- One report ----------------------------------------------------------------------------

  function show(row) {
    current = row;
    const report = reports[row];
    const inside = byId("report").contains(document.activeElement);
    lights = [];
    pinned = false;
    byId("uid").textContent = report.uid;
    byId("verdict").replaceChildren(...verdictOf(report));
    byId("columns").replaceChildren(
      ...report.columns.filter(([, value]) => value).map(([name, value]) =>
        make("div", {}, make("dt", {}, name), make("dd", {}, value))),
    );
    byId("findings").replaceChildren(...findingsOf(report));
    byId("impression").replaceChildren(...impressionItems(report));
    byId("flags").replaceChildren(...flagsOf(report));
    byId("left-out").replaceChildren(...leftOutOf(report));
    byId("correction").value = corrections.get(row) || "";
    byId("drawings").hidden = !report.entities;
    for (const part of document.querySelectorAll("details[data-drawing]")) draw(part);
    showCorrections();
    byId("report").scrollTop = 0;
    byId("source").scrollTop = 0;
    if (inside) byId("uid").focus({ preventScroll: true }); // what had the focus may be gone
    point();
    try {
      history.replaceState(null, "", `#${row + 1}`);
    } catch {
      // some browsers refuse it for files; the page works without
    }
  }

  function verdictOf(report) {
    const review = report.review
      ? make("span", { class: "mark care" }, "⚑ asks for a review")
      : make("span", { class: "mark plain" }, "– no special review asked for");
    const shares = [];
    if (report.agreement !== null) shares.push(`samples agree ${report.agreement.toFixed(2)}`);
    if (report.unknown) shares.push(`unknown words ${Math.round(100 * report.unknown)} %`);
    const rest = shares.map((text) => make("span", { class: "quiet" }, text));
    if (report.confidence === null) return [review, ...rest];
    const meter = make("span", { class: "meter", "aria-hidden": "true" }, make("span"));
    meter.firstChild.style.width = `${100 * report.confidence}%`;
    const value = report.confidence.toFixed(2);
    return [review, make("span", { class: "confidence" }, meter, `confidence ${value}`), ...rest];
  }

  function linked(name, text, links, attributes = {}) {
    const element = make(name, { "aria-pressed": "false", ...attributes }, text);
    if (name !== "button") {
      element.setAttribute("role", "button");
      element.setAttribute("tabindex", "0");
    }
    lights.push([element, links]);
    element.addEventListener("mouseenter", () => pinned || light(links));
    element.addEventListener("mouseleave", () => pinned || light([]));
    element.addEventListener("focus", () => pinned || light(links, element));
    element.addEventListener("blur", () => pinned || light([]));
    element.addEventListener("click", () => pin(element, links));
    element.addEventListener("keydown", (event) => {
      if (name !== "button" && (event.key === "Enter" || event.key === " ")) {
        event.preventDefault();
        pin(element, links);
      }
    });
    return element;
  }

  function pin(element, links) {
    const same = element.getAttribute("aria-pressed") === "true";
    pinned = !same;
    light(links, element);
    for (const [one] of lights) one.setAttribute("aria-pressed", "false");
    element.setAttribute("aria-pressed", String(!same));
  }

  // Lights all that shares a link; `from` is where the reader is, whose other side is brought into view.
  function light(links, from) {
    let target = null;
    for (const [element, own] of lights) {
      const lit = own.some((link) => links.includes(link));
      element.classList.toggle("lit", lit);
      const other = from && from.closest("section") !== element.closest("section");
      if (lit && other) target ??= element;
    }
    for (const sentence of byId("findings").querySelectorAll(".sentence")) {
      sentence.classList.toggle("near", Boolean(sentence.querySelector(".lit")));
    }
    // Side by side both are in sight; one below the other only who asks for it is taken there.
    if (target && (beside.matches || pinned)) target.scrollIntoView({ block: "nearest" });
  }

  function findingsOf(report) {
    const statements = report.statements.length;
    return report.findings.map(([isSentence, pieces]) => {
      const part = make("span", isSentence ? { class: "sentence" } : {});
      for (const [text, links] of pieces) {
        if (!links.length) part.append(text);
        else {
          const told = links.some((link) => link < statements);
          part.append(linked("span", text, links, { class: told ? "evidence" : "evidence untold" }));
        }
      }
      return part;
    });
  }

  function impressionItems(report) {
    const items = [];
    for (const [mark, pieces] of report.impression) {
      if (mark === null) continue;
      const links = [...new Set(pieces.flatMap(([, own]) => own))];
      const text = pieces.map(([piece]) => piece).join("");
      const item = make("li", { class: settings.marks[mark][0] });
      item.append(linked("button", text, links, { type: "button", class: "said" }));
      if (links.length !== 1) item.append(signed(mark));
      const details = make("ul", { class: "statements" });
      for (const link of links) details.append(statementOf(report, link));
      if (links.length) item.append(details);
      items.push(item);
    }
    if (!items.length) {
      items.push(make("li", { class: "plain" }, signed("nothing", `No impression: ${report.reason}.`)));
    }
    return items;
  }

  function statementOf(report, link) {
    const { mark, names, status, differs, source } = report.statements[link];
    const words = settings.marks[mark][2];
    const line = make("li", {}, signed(mark, differs.length ? `${words} in ${differs.join(", ")}` : ""));
    const name = names.join(", ") || "in general";
    line.append(make("span", {}, status === "present" ? ` ${name}` : ` ${name} (${status})`));
    const sentences = report.findings.filter(
      ([isSentence, pieces]) => isSentence && pieces.some(([, links]) => links.includes(link)),
    );
    for (const sentence of sentences) line.append(make("q", {}, textOf([sentence])));
    if (!source && mark === "supported") {
      line.append(make("span", { class: "quiet" }, " (by the findings as a whole)"));
    }
    return line;
  }

  function flagsOf(report) {
    if (!report.flags.length) return [];
    const list = make("dl", {});
    for (const flag of report.flags) {
      list.append(make("div", {}, make("dt", {}, `⚐ ${spaced(flag)}`), make("dd", {}, settings.flags[flag])));
    }
    return [make("h4", {}, "Flags"), list];
  }

  function leftOutOf(report) {
    if (!report.left_out.length) return [];
    const list = make("ul", {});
    report.left_out.forEach((one, row) => {
      const missed = one.reason === "missed";
      const item = make("li", { class: missed ? "bad" : "plain" });
      item.append(linked("button", one.text, [report.statements.length + row], { type: "button", class: "said" }));
      const tier = one.tier === "none" ? "" : `, ${one.tier}`;
      const mark = make("span", { class: `mark ${missed ? "bad" : "plain"}` });
      mark.append(make("span", { "aria-hidden": "true" }, missed ? "✕" : "–"), ` ${one.reason}`);
      item.append(mark, make("span", { class: "quiet" }, ` ${one.names.join(", ") || "without a name"}${tier}`));
      list.append(item);
    });
    return [make("h4", {}, "Left out of the impression"), list];
  }

  // --- Drawings ------------------------------------------------------------------------------

  async function draw(part) {
    const place = part.querySelector(".drawing");
    place.replaceChildren();
    const drawing = current >= 0 && reports[current][part.dataset.drawing];
    if (!part.open || !drawing) return;
    const mine = (drawn += 1);
    part.dataset.mine = mine;
    if (typeof DecompressionStream === "undefined") {
      place.append("This browser is too old to draw it.");
      return;
    }
    const bytes = Uint8Array.from(atob(drawing), (character) => character.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    const tree = JSON.parse(await new Response(stream).text());
    if (part.dataset.mine === String(mine)) place.replaceChildren(drawnElement(tree));
  }

  function drawnElement([name, attributes, content]) {
    if (!DRAWN.has(name)) throw new Error("not a part of a drawing");
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) {
      if (!/^(?:on|style|href)/i.test(key)) element.setAttribute(key, value);
    }
    if (typeof content === "string") element.textContent = content;
    else element.append(...content.map(drawnElement));
    return element;
  }

  function legend() {
    for (const [label, colour] of Object.entries(settings.colours)) {
      const swatch = drawnElement(["svg", { width: "14", height: "14", "aria-hidden": "true" }, [
        ["rect", { width: "14", height: "14", rx: "3", fill: colour, stroke: "#555" }, ""],
      ]]);
      byId("legend").append(make("span", {}, swatch, ` ${spaced(label).toLowerCase()}`));
    }
    byId("legend").append(
      make("span", {}, make("b", {}, "bold"), ": key word"),
      make("span", {}, make("s", {}, "struck"), ": negated"),
      make("span", {}, make("span", { class: "dotted" }, "dotted"), ": uncertain"),
    );
  }

  // --- Keys and buttons ----------------------------------------------------------------------

  function nextSentence(by) {
    const sentences = [...byId("impression").querySelectorAll("button"), ...byId("left-out").querySelectorAll("button")];
    if (!sentences.length) return;
    const position = sentences.indexOf(document.activeElement);
    const start = position < 0 && by < 0 ? 0 : position;
    pinned = false;
    for (const [one] of lights) one.setAttribute("aria-pressed", "false");
    sentences[(start + by + sentences.length) % sentences.length].focus();
  }

  function openList(open) {
    byId("list").classList.toggle("open", open);
    byId("show-list").setAttribute("aria-expanded", String(open));
  }

  const KEYS = {
    n: () => step(1),
    j: () => step(1),
    p: () => step(-1),
    k: () => step(-1),
    e: () => nextSentence(1),
    E: () => nextSentence(-1),
    c: () => byId("correction").focus(),
    "/": () => {
      openList(true);
      byId("text").focus();
    },
    "?": () => {
      byId("help").open = !byId("help").open;
      byId("help").scrollIntoView({ block: "nearest" });
    },
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const inField = event.target.matches("input:not([type=checkbox]), textarea, select");
    if (event.key === "Escape") {
      if (inField) byId("uid").focus();
      pinned = false;
      light([]);
      for (const [one] of lights) one.setAttribute("aria-pressed", "false");
    } else if (!inField && byId("keys").checked && Object.hasOwn(KEYS, event.key)) {
      event.preventDefault();
      KEYS[event.key]();
    }
  });

  byId("reports").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    show(Number(button.dataset.row));
    openList(false);
  });
  byId("reports").addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    step(by);
    point()?.focus();
  });
  byId("reports").addEventListener("scroll", () => {
    const list = byId("reports");
    if (list.scrollTop + 2 * list.clientHeight > list.scrollHeight) listMore(listed + CHUNK);
  });
  byId("filter").addEventListener("input", filter);
  byId("filter").addEventListener("submit", (event) => event.preventDefault());
  byId("show-list").addEventListener("click", () => openList(!byId("list").classList.contains("open")));
  byId("previous").addEventListener("click", () => step(-1));
  byId("next").addEventListener("click", () => step(1));
  byId("export").addEventListener("click", download);
  byId("correction").addEventListener("input", (event) => correct(event.target.value));
  byId("start").addEventListener("click", () => {
    byId("correction").value ||= impressionOf(reports[current]);
    correct(byId("correction").value);
    byId("correction").focus();
  });
  byId("forget").addEventListener("click", () => {
    if (!window.confirm(`Forget ${corrections.size} corrections of this page?`)) return;
    corrections.clear();
    exported = true;
    keep();
    filter();
    byId("correction").value = "";
    byId("uid").focus();
  });
  for (const part of document.querySelectorAll("details[data-drawing]")) {
    part.addEventListener("toggle", () => draw(part));
  }
  window.addEventListener("beforeunload", (event) => {
    if (!stored && !exported) event.preventDefault();
  });

  for (const mark of Object.keys(settings.marks)) byId("signs").append(make("li", {}, signed(mark)));
  legend();
  document.body.classList.toggle("alone", reports.length === 1);
  const asked = Number(location.hash.slice(1)) - 1;
  chosen = reports.map((_, row) => row);
  if (reports[asked]) current = asked;
  filter();
  if (current >= 0) show(current);
})();

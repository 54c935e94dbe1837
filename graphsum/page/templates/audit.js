"use strict";
(() => {
  const settings = JSON.parse(document.getElementById("settings").textContent);
  const reports = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const STORE = `graphsum-labels-${settings.id}`;
  const CHUNK = 25; // reports that are shown at a time
  const STATES = [["1", "present"], ["0", "absent"], ["-1", "uncertain"], ["", "blank"]];
  const words = (code) => STATES.find(([key]) => key === (code === null ? "" : String(code)))[1];

  // Row of a report -> its labels as they are now; a report is here once it was looked at.
  const checked = new Map();
  try {
    for (const [row, labels] of JSON.parse(localStorage.getItem(STORE) || "[]")) {
      if (reports[row] && labels.length === settings.classes.length) checked.set(row, labels);
    }
  } catch {
    byId("status").textContent = "What you check is not kept by this browser: download it before you leave.";
  }

  function keep() {
    try {
      localStorage.setItem(STORE, JSON.stringify([...checked]));
    } catch {
      byId("status").textContent = "What you check is not kept by this browser: download it before you leave.";
    }
    byId("checked").textContent = checked.size;
    byId("export").disabled = !checked.size;
  }

  // Text only, never markup.
  function make(name, attributes = {}, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  }

  function choice(row, number, code, box) {
    const select = make("select", { "aria-label": `${settings.classes[number]}, right value` });
    for (const [key, word] of STATES) select.append(make("option", { value: key }, word));
    select.value = code === null ? "" : String(code);
    select.addEventListener("change", () => {
      const labels = checked.get(row) || [...reports[row].first];
      labels[number] = select.value === "" ? null : Number(select.value);
      checked.set(row, labels);
      box.checked = true;
      keep();
    });
    return select;
  }

  function table(row, numbers, box) {
    const report = reports[row];
    const now = checked.get(row) || report.first;
    const head = make("tr", {}, ...["Class", ...settings.names, "Right"].map((text) => make("th", { scope: "col" }, text)));
    const body = make("tbody");
    for (const number of numbers) {
      const name = make("th", { scope: "row", title: settings.definitions[number] }, settings.classes[number]);
      const cells = [report.first[number], report.second[number]].map((code) => make("td", {}, words(code)));
      body.append(make("tr", {}, name, ...cells, make("td", {}, choice(row, number, now[number], box))));
    }
    return make("table", {}, make("thead", {}, head), body);
  }

  function show(row) {
    const report = reports[row];
    const text = make("p", { class: "report-text" });
    for (const [part, classes] of report.parts) {
      const names = classes.map((number) => settings.classes[number]).join(", ");
      text.append(names ? make("mark", { title: names }, part) : part);
    }
    const box = make("input", { type: "checkbox", id: `checked-${row}` });
    box.checked = checked.has(row);
    box.addEventListener("change", () => {
      if (box.checked) checked.set(row, checked.get(row) || [...report.first]);
      else checked.delete(row);
      keep();
    });
    const others = settings.classes.map((_, number) => number).filter((number) => !report.differing.includes(number));
    const item = make("li", { class: "card" }, make("h2", {}, report.uid), text);
    if (report.differing.length) item.append(table(row, report.differing, box));
    if (others.length) {
      const rest = make("details", {}, make("summary", {}, `${others.length} classes on which both agree`));
      rest.addEventListener("toggle", () => rest.childElementCount === 1 && rest.append(table(row, others, box)));
      item.append(rest);
    }
    item.append(make("p", {}, box, " ", make("label", { for: box.id }, "checked: the right column holds")));
    return item;
  }

  let shown = 0;
  function more() {
    const list = byId("reports");
    for (const end = Math.min(shown + CHUNK, reports.length); shown < end; shown += 1) list.append(show(shown));
    byId("more").hidden = shown >= reports.length;
  }

  byId("more").addEventListener("click", more);
  byId("export").addEventListener("click", () => {
    const lines = [...checked].sort(([a], [b]) => a - b).map(([row, labels]) => {
      const pairs = settings.classes.map((name, number) => [name, labels[number]]);
      const corrected = settings.classes.filter((_, number) => labels[number] !== reports[row].first[number]);
      return JSON.stringify({ uid: reports[row].uid, labels: Object.fromEntries(pairs), corrected });
    });
    const address = URL.createObjectURL(new Blob([lines.join("\n") + "\n"], { type: "application/jsonl" }));
    const link = make("a", { href: address, download: "corrections.jsonl" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  });
  keep();
  more();
})();

"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const settings = JSON.parse(byId("settings").textContent);
  const items = JSON.parse(byId("data").textContent);
  const { letters, criteria, tie } = settings;
  const pairs = letters.flatMap((one, row) => letters.slice(row + 1).map((other) => [one, other]));
  const sheet = checksum(`${byId("settings").textContent}\n${byId("data").textContent}`);
  const STORE = `graphsum-study-${settings.study}-${settings.reader}-${sheet}`;

  // --- Answers -------------------------------------------------------------------------------

  // CRC-32, as Python's zlib has it.
  function checksum(text) {
    let rest = -1;
    for (const byte of new TextEncoder().encode(text)) {
      rest ^= byte;
      for (let bit = 0; bit < 8; bit += 1) rest = (rest >>> 1) ^ (rest & 1 ? 0xedb88320 : 0);
    }
    return (~rest >>> 0).toString(16).padStart(8, "0");
  }

  function nothing() {
    const texts = {};
    for (const letter of letters) texts[letter] = { ratings: {}, errors: [] };
    return { texts, preferences: {}, comment: "" };
  }

  let answers = items.map(nothing);
  let current = 0;
  let stored = true;
  let exported = true; // whether all answers of this visit are exported
  try {
    const saved = JSON.parse(localStorage.getItem(STORE) || "null");
    if (saved) {
      answers = saved.answers;
      current = saved.current;
    }
    const probe = `${STORE}-probe`;
    localStorage.setItem(probe, "1"); // whether it can be written, too
    localStorage.removeItem(probe);
  } catch {
    stored = false;
  }

  function keep() {
    if (stored) {
      try {
        localStorage.setItem(STORE, JSON.stringify({ current, answers }));
      } catch {
        stored = false;
      }
    }
    showProgress();
  }

  function changed() {
    exported = false;
    keep();
  }

  // What is still to do for an item, in words.
  function todo({ texts, preferences }) {
    const left = [];
    for (const letter of letters) {
      const open = criteria.filter(({ name }) => !(name in texts[letter].ratings)).length;
      if (open) left.push(`${open} ratings of ${letter}`);
    }
    if (pairs.some(([one, other]) => !(one + other in preferences))) left.push("the preference");
    return left;
  }

  function exportAnswers() {
    const left = answers.filter((one) => todo(one).length).length;
    const ask = `${left} of ${items.length} reports are not finished. Export the answers all the same?`;
    if (left && !window.confirm(ask)) return;
    const { format, version, study, reader } = settings;
    const value = {
      format, version, study, reader, sheet, checksum: checksum(JSON.stringify(answers)), answers,
    };
    const blob = new Blob([`${JSON.stringify(value)}\n`], { type: "application/json" });
    const link = make("a", { download: `answers-${study}-reader-${reader}.json` });
    link.href = URL.createObjectURL(blob);
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    exported = true;
  }

  // --- Elements: text only, never markup -----------------------------------------------------

  function make(name, attributes = {}, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  }

  // Radio buttons; `choose` is called with the value of the one chosen.
  function choices(group, options, chosen, choose) {
    return make("div", { class: "choices" }, ...options.map(([value, text]) => {
      const input = make("input", { type: "radio", name: group, value: String(value) });
      input.checked = value === chosen;
      input.addEventListener("change", () => {
        choose(value);
        changed();
      });
      return make("label", {}, input, ` ${text}`);
    }));
  }

  function ratingOf({ name, question, anchors }, letter, ratings) {
    const ends = `1: ${anchors[0]} · 5: ${anchors[4]}`;
    const meaning = (value) => (value ? `${value}: ${anchors[value - 1]}` : ends);
    const anchor = make("p", { class: "quiet" }, meaning(ratings[name]));
    const options = settings.scale.map((value) => [value, String(value)]);
    const scale = choices(`${letter}-${name}`, options, ratings[name], (value) => {
      ratings[name] = value;
      anchor.textContent = meaning(value);
    });
    return make(
      "fieldset", {},
      make("legend", {}, make("strong", {}, name), ` ${question}`), scale, anchor,
    );
  }

  function errorsOf(letter, own) {
    const kinds = Object.keys(settings.kinds);
    const head = make("tr", {}, make("td"), ...kinds.map((kind) => make("th", { scope: "col" }, kind)));
    const rows = Object.keys(settings.tiers).map((tier) =>
      make("tr", {}, make("th", { scope: "row" }, tier), ...kinds.map((kind) => {
        const error = `${kind} ${tier}`;
        const box = make("input", { type: "checkbox", "aria-label": `${error}, impression ${letter}` });
        box.checked = own.errors.includes(error);
        box.addEventListener("change", () => {
          own.errors = own.errors.filter((one) => one !== error);
          if (box.checked) own.errors.push(error);
          changed();
        });
        return make("td", {}, make("label", { class: "box" }, box));
      })));
    return make(
      "fieldset", {},
      make("legend", {}, make("strong", {}, "errors"), " By how soon somebody must act. Tick none where there are none."),
      make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows)),
    );
  }

  function card(letter, row) {
    const own = answers[current].texts[letter];
    const text = items[current].texts[row];
    return make(
      "section", { class: "card", "aria-label": `Impression ${letter}` },
      make("h3", {}, `Impression ${letter}`),
      make("p", { class: text ? "read" : "read quiet" }, text || "(No impression was written.)"),
      ...criteria.map((criterion) => ratingOf(criterion, letter, own.ratings)),
      errorsOf(letter, own),
    );
  }

  function preferenceOf([one, other]) {
    const { preferences } = answers[current];
    const options = [[one, `${one} is better`], [tie, "no difference"], [other, `${other} is better`]];
    return make(
      "fieldset", {}, make("legend", {}, `${one} or ${other}`),
      choices(`preference-${one}${other}`, options, preferences[one + other], (value) => {
        preferences[one + other] = value;
      }),
    );
  }

  // --- One report ----------------------------------------------------------------------------

  function showProgress() {
    const done = answers.filter((one) => !todo(one).length).length;
    byId("position").textContent = `${done} of ${items.length} reports finished`;
    const left = todo(answers[current]);
    byId("todo").textContent = left.length ? `to do: ${left.join(", ")}` : "✓ finished";
    byId("open").disabled = done === items.length;
    byId("kept").textContent = stored
      ? "Your answers are kept in this browser, on this computer. Export them when all is done."
      : "This browser keeps nothing: export your answers before you close the sheet.";
  }

  function show(row) {
    current = Math.min(Math.max(row, 0), items.length - 1);
    byId("heading").textContent = `Report ${current + 1} of ${items.length}`;
    byId("findings").textContent = items[current].findings;
    byId("texts").replaceChildren(...letters.map(card));
    byId("preferences").replaceChildren(...pairs.map(preferenceOf));
    byId("comment").value = answers[current].comment;
    byId("previous").disabled = current === 0;
    byId("next").disabled = byId("onward").disabled = current === items.length - 1;
    byId("source").scrollTop = 0;
    keep();
  }

  function go(row) {
    show(row);
    window.scrollTo(0, 0);
    byId("heading").focus({ preventScroll: true });
  }

  byId("previous").addEventListener("click", () => go(current - 1));
  byId("next").addEventListener("click", () => go(current + 1));
  byId("onward").addEventListener("click", () => go(current + 1));
  byId("open").addEventListener("click", () => go(answers.findIndex((one) => todo(one).length)));
  byId("export").addEventListener("click", exportAnswers);
  byId("comment").addEventListener("input", (event) => {
    answers[current].comment = event.target.value.toWellFormed?.() ?? event.target.value;
    changed();
  });
  byId("forget").addEventListener("click", () => {
    if (!window.confirm("Forget all answers of this sheet?")) return;
    answers = items.map(nothing);
    exported = true;
    show(0);
    if (stored) localStorage.removeItem(STORE);
  });
  window.addEventListener("beforeunload", (event) => {
    if (!stored && !exported) event.preventDefault();
  });

  byId("help").open = answers.every((one) => !Object.keys(one.texts[letters[0]].ratings).length);
  show(current);
})();
